// Somebody who is no member, or no more, asks for what only members may have. What it gets is for the checkers.
import type { PublicKey } from '../../src/base/ids.ts'
import type { SigningKey } from '../../src/base/keys.ts'
import type { Network, PeerId } from '../../src/network/network.ts'
import { publicKeyOfPeer } from '../../src/network/peer-id.ts'
import { END, START } from '../../src/reconcile/item-key.ts'
import { ask } from '../../src/sync/conversation.ts'
import { SyncError } from '../../src/sync/errors.ts'
import type { SharedContext } from '../../src/testing/test-nodes.ts'
import type { HeadsBeat } from '../../src/wire/gossip.ts'
import { signInvitation } from '../../src/wire/invitation.ts'
import { HASH_BYTES, SALT_BYTES } from '../../src/wire/limits.ts'
import type { SyncRequest } from '../../src/wire/sync-messages.ts'

/** Of those that answer neither way nothing is known. */
const PATIENCE_MS = 5000
/** Later than any clock here. */
const NEVER_SEC = 2n ** 40n

interface Prying {
  readonly network: Network
  /** Absent: all that it has a connection to. */
  readonly peers?: readonly PeerId[]
  readonly shared: SharedContext
  readonly identity: SigningKey
  /** What each member last said of its state: anybody may hear that. */
  readonly said: ReadonlyMap<PublicKey, HeadsBeat>
  readonly setTimer: (fn: () => void, ms: number) => () => void
  /** It was given something. */
  readonly onGiven: (request: SyncRequest['t']) => void
}

export async function pry({ network, peers, shared, identity, said, setTimer, onGiven }: Prying): Promise<void> {
  for (const peer of peers ?? network.peers()) {
    const saidLast = () => said.get(publicKeyOfPeer(peer))
    for (const request of requestsOf(shared, identity, saidLast)) {
      const limit = new AbortController()
      const cancel = setTimer(() => limit.abort(new SyncError('SYNC_TIMEOUT', 'nobody answers')), PATIENCE_MS)
      try {
        for await (const { t } of ask({ network, peer, signal: limit.signal, request })) {
          if (t !== 'end') onGiven(request.t)
        }
        if (TELLING.has(request.t)) onGiven(request.t)
      } catch {
        // Refused, as it should be, or not reached.
      } finally {
        cancel()
      }
    }
  }
}

/** Of these an answer without anything in it tells that what was named is there, or makes the peer ask in its turn. */
const TELLING: ReadonlySet<SyncRequest['t']> = new Set(['names', 'lacking'])

/** `saidLast`: asked as late as can be, for of a state a peer has only what it is now. */
function* requestsOf(
  { contextId, namespaceId, groupId }: SharedContext,
  identity: SigningKey,
  saidLast: () => HeadsBeat | undefined,
): Iterable<SyncRequest> {
  // Nobody has invited it: it does so itself.
  const facts = {
    namespaceId,
    groupId,
    expiresAtSec: NEVER_SEC,
    salt: new Uint8Array(SALT_BYTES),
    role: 'Admin',
  } as const
  const invitation = signInvitation(facts, identity)
  yield { t: 'base', contextId }
  yield { t: 'fetch', contextId, wants: [{ t: 'range', from: START, to: END }] }
  yield { t: 'compare', contextId, probes: [{ from: START, to: END }] }
  yield { t: 'greet', contextId }
  yield { t: 'keys', namespaceId, groupId, ops: [] }
  yield { t: 'ops', namespaceId, have: [] }
  yield { t: 'ops', namespaceId, have: [], invitation }
  yield { t: 'lacking', contextId, keys: [], more: true }
  const { root, checkpoint } = saidLast() ?? {}
  if (root !== undefined) yield { t: 'tree', contextId, root, paths: [''] }
  if (root !== undefined) yield { t: 'names', contextId, root, hashes: [new Uint8Array(HASH_BYTES)] }
  if (checkpoint !== undefined) yield { t: 'snapshot', contextId, checkpoint }
}
