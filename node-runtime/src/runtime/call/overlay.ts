// What one job writes, over what it found. Dropped as a whole when the job fails.
import { type Bytes, bufferOf, equalBytes } from '../../base/bytes.ts'
import type { StateChange } from '../guest-executor.ts'

export interface KeyReader {
  /** `text` is `keyText(key)`, for callers that have it: making it is a good part of a read's cost. */
  get(key: Bytes, text?: string): Bytes | undefined
}

interface Write {
  readonly key: Bytes
  readonly before: Bytes | undefined
  after: Bytes | null
}

export class Overlay implements KeyReader {
  readonly #base: KeyReader
  readonly #writes = new Map<string, Write>()

  constructor(base: KeyReader) {
    this.#base = base
  }

  get(key: Bytes, text = keyText(key)): Bytes | undefined {
    const write = this.#writes.get(text)
    return write ? (write.after ?? undefined) : this.#base.get(key, text)
  }

  /** Writes, or removes with null. Keeps both arrays; the result is the value before. */
  set(key: Bytes, value: Bytes | null): Bytes | undefined {
    const text = keyText(key)
    const write = this.#writes.get(text)
    if (write) {
      const before = write.after ?? undefined
      write.after = value
      return before
    }
    const before = this.#base.get(key, text)
    this.#writes.set(text, { key, before, after: value })
    return before
  }

  /** In the order of each key's first write. Keys that ended where they began are left out. */
  changes(): StateChange[] {
    const out: StateChange[] = []
    for (const { key, before, after } of this.#writes.values()) {
      const same = after === null ? before === undefined : before !== undefined && equalBytes(before, after)
      if (!same) out.push({ key, value: after })
    }
    return out
  }
}

/** One character a byte: the cheapest faithful map key. */
export function keyText(key: Bytes): string {
  return bufferOf(key).toString('latin1')
}
