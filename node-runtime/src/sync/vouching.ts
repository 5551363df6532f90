// A snapshot is as true as its root. Before one is taken, another member that holds the same history says whether it has
// the same root there: one that lies, or is broken, does not spread its state.
import type { ContextId } from '../base/ids.ts'
import type { Logger } from '../base/log.ts'
import type { PeerId } from '../network/network.ts'
import { publicKeyOfPeer } from '../network/peer-id.ts'
import { type Checkpoint, encodeCheckpoint } from '../wire/checkpoint.ts'
import type { Standing } from '../wire/sync-messages.ts'
import { ask, type Source } from './conversation.ts'
import { VOUCHING_PEERS_MAX } from './limits.ts'
import type { Directory, SyncedContext } from './ports.ts'

interface Vouching {
  readonly source: Omit<Source, 'peer'>
  /** Other members of the context than the one whose checkpoint it is; strangers say nothing that counts. */
  readonly peers: readonly PeerId[]
  readonly log: Logger
}

interface VouchersParts {
  readonly directory: Pick<Directory, 'mayRead'>
  readonly log: Logger
  /** Whoever follows a context, in the order in which they are asked. */
  readonly peersOf: (id: ContextId) => readonly PeerId[]
}

export class Vouchers {
  readonly #parts: VouchersParts
  #contested = 0

  constructor(parts: VouchersParts) {
    this.#parts = parts
  }

  /** How often a member had another checkpoint at the place of ours, and nobody else could tell which is right. */
  get contested(): number {
    return this.#contested
  }

  others(source: Source, id: ContextId): Others {
    const { directory, log, peersOf } = this.#parts
    const isOther = (peer: PeerId) => peer !== source.peer && directory.mayRead(id, publicKeyOfPeer(peer))
    return {
      ask: (checkpoint) => standingAmong({ source, peers: peersOf(id).filter(isOther), log }, id, checkpoint),
      contested: ({ root, count }) => {
        this.#contested += 1
        const fields = { contextId: id, peer: source.peer, theirRoot: root, theirCount: count, times: this.#contested }
        log.warn(
          fields,
          'a member has another checkpoint at the place of ours, and no other member tells which is right',
        )
      },
    }
  }
}

/** The members besides us and the one that is pulled from. */
export interface Others {
  ask(checkpoint: Checkpoint): Promise<Standing>
  /** Theirs is another than ours at the same place, and nobody else tells which is right: ours stays. */
  contested(theirs: Checkpoint): void
}

/**
 * Of two checkpoints at the same place ours stays, which is computed from what came here, unless another member confirms
 * theirs and none confirms ours.
 */
export async function yieldsTo(
  theirs: Checkpoint,
  context: Pick<SyncedContext, 'checkpoint' | 'isBeside'>,
  others: Others,
): Promise<boolean> {
  const own = context.checkpoint()?.checkpoint
  if (own === undefined || !context.isBeside(theirs)) return false
  const isOurs = (await others.ask(own)) === 'same'
  const isTheirs = (await others.ask(theirs)) === 'same'
  if (isTheirs === isOurs) others.contested(theirs)
  return isTheirs && !isOurs
}

/**
 * `same` where one of them has the same root there: then two members agree. `unknown`: none can say, since no other holds
 * that history.
 */
async function standingAmong(
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
