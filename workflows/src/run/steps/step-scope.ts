// The StepContext of one running step: its variables, what it captured, and its voice.
import type { ImageScripts } from '../../driver/image-scripts.ts'
import type { ProcessGuard } from '../../driver/process/program-group.ts'
import { didYouMean } from '../../plan/did-you-mean.ts'
import type { PlannedBranch, PlannedStep } from '../../plan/plan-types.ts'
import type { RunFaults } from '../../steps/fault/making/fault-port.ts'
import type { StepClock } from '../../steps/step-clock.ts'
import { StepError } from '../../steps/step-error.ts'
import type { BranchRun, CaptureOptions, NodeHandle, StepContext } from '../../steps/step-kind.ts'
import { captureOutputs } from '../../values/capture-outputs.ts'
import type { JsonValue } from '../../values/json/json-value.ts'
import { resolve, resolveToText } from '../../values/placeholders.ts'
import { ValuesError } from '../../values/values-error.ts'
import type { Variables } from '../../values/variables.ts'
import type { WriteLedger } from '../controls/write-ledger.ts'
import type { EmitRunEvent, SourcePlace, StepRef } from '../events.ts'
import type { WriteHistory } from '../history/write-history.ts'
import type { RunNodes } from '../nodes/run-nodes.ts'
import type { Secrets } from '../secrets/secrets.ts'

export interface StepScopeParts {
  readonly nodes: RunNodes
  readonly scripts?: ImageScripts | undefined
  readonly clock: StepClock
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly seed: string | undefined
  readonly drawSeed: () => string
  readonly emit: EmitRunEvent
  readonly ledger: WriteLedger
  readonly history: WriteHistory
  readonly secrets: Secrets
  /** What the step captures, and its reply, is secret. */
  readonly isSecret: boolean
  readonly within: readonly string[]
  readonly runBranch: (
    branch: PlannedBranch,
    run: BranchRun,
    parent: StepRef,
    options: { signal: AbortSignal },
  ) => Promise<void>
}

export class StepScope implements StepContext {
  readonly step: PlannedStep
  readonly variables: Variables
  /** Every variable the step has set. */
  readonly captured: Record<string, JsonValue> = Object.create(null)
  /** What it said last that it is doing. */
  lastProgress: string | undefined
  readonly #parts: StepScopeParts
  readonly #ref: StepRef
  readonly #notedNames = new Set<string>()
  /** Nodes as this step asks them: one of each name, as kinds compare them. */
  readonly #nodes = new Map<string, NodeHandle>()

  constructor(parts: StepScopeParts, step: PlannedStep, ref: StepRef, variables: Variables) {
    this.#parts = parts
    this.step = step
    this.#ref = ref
    this.variables = variables
  }

  get place(): SourcePlace {
    return this.#ref.place
  }

  get clock(): StepClock {
    return this.#parts.clock
  }

  get cwd(): string {
    return this.#parts.cwd
  }

  get seed(): string | undefined {
    return this.#parts.seed
  }

  drawSeed(): string {
    return this.#parts.drawSeed()
  }

  get drawKey(): string {
    return [this.step.path, ...this.#parts.within].join(' ')
  }

  get env(): Readonly<Record<string, string | undefined>> {
    return this.#parts.env
  }

  get expectedError(): string | undefined {
    const raw = this.step.expectedError
    if (raw === undefined) return undefined
    const resolved = resolveToText(raw, this.variables)
    return resolved.trim() === '' ? raw : resolved
  }

  node(given: string): NodeHandle {
    return this.#asked(this.nodeOfRun(given))
  }

  nodes(): readonly NodeHandle[] {
    return this.#parts.nodes.all().map((node) => this.#asked(node))
  }

  /** Asked as whoever is logged in, for what the run itself looks at. */
  nodeOfRun(given: string): NodeHandle {
    const name = this.text(given)
    const node = this.#parts.nodes.get(name)
    if (node) return node
    const known = this.#parts.nodes.all().map((each) => each.name)
    throw new StepError('invalid', `there is no node ${name} in this run; there are ${known.join(', ')}`)
  }

  get guard(): ProcessGuard {
    return this.#parts.nodes.guard
  }

  get scripts(): ImageScripts | undefined {
    return this.#parts.scripts
  }

  get faults(): RunFaults {
    return this.#parts.nodes.faults
  }

  resolve(value: JsonValue): JsonValue {
    return resolve(value, this.variables, { onUnresolved: (name, text) => this.#noteUnresolved(name, text) })
  }

  text(value: JsonValue): string {
    return resolveToText(value, this.variables, { onUnresolved: (name, text) => this.#noteUnresolved(name, text) })
  }

  capture(payload: JsonValue, { loose, ...options }: CaptureOptions = {}): void {
    if (this.step.outputs === undefined) return
    const onMissing = (error: ValuesError) => this.note('warning', error.message)
    const request = { outputs: this.step.outputs, payload, ...options, ...(loose === true && { onMissing }) }
    this.export(Object.fromEntries(captureOutputs(request)))
  }

  export(variables: Readonly<Record<string, JsonValue>>): void {
    // First of all: whatever fails from here on is shown without them.
    if (this.#parts.isSecret) this.#parts.secrets.addTokens(variables)
    this.variables.setAll(variables)
    Object.assign(this.captured, variables)
  }

  hides(statement: JsonValue): boolean {
    return this.#parts.secrets.isReadBy(statement)
  }

  /** Its reply is none that a report may show. */
  get isSecret(): boolean {
    return this.#parts.isSecret
  }

  /** The node the step is addressed to, where it is addressed to one. */
  get nodeName(): string | undefined {
    const { node } = this.step.input
    return typeof node === 'string' ? resolveToText(node, this.variables) : undefined
  }

  beginWrite(node: string, contextId: string, method: string): (deltaId: string | undefined) => void {
    const { ledger, history, nodes, within } = this.#parts
    const { name, place } = this.#ref
    const beganAt = ledger.now
    const wrote = nodes.faults.beginWrite(contextId)
    return (deltaId) => {
      ledger.add(contextId, { node, deltaId }, beganAt)
      history.add({ contextId, node, deltaId, step: name, within, place, method })
      wrote(deltaId !== undefined)
    }
  }

  async brokeOff(error: Error, { signal }: { signal: AbortSignal }): Promise<void> {
    await this.#parts.nodes.settle(error, signal)
    signal.throwIfAborted()
  }

  progress(message: string): void {
    this.lastProgress = message
    this.#parts.emit({ type: 'step:progress', step: this.#ref, message })
  }

  note(level: 'info' | 'warning', message: string): void {
    this.#parts.emit({ type: 'step:note', step: this.#ref, level, message })
  }

  output(text: string): void {
    this.#parts.emit({ type: 'step:output', step: this.#ref, text })
  }

  runBranch(branch: PlannedBranch, run: BranchRun, options: { signal: AbortSignal }): Promise<void> {
    return this.#parts.runBranch(branch, run, this.#ref, options)
  }

  /** With the token of the step, where it gives one, in whatever is sent to it. */
  #asked(node: NodeHandle): NodeHandle {
    const { token } = this.step
    if (token === undefined) return node
    const known = this.#nodes.get(node.name) ?? node.withToken(this.text(token))
    this.#nodes.set(node.name, known)
    return known
  }

  /** Names of the placeholders that nothing was known for, and that stayed text. */
  get passedOn(): readonly string[] {
    return [...this.#notedNames].filter((name) => !name.includes('{'))
  }

  /** The first placeholder that nothing was known for: the field it stands in, and what may have been meant. */
  unset(error?: unknown): { readonly field?: string; readonly help: string } | undefined {
    const [name] = error instanceof ValuesError && error.unset !== undefined ? [error.unset] : this.#notedNames
    if (name === undefined) return undefined
    const field = Object.keys(this.step.input).find((key) => isReading(this.step.input[key] ?? null, name))
    const known = [...this.variables.entries()].map(([each]) => each)
    const help = `nothing before this step sets {{${name}}}`
    const near = didYouMean(name, known)
    return { ...(field !== undefined && { field }), help: near === undefined ? help : `${help}; ${near}` }
  }

  #noteUnresolved(name: string, text: string): void {
    if (this.#notedNames.has(name)) return
    this.#notedNames.add(name)
    this.note('warning', unresolvedText(name, text))
  }
}

function isReading(value: JsonValue, name: string): boolean {
  if (typeof value === 'string') return value.split('{{').some((part) => part.split('}}')[0]?.trim() === name)
  if (typeof value !== 'object' || value === null) return false
  return Object.values(value).some((each) => isReading(each ?? null, name))
}

function unresolvedText(name: string, text: string): string {
  if (name === text)
    return `in ${JSON.stringify(text)} }} stands before {{: no placeholder is read, the text is passed on as it is`
  const isWhole = text.startsWith('{{') && text.slice(2, -2).trim() === name
  if (isWhole) return `{{${name}}} is not set: the text is passed on as it is`
  return `{{${name}}} in ${JSON.stringify(text)} is not set: the name takes its place, without braces`
}
