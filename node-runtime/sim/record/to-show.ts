// When each node was to show a delta to its clients: with the batch that applied it first, or with the one after which all of its
// history is judged again. Who died before that never does.
import type { DeltaId } from '../../src/base/ids.ts'

export class ToShow {
  readonly #due = new Map<string, Map<DeltaId, number>>()
  readonly #waiting = new Map<string, Set<DeltaId>>()
  readonly #judging = new Set<string>()

  /** For the first time. */
  applied(name: string, id: DeltaId): void {
    this.#waiting.set(name, (this.#waiting.get(name) ?? new Set()).add(id))
  }

  /** A batch is on the disk. `isJudged`: what it says of the history; undefined: nothing. */
  wrote(name: string, isJudged: boolean | undefined, nowMs: number): void {
    if (isJudged === true) this.#judging.delete(name)
    if (isJudged === false) this.#judging.add(name)
    if (this.#judging.has(name)) return
    const due = this.#due.get(name) ?? new Map<DeltaId, number>()
    this.#due.set(name, due)
    for (const id of this.#waiting.get(name) ?? []) due.set(id, nowMs)
    this.#waiting.delete(name)
  }

  died(name: string, nowMs: number): void {
    this.#waiting.delete(name)
    // No time passes between the batch and the event: who dies now has done so in between, or has shown it.
    for (const [id, atMs] of this.#due.get(name) ?? []) if (atMs === nowMs) this.#due.get(name)?.delete(id)
  }

  by(name: string): ReadonlySet<DeltaId> {
    return new Set(this.#due.get(name)?.keys())
  }
}
