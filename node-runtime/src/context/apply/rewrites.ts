// Which of the deltas that came here stand for which: what was written again names what it was written for.
import type { DeltaId } from '../../base/ids.ts'
import type { Delta } from '../../wire/delta.ts'

export class Rewrites {
  /** By what they stand for. */
  readonly #standing = new Map<DeltaId, Set<DeltaId>>()

  /** Ready or not. */
  add({ id, rewrites = [] }: Pick<Delta, 'id' | 'rewrites'>): void {
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

  /** What was written for those before `bound` is not asked for any more. */
  forgetBefore(bound: string): void {
    for (const id of this.#standing.keys()) if (id < bound) this.#standing.delete(id)
  }
}
