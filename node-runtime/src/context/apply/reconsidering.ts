// Looks again at what a removal has made void, and at what waits, page by page: calls come between.
import type { DeltaId } from '../../base/ids.ts'
import type { StoreOp } from '../../store/store.ts'
import type { Rewriting } from '../retention/rewriting.ts'
import type { Intake, Look } from './intake.ts'
import type { Receiver } from './receiver.ts'
import type { Revision } from './revision.ts'

interface ReconsideringParts {
  readonly intake: Intake
  readonly receiver: Receiver
  readonly revision: Revision
  readonly rewriting: Rewriting
  /** Runs a task in the queue of the context. */
  readonly enqueue: <T>(task: () => Promise<T>) => Promise<T>
}

export class Reconsidering {
  readonly #parts: ReconsideringParts

  constructor(parts: ReconsideringParts) {
    this.#parts = parts
  }

  async run(look: Look): Promise<void> {
    const { intake, revision, rewriting, enqueue } = this.#parts
    if (revision.isDue) await enqueue(() => revision.runIfDue())
    await rewriting.run()
    let last: DeltaId | undefined
    while (intake.parkedCount > 0) {
      const behind = last
      last = await enqueue(() => this.#page(behind, look))
      if (last === undefined) break
    }
  }

  async #page(behind: DeltaId | undefined, look: Look): Promise<DeltaId | undefined> {
    const { intake, receiver } = this.#parts
    const ops: StoreOp[] = []
    const page = await intake.takeParked(behind, ops, look)
    await receiver.receive(page, undefined, ops)
    return page.at(-1)?.id
  }
}
