// Which of the deltas that came here stand for which: what was written again names what it was written for.
import type { DeltaId } from '../../base/ids.ts'
import type { Delta } from '../../wire/delta.ts'

export class Rewrites {
  /** By what they stand for. */
  readonly #standing = new Map<DeltaId, Set<DeltaId>>()
  /** By what stands for them. */
  readonly #stoodFor = new Map<DeltaId, readonly DeltaId[]>()

  /** Ready or not. */
  add({ id, rewrites = [] }: Pick<Delta, 'id' | 'rewrites'>): void {
    if (rewrites.length === 0) return
    this.#stoodFor.set(id, rewrites)
    for (const each of rewrites) this.#standing.set(each, (this.#standing.get(each) ?? new Set<DeltaId>()).add(id))
  }

  /** Something stands for it, or did. */
  has(id: DeltaId): boolean {
    return this.#standing.has(id)
  }

  /** What stands for it by its own word, or did: perhaps of another author. */
  of(id: DeltaId): Iterable<DeltaId> {
    return this.#standing.get(id) ?? []
  }

  /** What it stands for by its own word. */
  by(id: DeltaId): readonly DeltaId[] {
    return this.#stoodFor.get(id) ?? []
  }

  /** All up to `last` is pruned. What was written for those before `bound` is asked for no more, unless it is still here. */
  forget(last: DeltaId, bound: string): void {
    for (const id of this.#stoodFor.keys()) if (id <= last) this.#stoodFor.delete(id)
    for (const [id, standing] of this.#standing) {
      if (id < bound && ![...standing].some((each) => this.#stoodFor.has(each))) this.#standing.delete(id)
    }
  }
}
