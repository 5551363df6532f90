// The heads of a graph whose deltas come in canonical order: a parent is always before its children, so what is held at
// any time is no more than what nobody has named yet.
import type { DeltaId } from '../base/ids.ts'

export class Heads {
  readonly #heads: Set<DeltaId>

  /** `floor`: heads of what is pruned away. */
  constructor(floor: readonly DeltaId[] = []) {
    this.#heads = new Set(floor)
  }

  add({ id, parents }: { readonly id: DeltaId; readonly parents: readonly DeltaId[] }): void {
    for (const parent of parents) this.#heads.delete(parent)
    this.#heads.add(id)
  }

  list(): DeltaId[] {
    return [...this.#heads].sort()
  }
}
