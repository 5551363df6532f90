// What was void where a delta was made: its author knew of that, and read a state without it. It may count later.
import type { DeltaId } from '../../src/base/ids.ts'

interface Made {
  readonly deltaId: DeltaId | undefined
}

export class Hidden {
  /** By node: what is void on its disk. */
  readonly #voids = new Map<string, Set<DeltaId>>()
  readonly #from = new Map<DeltaId, ReadonlySet<DeltaId>>()

  /** Its author has put it on its disk. */
  made(name: string, id: DeltaId): void {
    const voids = this.#voids.get(name)
    if (voids && voids.size > 0) this.#from.set(id, new Set(voids))
  }

  /** A row of a delta is there, or is gone. */
  wrote(name: string, id: DeltaId, isVoid: boolean): void {
    const voids = this.#voids.get(name) ?? new Set<DeltaId>()
    this.#voids.set(name, voids)
    if (isVoid) voids.add(id)
    else voids.delete(id)
  }

  /** Whether the delta of `early` was void where that of `late` was made. */
  has(late: Made, early: Made): boolean {
    const [id, hidden] = [late.deltaId, early.deltaId]
    return id !== undefined && hidden !== undefined && (this.#from.get(id)?.has(hidden) ?? false)
  }
}
