// A CrdtState in memory, for tests and figures.
import { createHash } from 'node:crypto'
import { type Bytes, EMPTY, toHex } from '../base/bytes.ts'
import type { CrdtState } from './crdt-state.ts'

export interface MemoryState extends CrdtState {
  /** Calls of `set` so far. */
  readonly writes: number
  readonly size: number
  /** Every entry as hex, sorted. */
  dump(): string[]
  /** SHA-256 over all entries in the order of their keys. */
  digest(): string
  copy(): MemoryState
}

export function memoryState(entries: Iterable<readonly [string, Bytes]> = []): MemoryState {
  // One character a byte: the cheapest faithful map key.
  const map = new Map(entries)
  let writes = 0
  return {
    get: (key) => map.get(textOf(key)),
    set: (key, value) => {
      writes += 1
      if (value === null) map.delete(textOf(key))
      // A copy: what is kept must not change with the caller's bytes.
      else map.set(textOf(key), new Uint8Array(value))
    },
    get writes() {
      return writes
    },
    get size() {
      return map.size
    },
    dump: () => [...map].map(([key, value]) => `${Buffer.from(key, 'latin1').toString('hex')}=${toHex(value)}`).sort(),
    digest: () => {
      const hash = createHash('sha256')
      for (const key of [...map.keys()].sort()) {
        const value = map.get(key) ?? EMPTY
        hash.update(`${key.length} ${value.byteLength} `).update(key, 'latin1').update(value)
      }
      return hash.digest('hex')
    },
    copy: () => memoryState(map),
  }
}

function textOf(key: Bytes): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')
}
