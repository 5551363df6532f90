// A snapshot is as true as its root. Before one is taken, another member that holds the same history says whether it has
// the same root there: one that lies, or is broken, does not spread its state.
import type { ContextId } from '../base/ids.ts'
import type { Logger } from '../base/log.ts'
import type { PeerId } from '../network/network.ts'
import { type Checkpoint, encodeCheckpoint } from '../wire/checkpoint.ts'
import type { Standing } from '../wire/sync-messages.ts'
import { ask, type Source } from './conversation.ts'
import { VOUCHING_PEERS_MAX } from './limits.ts'

export interface Vouching {
  readonly source: Omit<Source, 'peer'>
  /** Other members of the context than the one whose checkpoint it is. */
  readonly peers: readonly PeerId[]
  readonly log: Logger
}

/**
 * `same` where one of them has the same root there: then two members agree. `unknown`: none can say, since no other holds
 * that history.
 */
export async function standingAmong(
  { source, peers, log }: Vouching,
  contextId: ContextId,
  checkpoint: Checkpoint,
): Promise<Standing> {
  const fields = { contextId, root: checkpoint.root, count: checkpoint.count }
  let contradicts: PeerId | undefined
  for (const peer of peers.slice(0, VOUCHING_PEERS_MAX)) {
    const standing = await standingAt({ ...source, peer }, contextId, checkpoint).catch((error): Standing => {
      source.signal.throwIfAborted()
      log.debug({ contextId, peer, error: String(error) }, 'a member does not say whether it has the same root')
      return 'unknown'
    })
    if (standing === 'same') return 'same'
    if (standing === 'other') contradicts ??= peer
  }
  if (contradicts === undefined) {
    log.debug(fields, 'no other member can say whether it has the root of a snapshot')
    return 'unknown'
  }
  log.info({ ...fields, peer: contradicts }, 'snapshot not taken: another member has another root at its checkpoint')
  return 'other'
}

async function standingAt(source: Source, contextId: ContextId, checkpoint: Checkpoint): Promise<Standing> {
  const request = { t: 'vouch' as const, contextId, checkpoint: encodeCheckpoint(checkpoint) }
  let standing: Standing = 'unknown'
  for await (const frame of ask({ ...source, request })) if (frame.t === 'standing') standing = frame.standing
  return standing
}
