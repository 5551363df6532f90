// A stranger that asks each neighbour for what only members may have. What it gets is for the checkers.
import type { ContextId } from '../../src/base/ids.ts'
import type { Network } from '../../src/network/network.ts'
import { END, START } from '../../src/reconcile/item-key.ts'
import { ask } from '../../src/sync/conversation.ts'
import { SyncError } from '../../src/sync/errors.ts'
import type { SyncRequest } from '../../src/wire/sync-messages.ts'

/** Of those that answer neither way nothing is known. */
const PATIENCE_MS = 5000

interface Prying {
  readonly network: Network
  readonly contextId: ContextId
  readonly setTimer: (fn: () => void, ms: number) => () => void
  /** It was given something. */
  readonly onGiven: (request: SyncRequest['t']) => void
}

export async function pry({ network, contextId, setTimer, onGiven }: Prying): Promise<void> {
  const requests: readonly SyncRequest[] = [
    { t: 'base', contextId },
    { t: 'fetch', contextId, wants: [{ t: 'range', from: START, to: END }] },
  ]
  for (const peer of network.peers()) {
    for (const request of requests) {
      const limit = new AbortController()
      const cancel = setTimer(() => limit.abort(new SyncError('SYNC_TIMEOUT', 'nobody answers')), PATIENCE_MS)
      try {
        for await (const { t } of ask({ network, peer, signal: limit.signal, request })) {
          if (t === 'entries' || t === 'items' || t === 'part') onGiven(request.t)
        }
      } catch {
        // Refused, as it should be, or not reached.
      } finally {
        cancel()
      }
    }
  }
}
