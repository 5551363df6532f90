// Everything that can be seen of a run, in order, as one hash: two runs are the same when their traces are. What is hashed
// says how long after the first line something was, what is shown says when.
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { StoreOp } from '../../src/store/store.ts'

const FLUSH_CHARACTERS = 1 << 16
/** A sum costs as much to begin as it takes over some hundred bytes: rows are summed together. */
const GATHERED_BYTES = 1 << 18
const gathered = Buffer.allocUnsafeSlow(GATHERED_BYTES)

/** True time is known to this part of a millisecond, and a whole number is written in a tenth of the time of a fraction. */
const STEPS_PER_MS = 4096

export class Trace {
  readonly #hash = createHash('sha256')
  readonly #keep: string[] | undefined
  #text = ''
  #lines = 0
  /** Many things happen at one time. */
  #atMs = Number.NaN
  #startMs: number | undefined
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
      this.#startMs ??= nowMs
      this.#at = `${Math.round((nowMs - this.#startMs) * STEPS_PER_MS)} `
      this.#atMs = nowMs
    }
    this.#lines += 1
    this.#keep?.push(`${nowMs} ${what}\n`)
    this.#text += `${this.#at}${what}\n`
    if (this.#text.length < FLUSH_CHARACTERS) return
    this.#hash.update(this.#text)
    this.#text = ''
  }

  batch(nowMs: number, name: string, ops: readonly StoreOp[]): void {
    this.add(nowMs, `${name} writes ${ops.length} ${sumOf(ops).toString(16)}`)
  }

  /** Ends the trace. */
  digest(): string {
    return this.#hash.update(this.#text).digest('hex')
  }
}

/** Of their keys and values, one after the other. */
function sumOf(ops: readonly StoreOp[]): number {
  let sum = 0
  let used = 0
  for (const op of ops) {
    for (const bytes of op.type === 'put' ? [op.key, op.value] : [op.key]) {
      if (used + bytes.byteLength > GATHERED_BYTES) {
        sum = crc32(gathered.subarray(0, used), sum)
        used = 0
      }
      if (bytes.byteLength > GATHERED_BYTES) sum = crc32(bytes, sum)
      else {
        gathered.set(bytes, used)
        used += bytes.byteLength
      }
    }
  }
  return crc32(gathered.subarray(0, used), sum)
}
