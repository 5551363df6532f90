// Asks nodes to synchronise, without being held up by one that waits for a peer it does not reach.
import { ClientError } from '../../client/client-error.ts'
import { SYNC_REQUEST_TIMEOUT_MS, SYNC_TRIGGER_WAIT_MS } from '../limits.ts'
import type { StepClock } from '../step-clock.ts'
import type { NodeHandle } from '../step-kind.ts'

type Options = { readonly signal: AbortSignal }

/** `untilMs`: by the clock of the step, when the time of the wait is over. */
type AskOptions = Options & { readonly untilMs: number }

/** Of one wait: a node that is still at it is not asked again. */
export class SyncTriggers {
  readonly #clock: StepClock
  readonly #running = new Map<string, Promise<void>>()

  constructor(clock: StepClock) {
    this.#clock = clock
  }

  /** Resolves when the node is done, or after a moment: it goes on then. A refusal is passed over: the node may converge by itself. */
  async ask(node: NodeHandle, contextId: string, { signal, untilMs }: AskOptions): Promise<void> {
    const key = `${node.name} ${contextId}`
    const running = this.#running.get(key) ?? syncOnce(node, contextId, { signal })
    this.#running.set(key, running)
    const isDone = running.then(() => {
      this.#running.delete(key)
    })
    const moment = Promise.withResolvers<void>()
    const leftMs = Math.max(0, untilMs - this.#clock.nowMs())
    const cancel = this.#clock.timer(Math.min(SYNC_TRIGGER_WAIT_MS, leftMs), moment.resolve)
    await Promise.race([isDone, moment.promise])
    cancel()
    signal.throwIfAborted()
  }
}

/** Never rejects: who asked may have stopped waiting. */
async function syncOnce(node: NodeHandle, contextId: string, { signal }: Options): Promise<void> {
  const request = { signal, timeoutMs: SYNC_REQUEST_TIMEOUT_MS }
  try {
    await node.client.syncContext(contextId, request).catch((error: unknown) => {
      // Some nodes have the route for all contexts only. Who does not answer this one, does not answer that one either.
      if (error instanceof ClientError && !error.isNetworkFault) return node.client.syncContext(undefined, request)
      throw error
    })
  } catch {
    // It is looked at in any case.
  }
}
