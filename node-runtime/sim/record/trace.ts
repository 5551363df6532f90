// Everything that can be seen of a run, in order, as one hash: two runs are the same when their traces are.
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { StoreOp } from '../../src/store/store.ts'

const FLUSH_CHARACTERS = 1 << 16

export class Trace {
  readonly #hash = createHash('sha256')
  readonly #keep: string[] | undefined
  #text = ''
  #lines = 0
  /** Many things happen at one time, and fractions take long to be written. */
  #atMs = Number.NaN
  #at = ''

  /** `keep` for whoever looks for the first difference of two runs. */
  constructor(keep = false) {
    this.#keep = keep ? [] : undefined
  }

  get length(): number {
    return this.#lines
  }

  get lines(): readonly string[] {
    return this.#keep ?? []
  }

  add(nowMs: number, what: string): void {
    if (nowMs !== this.#atMs) {
      this.#atMs = nowMs
      this.#at = `${nowMs} `
    }
    const line = `${this.#at}${what}\n`
    this.#lines += 1
    this.#keep?.push(line)
    this.#text += line
    if (this.#text.length < FLUSH_CHARACTERS) return
    this.#hash.update(this.#text)
    this.#text = ''
  }

  batch(nowMs: number, name: string, ops: readonly StoreOp[]): void {
    let sum = 0
    for (const op of ops) {
      sum = crc32(op.key, sum)
      if (op.type === 'put') sum = crc32(op.value, sum)
    }
    this.add(nowMs, `${name} writes ${ops.length} ${sum.toString(16)}`)
  }

  /** Ends the trace. */
  digest(): string {
    return this.#hash.update(this.#text).digest('hex')
  }
}
