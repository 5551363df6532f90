// Draws a run on a terminal or as plain lines: a pure consumer of its events. On a terminal the last line shows what is
// going on now; elsewhere (CI, a file) there are only whole lines, and a sign of life in long steps.
import { formatDuration, type JsonValue, type RunEvent, type StepRef, timingLines } from '@calbox/workflows'
import { visibleText } from '@calbox/workflows/visible-text'
import { counted, countedSteps } from './counted.ts'
import { StatusLine, type Terminal } from './status-line.ts'
import { oneLine, stepLine } from './step-text.ts'
import type { Style } from './style.ts'

/** Where there is no live line: after so long without any line there is a sign of life. */
const STILL_RUNNING_MS = 30_000

/** Of a reply shown with -v. */
const PAYLOAD_MAX_CHARS = 2_000

export interface RunConsoleOptions {
  readonly out: Terminal
  readonly style: Style
  /** -1: failures and the end only; 0; 1: nested steps, replies, variables. */
  readonly verbosity: number
  readonly live: boolean
  readonly nowMs: () => number
  /** A value as text, for replies. */
  readonly toText: (value: JsonValue) => string
}

export class RunConsole {
  readonly #options: RunConsoleOptions
  readonly #status: StatusLine
  /** Running steps, the innermost last. */
  readonly #stack: { step: StepRef; startedMs: number; progress: string }[] = []
  #starting = 0
  #ready = 0
  /** What was said last, and how often since: the same thing is said once in a row. */
  #said = { text: '', again: 0 }
  #stillRunning: ReturnType<typeof setInterval> | undefined

  constructor(options: RunConsoleOptions) {
    this.#options = options
    this.#status = new StatusLine(options.out)
  }

  /** A listener for the run's events. */
  readonly listen = (event: RunEvent): void => {
    switch (event.type) {
      case 'run:start':
        this.#start(event)
        return
      case 'note':
        if (event.level === 'warning' || this.#options.verbosity >= 0) this.#note(event.level, event.message)
        return
      case 'phase':
        if (event.phase === 'teardown') this.#live(() => event.message)
        return
      case 'node:starting':
        this.#starting += 1
        this.#showNodes()
        return
      case 'node:ready':
        this.#ready += 1
        this.#nodeReady(event)
        return
      case 'network:meshed':
        this.#line(`${this.#good()} meshed in ${formatDuration(event.tookMs)}`)
        return
      case 'node:exited':
        if (!event.expected) this.#note('warning', `node ${event.node} ended: ${event.cause}`)
        return
      case 'run:seed':
      case 'history':
        return
      case 'run:end':
        this.#endRow()
        this.#status.hide()
        clearInterval(this.#stillRunning)
        return
      default:
        this.#step(event)
    }
  }

  #start(event: Extract<RunEvent, { type: 'run:start' }>): void {
    const { style } = this.#options
    const nodes = counted(event.nodes.length, 'node')
    const steps = countedSteps(event.steps, event.nestedSteps)
    const of = style.faint(`${shown(event.file)}, ${nodes}, ${steps}`)
    this.#line(`${style.strong(shown(event.name))}  ${of}`)
    if (!this.#options.live) this.#stillRunning = setInterval(() => this.#signOfLife(), STILL_RUNNING_MS).unref()
  }

  #nodeReady(event: Extract<RunEvent, { type: 'node:ready' }>): void {
    const how = event.reused ? 'was running already' : `ready in ${formatDuration(event.tookMs)}`
    this.#line(`${this.#good()} ${event.node}  ${this.#options.style.faint(`${shown(event.url)}  ${how}`)}`)
    this.#showNodes()
  }

  #showNodes(): void {
    if (this.#stack.length > 0) return
    this.#live(() => `starting the nodes (${this.#ready} of ${this.#starting})`)
  }

  #step(event: Extract<RunEvent, { step: StepRef }>): void {
    switch (event.type) {
      case 'step:start':
        this.#stack.push({ step: event.step, startedMs: this.#options.nowMs(), progress: '' })
        this.#showCurrent()
        return
      case 'step:progress': {
        const running = this.#stack.find(({ step }) => step.stepId === event.step.stepId)
        if (running) running.progress = event.message
        this.#showCurrent()
        return
      }
      case 'step:note':
        if (event.level === 'warning' || this.#options.verbosity > 0)
          this.#note(event.level, `${event.step.name}: ${event.message}`)
        return
      case 'step:output':
        if (this.#options.verbosity >= 0) this.#line(indented(shown(event.text), '    | ', this.#options.style.faint))
        return
      case 'step:end':
        this.#stepEnd(event)
    }
  }

  #stepEnd(event: Extract<RunEvent, { type: 'step:end' }>): void {
    const at = this.#stack.findIndex(({ step }) => step.stepId === event.step.stepId)
    if (at >= 0) this.#stack.splice(at, 1)
    const { verbosity, style } = this.#options
    const isShown =
      event.outcome === 'failed' ||
      event.warning !== undefined ||
      verbosity > 0 ||
      (verbosity === 0 && event.step.depth === 0)
    if (isShown) {
      const duration = formatDuration(event.durationMs)
      const { step, outcome, summary, warning } = event
      const line = stepLine({ step, outcome, duration, summary, warning }, style)
      this.#write(`${line}\n`)
      for (const timing of timingLines(event.timings ?? [])) this.#line(style.faint(`  ${shown(timing)}`))
    }
    if (verbosity > 0) this.#details(event)
    this.#showCurrent()
  }

  #details(event: Extract<RunEvent, { type: 'step:end' }>): void {
    const { style, toText } = this.#options
    if (event.payload !== undefined) this.#line(indented(shown(cut(toText(event.payload))), '    ', style.faint))
    for (const [name, value] of Object.entries(event.captured ?? {})) {
      this.#line(style.faint(`    ${shown(name)} = ${shown(cut(toText(value)))}`))
    }
  }

  #showCurrent(): void {
    if (this.#stack.length === 0) return
    this.#live(() => this.#currentText())
  }

  #currentText(): string {
    const running = this.#stack.at(-1)
    const outer = this.#stack[0]
    if (!running || !outer) return ''
    const scope = running.step.scope === undefined ? '' : ` › ${running.step.scope}`
    const name = running === outer ? outer.step.name : `${outer.step.name}${scope} › ${running.step.name}`
    const progress = running.progress === '' ? '' : `: ${oneLine(running.progress)}`
    const elapsed = ((this.#options.nowMs() - outer.startedMs) / 1000).toFixed(1)
    return `${outer.step.index}/${outer.step.of} ${elapsed} s  ${oneLine(name)}${progress}`
  }

  #signOfLife(): void {
    if (this.#stack.length > 0 && this.#options.verbosity >= 0) this.#line(`  still running: ${this.#currentText()}`)
  }

  #note(level: 'info' | 'warning', message: string): void {
    const { style } = this.#options
    const said = shown(message)
    const text = level === 'warning' ? style.warn(`! ${said}`) : style.faint(`${style.note} ${said}`)
    if (text === this.#said.text) {
      this.#said.again += 1
      return
    }
    this.#write(`${text}\n`)
    this.#said = { text, again: 0 }
  }

  #endRow(): void {
    const { again } = this.#said
    this.#said = { text: '', again: 0 }
    if (again > 0) this.#status.print(this.#options.style.faint(`  and ${counted(again, 'more time')}\n`))
  }

  #good(): string {
    return this.#options.style.good(this.#options.style.passed)
  }

  /** Left out with -q. */
  #line(text: string): void {
    if (this.#options.verbosity >= 0) this.#write(`${text}\n`)
  }

  #write(text: string): void {
    this.#endRow()
    this.#status.print(text)
    // A step that has only begun says nothing: whatever is said now is the sign.
    this.#stillRunning?.refresh()
  }

  #live(text: () => string): void {
    if (this.#options.live && this.#options.verbosity >= 0) this.#status.show(text)
  }
}

function indented(text: string, indent: string, paint: (text: string) => string): string {
  const lines = text.split('\n')
  return lines.map((line) => paint(`${indent}${line}`)).join('\n')
}

/** What nodes, programs and files say: their control characters are not obeyed. */
function shown(text: string): string {
  return visibleText(text.replaceAll('\r\n', '\n').replaceAll('\t', '  '))
}

function cut(text: string): string {
  return text.length <= PAYLOAD_MAX_CHARS ? text : `${text.slice(0, PAYLOAD_MAX_CHARS)}… (${text.length} characters)`
}
