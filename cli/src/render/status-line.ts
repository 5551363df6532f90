// The live last line of a terminal: a spinner, what is going on, for how long. Printed lines push it down.
import type { TextOutput } from '../commands/command-edge.ts'
import { fit } from './step-text.ts'

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const FRAME_MS = 100

/** Of a terminal that does not say; some that run programs for others say 0. */
const COLUMNS = 80

export interface Terminal extends TextOutput {
  readonly columns?: number | undefined
}

export class StatusLine {
  readonly #out: Terminal
  #text: (() => string) | undefined
  #frame = 0
  #timer: ReturnType<typeof setInterval> | undefined

  constructor(out: Terminal) {
    this.#out = out
  }

  /** The text is asked for anew at each frame: it has a running time in it. */
  show(text: () => string): void {
    this.#text = text
    this.#timer ??= setInterval(() => this.#draw(), FRAME_MS).unref()
    this.#draw()
  }

  hide(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    if (this.#text) this.#out.write('\r\x1b[K')
    this.#text = undefined
  }

  /** Writes whole lines above the status. */
  print(text: string): void {
    if (this.#text) this.#out.write('\r\x1b[K')
    this.#out.write(text)
    if (this.#text) this.#draw()
  }

  #draw(): void {
    if (!this.#text) return
    this.#frame = (this.#frame + 1) % FRAMES.length
    const line = fit(`${FRAMES[this.#frame]} ${this.#text()}`, (this.#out.columns || COLUMNS) - 1)
    this.#out.write(`\r\x1b[K${line}`)
  }
}
