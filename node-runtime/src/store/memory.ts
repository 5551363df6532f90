// The store in memory, for the simulator and tests: same contract, nothing survives the object.
// A snapshot is the live map plus the values that later batches replaced, so taking one costs nothing.
import { Buffer } from 'node:buffer'
import { type Bytes, binaryText, copyOf } from '../base/bytes.ts'
import { StoreError } from './errors.ts'
import { SortedKeys } from './sorted-keys.ts'
import type { Store, StoreOp, StoreRange, StoreSnapshot } from './store.ts'

export function memoryStore(): Store {
  return new MemoryStore()
}

/** Values that were replaced since the view was taken; undefined = the key was absent. */
type Replaced = Map<string, Bytes | undefined>

class MemoryStore implements Store {
  readonly #values = new Map<string, Bytes>()
  readonly #keys = new SortedKeys()
  readonly #views = new Set<Replaced>()
  #closed = false

  get(key: Bytes): Bytes | undefined {
    this.#checkOpen()
    return this.#values.get(binaryText(key))
  }

  entries(range: StoreRange): AsyncIterable<[Bytes, Bytes]> {
    return this.#iterate(range, () => this.#checkOpen())
  }

  async batch(ops: readonly StoreOp[]): Promise<void> {
    this.#checkOpen()
    for (const op of ops) {
      const key = binaryText(op.key)
      const previous = this.#values.get(key)
      for (const view of this.#views) if (!view.has(key)) view.set(key, previous)
      if (op.type === 'put') {
        this.#values.set(key, copyOf(op.value))
        if (previous === undefined) this.#keys.add(key)
      } else if (previous !== undefined) {
        this.#values.delete(key)
        this.#keys.delete(key)
      }
    }
  }

  snapshot(): StoreSnapshot {
    this.#checkOpen()
    const replaced: Replaced = new Map()
    this.#views.add(replaced)
    const check = () => {
      this.#checkOpen()
      if (!this.#views.has(replaced)) throw new StoreError('STORE_CLOSED', 'cannot read: the snapshot is closed')
    }
    return {
      get: (key) => {
        check()
        return this.#valueIn(binaryText(key), replaced)
      },
      entries: (range) => this.#iterate(range, check, replaced),
      close: async () => {
        this.#views.delete(replaced)
      },
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#views.clear()
  }

  /** The matching entries are gathered at the first step, which is what makes the iteration consistent. */
  async *#iterate(range: StoreRange, check: () => void, replaced?: Replaced): AsyncIterable<[Bytes, Bytes]> {
    check()
    for (const entry of this.#gather(range, replaced)) {
      yield entry
      check()
    }
  }

  #gather(range: StoreRange, replaced: Replaced | undefined): [Bytes, Bytes][] {
    const gte = binaryText(range.gte)
    const lt = binaryText(range.lt)
    const limit = range.limit ?? Number.POSITIVE_INFINITY
    const partial = replaced === undefined && range.reverse !== true
    let keys = this.#keys.range(gte, lt, partial ? limit : Number.POSITIVE_INFINITY)
    if (replaced !== undefined && replaced.size > 0) {
      const all = new Set(keys)
      for (const key of replaced.keys()) if (key >= gte && key < lt) all.add(key)
      keys = [...all].sort(byCodeUnit)
    }
    if (range.reverse === true) keys.reverse()
    const out: [Bytes, Bytes][] = []
    for (const key of keys) {
      if (out.length >= limit) break
      const value = this.#valueIn(key, replaced)
      if (value !== undefined) out.push([Buffer.from(key, 'latin1'), value])
    }
    return out
  }

  #valueIn(key: string, replaced: Replaced | undefined): Bytes | undefined {
    return replaced?.has(key) ? replaced.get(key) : this.#values.get(key)
  }

  #checkOpen(): void {
    if (this.#closed) throw new StoreError('STORE_CLOSED', 'cannot use the memory store: it is closed')
  }
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
