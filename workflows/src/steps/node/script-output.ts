// What a script writes, piece by piece as it comes: whole lines for those who watch, and its last part for its variable. No
// piece is looked at again when the next one comes, however long a line is.
import { SCRIPT_LINE_MAX_CHARS, SCRIPT_OUTPUT_MAX_CHARS } from '../limits.ts'

export class ScriptOutput {
  readonly #onLines: (text: string) => void
  /** The newest last, together at least so much as is kept. */
  readonly #pieces: string[] = []
  #chars = 0
  /** Of the line that has not ended. */
  #line: string[] = []
  #lineChars = 0

  /** Gets one or more whole lines, the last one without its end; longer ones than the limit in parts. */
  constructor(onLines: (text: string) => void) {
    this.#onLines = onLines
  }

  take(text: string): void {
    this.#keep(text)
    const end = text.lastIndexOf('\n')
    if (end >= 0) {
      this.#show(text.slice(0, end))
      this.#begin(text.slice(end + 1))
    } else this.#begin(text)
    if (this.#lineChars >= SCRIPT_LINE_MAX_CHARS) this.#show('')
  }

  /** There is nothing more. */
  end(): void {
    if (this.#lineChars > 0) this.#show('')
  }

  text(): string {
    return this.#pieces.join('').slice(-SCRIPT_OUTPUT_MAX_CHARS)
  }

  #keep(text: string): void {
    this.#pieces.push(text)
    this.#chars += text.length
    let dropped = 0
    for (const oldest of this.#pieces) {
      if (this.#chars - oldest.length < SCRIPT_OUTPUT_MAX_CHARS) break
      this.#chars -= oldest.length
      dropped += 1
    }
    // Together: one by one, all others would be moved each time.
    if (dropped > 0) this.#pieces.splice(0, dropped)
  }

  #begin(text: string): void {
    if (text === '') return
    this.#line.push(text)
    this.#lineChars += text.length
  }

  #show(rest: string): void {
    this.#onLines([...this.#line, rest].join(''))
    this.#line = []
    this.#lineChars = 0
  }
}
