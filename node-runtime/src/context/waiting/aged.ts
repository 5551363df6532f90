// What waits for long is in the store only (I4): parked rows that no memory names, and for those that wait for parents
// an index by parent, so that the arrival of one finds them. Rows and index change in the same batch.
import type { DeltaId } from '../../base/ids.ts'
import type { StoreOp } from '../../store/store.ts'
import type { Delta } from '../../wire/delta.ts'
import { AGED_BYTES_MAX, AGED_PAGE } from '../limits.ts'
import type { ContextParts } from '../parts.ts'
import { type ParkedItem, Tally } from './tally.ts'

type AgedParts = Pick<ContextParts, 'rows' | 'parked' | 'retention'>

export class Aged {
  readonly #parts: AgedParts
  /** By what they wait for. */
  readonly tally = new Tally()
  #count: number
  #bytes = 0
  /** Left since the last sweep: the batch that takes their rows away may not be written yet. */
  readonly #gone = new Set<DeltaId>()

  /** What was parked before the start is in the store only. */
  constructor(parts: AgedParts) {
    this.#parts = parts
    this.#count = parts.parked.size
    for (const { size, reason } of parts.parked.values()) {
      this.#bytes += size
      this.tally.add(reason)
    }
  }

  get count(): number {
    return this.#count
  }

  /** For an id that no memory names. */
  has(id: DeltaId): boolean {
    return this.#count > 0 && !this.#gone.has(id) && this.#parts.rows.holds('parked', id)
  }

  /** The batch of `ops` takes its row away. */
  leave(id: DeltaId): void {
    if (!this.has(id)) return
    this.#bytes = Math.max(0, this.#bytes - (this.#parts.rows.delta(id)?.sealed.byteLength ?? 0))
    const reason = this.#parts.rows.parkedRow(id)?.reason
    if (reason) this.tally.add(reason, -1)
    this.#count -= 1
    this.#gone.add(id)
  }

  /** It has left memory, and its row is in the store. */
  enter(items: readonly ParkedItem[]): void {
    this.#count += items.length
    for (const { size, reason } of items) {
      this.#bytes += size
      this.tally.add(reason)
    }
  }

  /** Nothing is under way: what left has left the store, too. */
  settle(): void {
    this.#gone.clear()
  }

  /**
   * Deltas that wait for one of `settled`, and for these again, as far as a page goes; the batch of `ops` takes them out
   * of the store. `settled` keeps what there is more to look for.
   */
  async takeChildren(settled: DeltaId[], ops: StoreOp[]): Promise<Delta[]> {
    const { rows } = this.#parts
    const page = new Map<DeltaId, Delta>()
    if (this.#count === 0) settled.length = 0
    for (let parent = settled.pop(); parent !== undefined; parent = settled.pop()) {
      for await (const child of rows.awaiting(parent)) {
        if (page.size >= AGED_PAGE) {
          settled.push(parent)
          return [...page.values()]
        }
        ops.push(rows.dropAwaited(parent, child))
        const delta = page.has(child) || !this.has(child) ? undefined : rows.delta(child)
        if (delta === undefined) continue
        ops.push(rows.unpark(child))
        page.set(child, delta)
        settled.push(child)
      }
    }
    return [...page.values()]
  }

  /** The oldest of what was never in the graph, where there are too many. Looks at every row, so once a sweep. */
  async tooMany(): Promise<Delta[]> {
    const { agedMax } = this.#parts.retention
    if (this.#count <= agedMax && this.#bytes <= AGED_BYTES_MAX) return []
    const all: { readonly id: DeltaId; readonly sinceMs: number; readonly size: number }[] = []
    for await (const { delta, sinceMs } of this.#parts.rows.parkedRows()) {
      if (this.has(delta.id) && !this.#parts.rows.wasReady(delta.id))
        all.push({ id: delta.id, sinceMs, size: delta.sealed.byteLength })
    }
    all.sort((a, b) => a.sinceMs - b.sinceMs)
    let [count, bytes] = [all.length, all.reduce((sum, { size }) => sum + size, 0)]
    const gone: Delta[] = []
    for (const { id, size } of all) {
      if (count <= agedMax && bytes <= AGED_BYTES_MAX) break
      const delta = this.#parts.rows.delta(id)
      if (delta) gone.push(delta)
      count -= 1
      bytes -= size
    }
    return gone
  }
}
