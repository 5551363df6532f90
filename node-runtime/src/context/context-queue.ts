// The queue of one context: everything that changes it, one task at a time, none once the instance is given up.
import { QueueError, SerialQueue } from '../base/serial-queue.ts'
import { ContextError } from './errors.ts'
import type { Ledger } from './ledger.ts'
import { CONTEXT_QUEUE_MAX } from './limits.ts'
import type { ContextParts } from './parts.ts'
import type { Turns } from './turns.ts'

type ContextQueueParts = Pick<ContextParts, 'record'> & { readonly ledger: Ledger; readonly turns: Turns }

export class ContextQueue {
  readonly #parts: ContextQueueParts
  readonly #queue = new SerialQueue(CONTEXT_QUEUE_MAX)

  constructor(parts: ContextQueueParts) {
    this.#parts = parts
  }

  /** Throws CONTEXT_BUSY, CONTEXT_FAILED. */
  run<T>(task: () => Promise<T>): Promise<T> {
    const { ledger, record, turns } = this.#parts
    const run = this.#queue.run(async () => {
      ledger.requireWhole()
      turns.start()
      return task()
    })
    return run.catch((cause) => {
      if (!(cause instanceof QueueError)) throw cause
      // A write that failed has closed it, and the next instance takes what comes.
      ledger.requireWhole()
      throw new ContextError('CONTEXT_BUSY', `context ${record.id}: ${cause.message}`, { cause })
    })
  }

  close(): Promise<void> {
    return this.#queue.close()
  }
}
