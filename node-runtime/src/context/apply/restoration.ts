// What is stored and not applied when a context is read: taken down by the last instance, standing on what a snapshot has
// replaced, or waiting for parents that may have come meanwhile. It enters graph and state as if it came from a peer.
import { idBase58 } from '../../base/ids.ts'
import { ContextError } from '../errors.ts'
import type { Ledger } from '../ledger.ts'
import type { ContextParts } from '../parts.ts'
import type { Receiver } from './receiver.ts'

type RestorationParts = Pick<ContextParts, 'record' | 'restored'> & {
  readonly ledger: Ledger
  readonly receiver: Receiver
  /** Runs a task in the queue of the context. */
  readonly enqueue: <T>(task: () => Promise<T>) => Promise<T>
}

export class Restoration {
  readonly #parts: RestorationParts

  constructor(parts: RestorationParts) {
    this.#parts = parts
  }

  /** Once. Throws CONTEXT_FAILED: this instance has ended, and the next one that is read tries again. */
  async run(): Promise<void> {
    const { record, restored, ledger, receiver, enqueue } = this.#parts
    if (ledger.isRestored) return
    try {
      await enqueue(() => receiver.receive(restored, undefined))
      // In the queue: between tasks all of what has arrived is applied.
      await enqueue(async () => ledger.restored())
    } catch (cause) {
      // Closed meanwhile: nothing has failed.
      if (cause instanceof ContextError && cause.code === 'CONTEXT_BUSY') throw cause
      ledger.break(cause)
      throw new ContextError('CONTEXT_FAILED', `context ${idBase58(record.id)} is not whole yet: ${cause}`, { cause })
    }
  }
}
