// Which deltas lie in the past of pinned heads. Each list of heads is walked once, however many there are and whatever is asked
// in between: a delta has a mark for each of them. Heads that come later add what they bring.
import type { DeltaId } from '../../base/ids.ts'
import type { Dag } from '../../dag/dag.ts'
import { PAST_LISTS_MAX } from '../limits.ts'

export class Pasts {
  readonly #dag: Pick<Dag, 'get' | 'isReady'>
  /** A list of heads is the same object as long as it is the same. */
  readonly #bits = new Map<readonly DeltaId[], bigint>()
  readonly #marks = new Map<DeltaId, bigint>()
  /** Heads that are not ready yet, with the lists that they are in. */
  readonly #awaited = new Map<DeltaId, bigint>()

  constructor(dag: Pick<Dag, 'get' | 'isReady'>) {
    this.#dag = dag
  }

  /** Whether a delta is one of `heads`, or in the past of those of them that are here. */
  has(heads: readonly DeltaId[], id: DeltaId): boolean {
    const bit = this.#bits.get(heads) ?? this.#marked(heads)
    return ((this.#marks.get(id) ?? 0n) & bit) !== 0n
  }

  /** These have become ready. */
  grow(ids: readonly DeltaId[]): void {
    for (const id of ids) {
      const bits = this.#awaited.get(id)
      if (bits === undefined) continue
      this.#awaited.delete(id)
      this.#spread([id], bits)
    }
  }

  forget(): void {
    this.#bits.clear()
    this.#marks.clear()
    this.#awaited.clear()
  }

  #marked(heads: readonly DeltaId[]): bigint {
    if (this.#bits.size >= PAST_LISTS_MAX) this.forget()
    const bit = 1n << BigInt(this.#bits.size)
    this.#bits.set(heads, bit)
    const here = heads.filter((id) => this.#dag.isReady(id))
    for (const id of heads) if (!this.#dag.isReady(id)) this.#awaited.set(id, (this.#awaited.get(id) ?? 0n) | bit)
    this.#spread(here, bit)
    return bit
  }

  #spread(heads: readonly DeltaId[], bits: bigint): void {
    const work = [...heads]
    for (let id = work.pop(); id !== undefined; id = work.pop()) {
      const had = this.#marks.get(id) ?? 0n
      if ((bits & ~had) === 0n) continue
      this.#marks.set(id, had | bits)
      work.push(...(this.#dag.get(id)?.parents ?? []))
    }
  }
}
