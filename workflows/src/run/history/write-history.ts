// What the nodes of a run have acknowledged: what the check at its end holds them to.
import type { Position } from '../../plan/problem.ts'
import { HISTORY_WRITES_MAX } from '../limits.ts'

/** The step of the workflow that made a write. */
export interface MadeBy {
  /** Its name. */
  readonly step: string
  /** The iterations, groups and entries that it ran in, outermost first. */
  readonly within: readonly string[]
  readonly place: Position & { readonly file: string }
  /** Of the application. */
  readonly method: string
}

export interface AcknowledgedWrite extends MadeBy {
  readonly contextId: string
  /** Whose reply acknowledged it. */
  readonly node: string
  readonly deltaId: string
}

export class WriteHistory {
  #writes: AcknowledgedWrite[] = []
  readonly #contexts = new Set<string>()
  /** Every so many is kept. */
  #stride = 1
  #count = 0
  readonly #countOf = new Map<string, number>()
  readonly #forgotten = new Map<string, number>()
  #hasGivenUp = false

  /** `deltaId` undefined: the node did not say which, or that there is one. */
  add({ deltaId, ...write }: Omit<AcknowledgedWrite, 'deltaId'> & { readonly deltaId: string | undefined }): void {
    const { contextId, node } = write
    this.#contexts.add(contextId)
    if (deltaId === undefined) return
    this.#count += 1
    this.#countOf.set(node, (this.#countOf.get(node) ?? 0) + 1)
    if (this.#count % this.#stride !== 0) return
    this.#writes.push({ ...write, deltaId })
    if (this.#writes.length < HISTORY_WRITES_MAX) return
    this.#writes = this.#writes.filter((_, at) => at % 2 === 1)
    this.#stride *= 2
  }

  /** It has given up what it held. */
  forget(node: string): void {
    this.#hasGivenUp = true
    this.#writes = this.#writes.filter((write) => write.node !== node)
    const count = this.#countOf.get(node) ?? 0
    this.#countOf.delete(node)
    if (count > 0) this.#forgotten.set(node, (this.#forgotten.get(node) ?? 0) + count)
  }

  /** A step made some node give up something: others may have lost it with it, as all do what one of them has deleted. */
  get hasGivenUp(): boolean {
    return this.#hasGivenUp
  }

  /** Node → how many it had acknowledged, kept or not, before it gave up what it held. */
  get forgotten(): ReadonlyMap<string, number> {
    return this.#forgotten
  }

  /** Of the acknowledged ones; those kept are spread over all of them. */
  get count(): number {
    return this.#count
  }

  get kept(): readonly AcknowledgedWrite[] {
    return this.#writes
  }

  /** In which something may have been written, by the ids of the file. */
  get contexts(): readonly string[] {
    return [...this.#contexts]
  }
}
