// Somebody who is no member, or no more, asks for what only members may have. What it gets is for the checkers.
import type { SigningKey } from '../../src/base/keys.ts'
import type { Network, PeerId } from '../../src/network/network.ts'
import { END, START } from '../../src/reconcile/item-key.ts'
import { ask } from '../../src/sync/conversation.ts'
import { SyncError } from '../../src/sync/errors.ts'
import type { SharedContext } from '../../src/testing/test-nodes.ts'
import { signInvitation } from '../../src/wire/invitation.ts'
import { SALT_BYTES } from '../../src/wire/limits.ts'
import type { SyncRequest } from '../../src/wire/sync-messages.ts'

/** Of those that answer neither way nothing is known. */
const PATIENCE_MS = 5000
/** Later than any clock here. */
const NEVER_SEC = 2n ** 40n

interface Prying {
  readonly network: Network
  readonly peers: readonly PeerId[]
  readonly shared: SharedContext
  readonly identity: SigningKey
  readonly setTimer: (fn: () => void, ms: number) => () => void
  /** It was given something. */
  readonly onGiven: (request: SyncRequest['t']) => void
}

export async function pry({ network, peers, shared, identity, setTimer, onGiven }: Prying): Promise<void> {
  const requests = requestsOf(shared, identity)
  for (const peer of peers) {
    for (const request of requests) {
      const limit = new AbortController()
      const cancel = setTimer(() => limit.abort(new SyncError('SYNC_TIMEOUT', 'nobody answers')), PATIENCE_MS)
      try {
        for await (const { t } of ask({ network, peer, signal: limit.signal, request })) {
          if (t !== 'end') onGiven(request.t)
        }
      } catch {
        // Refused, as it should be, or not reached.
      } finally {
        cancel()
      }
    }
  }
}

function requestsOf({ contextId, namespaceId, groupId }: SharedContext, identity: SigningKey): SyncRequest[] {
  // Nobody has invited it: it does so itself.
  const facts = {
    namespaceId,
    groupId,
    expiresAtSec: NEVER_SEC,
    salt: new Uint8Array(SALT_BYTES),
    role: 'Admin',
  } as const
  const invitation = signInvitation(facts, identity)
  return [
    { t: 'base', contextId },
    { t: 'fetch', contextId, wants: [{ t: 'range', from: START, to: END }] },
    { t: 'compare', contextId, probes: [{ from: START, to: END }] },
    { t: 'greet', contextId },
    { t: 'keys', namespaceId, groupId, ops: [] },
    { t: 'ops', namespaceId, have: [] },
    { t: 'ops', namespaceId, have: [], invitation },
  ]
}
