// Who knew of whom, among the deltas of a run.
import type { DeltaId } from '../../src/base/ids.ts'
import type { Delta } from '../../src/wire/delta.ts'

export class Causality {
  readonly #index = new Map<DeltaId, number>()
  /** One bit a delta: itself and all its ancestors. */
  readonly #closures: Uint32Array[] = []

  /** `deltas`: ancestors first. */
  constructor(deltas: readonly Pick<Delta, 'id' | 'parents'>[]) {
    const words = Math.ceil(deltas.length / 32)
    deltas.forEach(({ id, parents }, index) => {
      const closure = new Uint32Array(words)
      for (const parent of parents) {
        const bits = this.#closures[this.#index.get(parent) ?? -1]
        if (bits) for (let word = 0; word < words; word += 1) closure[word] = (closure[word] ?? 0) | (bits[word] ?? 0)
      }
      closure[index >>> 5] = (closure[index >>> 5] ?? 0) | (1 << (index & 31))
      this.#index.set(id, index)
      this.#closures.push(closure)
    })
  }

  has(id: DeltaId): boolean {
    return this.#index.has(id)
  }

  /** Whether `late` is `early` or was made knowing it. */
  includes(late: DeltaId, early: DeltaId): boolean {
    const at = this.#index.get(early)
    const closure = this.#closures[this.#index.get(late) ?? -1]
    if (at === undefined || closure === undefined) return false
    return ((closure[at >>> 5] ?? 0) & (1 << (at & 31))) !== 0
  }
}
