// A CrdtState in memory, for tests and figures.
import { type Bytes, fromHex, toHex } from '../base/bytes.ts'
import type { CrdtState } from './crdt-state.ts'

export interface MemoryState extends CrdtState {
  /** Calls of `set` so far. */
  readonly writes: number
  /** Every entry as hex, sorted. */
  dump(): string[]
  copy(): MemoryState
}

export function memoryState(entries: Iterable<readonly [string, Bytes]> = []): MemoryState {
  const map = new Map(entries)
  let writes = 0
  return {
    get: (key) => map.get(toHex(key)),
    set: (key, value) => {
      writes += 1
      if (value === null) map.delete(toHex(key))
      else map.set(toHex(key), fromHex(toHex(value)))
    },
    get writes() {
      return writes
    },
    dump: () => [...map].map(([key, value]) => `${key}=${toHex(value)}`).sort(),
    copy: () => memoryState(map),
  }
}
