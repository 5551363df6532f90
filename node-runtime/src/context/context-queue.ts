// The queue of one context: everything that changes it, one task at a time, none once the instance is given up.
import { idBase58 } from '../base/ids.ts'
import { QueueError, SerialQueue } from '../base/serial-queue.ts'
import { ContextError } from './errors.ts'
import type { Ledger } from './ledger.ts'
import { CONTEXT_QUEUE_MAX } from './limits.ts'
import { damageIn } from './mending/damage.ts'
import type { ContextParts } from './parts.ts'
import type { Turns } from './turns.ts'

type ContextQueueParts = Pick<ContextParts, 'record' | 'isDamaged'> & { readonly ledger: Ledger; readonly turns: Turns }

export class ContextQueue {
  readonly #parts: ContextQueueParts
  readonly #queue = new SerialQueue(CONTEXT_QUEUE_MAX)

  constructor(parts: ContextQueueParts) {
    this.#parts = parts
  }

  /** Throws CONTEXT_BUSY, CONTEXT_FAILED, CONTEXT_UNINITIALIZED while its state is damaged and a member is asked for it. */
  run<T>(task: () => Promise<T>): Promise<T> {
    return this.#parts.isDamaged ? Promise.reject(this.#damaged()) : this.runDamaged(task)
  }

  /** Also while the state is damaged: the task needs none. */
  runDamaged<T>(task: () => Promise<T>): Promise<T> {
    const { ledger, record, turns } = this.#parts
    const run = this.#queue.run(async () => {
      ledger.requireWhole()
      turns.start()
      return this.whole(task)
    })
    return run.catch((cause) => {
      if (!(cause instanceof QueueError)) throw cause
      // A write that failed has closed it, and the next instance takes what comes.
      ledger.requireWhole()
      throw new ContextError('CONTEXT_BUSY', `context ${idBase58(record.id)}: ${cause.message}`, { cause })
    })
  }

  /** For a part of a task that tells somebody of its failures. Where it meets damage, this instance has ended: throws CONTEXT_FAILED. */
  async whole<T>(work: () => Promise<T>): Promise<T> {
    const { ledger } = this.#parts
    try {
      return await work()
    } catch (error) {
      if (damageIn(error) === undefined) throw error
      ledger.break(error)
      ledger.requireWhole()
      throw error
    }
  }

  #damaged(): ContextError {
    const { id } = this.#parts.record
    const message = `the state of context ${idBase58(id)} is damaged on this disk, and has not come from a member yet; retry`
    return new ContextError('CONTEXT_UNINITIALIZED', message, { data: { contextId: id } })
  }

  close(): Promise<void> {
    return this.#queue.close()
  }
}
