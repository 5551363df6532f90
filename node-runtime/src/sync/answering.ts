// The serving side: who may have what, and the answer itself. Noise has authenticated the peer, so its key says which
// member it is (I7: authorised before anything is read).
import { type Bytes, equalBytes } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import { CodedError } from '../base/errors.ts'
import type { ContextId, PublicKey } from '../base/ids.ts'
import type { Logger } from '../base/log.ts'
import type { FrameStream, Network, PeerId } from '../network/network.ts'
import { publicKeyOfPeer } from '../network/peer-id.ts'
import { checkpointHash } from '../wire/checkpoint.ts'
import { type Invitation, verifyInvitation } from '../wire/invitation.ts'
import { decodeOp, encodeOp } from '../wire/op.ts'
import { type SyncRequest, syncRequestMessage } from '../wire/sync-messages.ts'
import { ItemWriter, SYNC_PROTOCOL, sendFrame } from './conversation.ts'
import { DeltaAnswering, type DeltaAnsweringParts } from './delta-answering.ts'
import { SyncError } from './errors.ts'
import type { HeldTree } from './held-tree.ts'
import { REQUESTS_MAX, SERVING_MAX, SERVING_PEER_MAX } from './limits.ts'
import type { AdmissionDesk, Directory, SyncedContext, SyncedNamespace } from './ports.ts'
import { Refusal } from './refusal.ts'
import { countedStream, ServingPlaces } from './serving-places.ts'
import { TreeAnswering } from './tree-answering.ts'

export interface AnsweringParts extends DeltaAnsweringParts {
  readonly network: Network
  readonly directory: Directory
  readonly clock: Clock
  readonly log: Logger
}

export class Answering {
  readonly #parts: AnsweringParts
  readonly #deltas: DeltaAnswering
  readonly #trees: TreeAnswering
  readonly #places: ServingPlaces

  constructor(parts: AnsweringParts) {
    this.#parts = parts
    this.#deltas = new DeltaAnswering(parts)
    this.#trees = new TreeAnswering(parts.clock)
    this.#places = new ServingPlaces(parts.clock, { max: SERVING_MAX, peerMax: SERVING_PEER_MAX })
    parts.network.handle(SYNC_PROTOCOL, (peer, stream) => this.#serve(peer, stream))
  }

  async #serve(peer: PeerId, stream: FrameStream): Promise<void> {
    const tree = this.#trees.begin(peer, stream)
    try {
      await this.#serveWith(tree, peer, stream)
    } finally {
      tree.close()
    }
  }

  async #serveWith(tree: HeldTree, peer: PeerId, stream: FrameStream): Promise<void> {
    let requests = 0
    for await (const bytes of stream.frames) {
      requests += 1
      if (requests > REQUESTS_MAX) throw new SyncError('SYNC_INCOMPLETE', `${peer} asks without end on one stream`)
      // Counted only while it is answered: a stream that says nothing costs only itself.
      const place = this.#places.take(peer, stream)
      if (!place) {
        await sendFrame(stream, { t: 'refused', code: 'busy', message: 'too many answers under way' })
        continue
      }
      const counted = countedStream(stream, () => place)
      try {
        await this.#answer(peer, syncRequestMessage.decode(bytes), counted, tree)
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        this.#parts.log.debug({ peer, code: error.code }, 'sync request refused')
        await sendFrame(counted, { t: 'refused', code: error.code, message: error.message })
      } finally {
        place.end()
      }
    }
  }

  async #answer(peer: PeerId, request: SyncRequest, stream: FrameStream, held: HeldTree): Promise<void> {
    const asker = publicKeyOfPeer(peer)
    switch (request.t) {
      case 'ops':
        return this.#ops(asker, request, stream)
      case 'greet':
      case 'compare':
      case 'fetch':
      case 'lacking': {
        const context = await this.#context(asker, request.contextId)
        return this.#deltas.answer({ peer, request, context, stream })
      }
      case 'tree':
      case 'names': {
        const context = await this.#context(asker, request.contextId)
        return this.#trees.answer({ peer, request, context, held, stream })
      }
      case 'snapshot':
        return this.#snapshot(asker, request, stream)
      case 'base':
        return this.#base(asker, request, stream)
      case 'keys':
        return this.#keys(peer, asker, request, stream)
      case 'attest': {
        const challenge = await this.#desk(async (desk) => desk.challenge(request.groupId, asker))
        await sendFrame(stream, { t: 'challenge', ...challenge })
        return sendFrame(stream, { t: 'end', more: false })
      }
      case 'admit': {
        const { t: _t, ...admission } = request
        await this.#desk((desk) => desk.admit(asker, admission))
        return sendFrame(stream, { t: 'end', more: false })
      }
    }
  }

  async #desk<T>(work: (desk: AdmissionDesk) => Promise<T>): Promise<T> {
    const desk = this.#parts.directory.admission
    if (!desk) throw new Refusal('not_admitted', 'nobody is let in by attestation here')
    try {
      return await work(desk)
    } catch (error) {
      if (!(error instanceof CodedError)) throw error
      throw new Refusal('not_admitted', error.message.slice(0, REFUSAL_CHARS_MAX))
    }
  }

  async #ops(asker: PublicKey, request: Extract<SyncRequest, { t: 'ops' }>, stream: FrameStream): Promise<void> {
    const namespace = this.#namespace(request.namespaceId)
    if (!namespace.hasMember(asker) && !this.#invited(namespace, request.invitation)) {
      throw new Refusal('not_a_member', 'only members and holders of an invitation may read the log')
    }
    const { answerIdsMax } = this.#parts
    // One beyond the answer tells whether there is more.
    const ops = namespace.opsNotIn(request.have, answerIdsMax + 1)
    const writer = new ItemWriter(stream)
    for (const op of ops.slice(0, answerIdsMax)) await writer.add(encodeOp(op))
    await writer.flush()
    await sendFrame(stream, { t: 'end', more: ops.length > answerIdsMax })
  }

  async #base(asker: PublicKey, request: Extract<SyncRequest, { t: 'base' }>, stream: FrameStream): Promise<void> {
    const context = await this.#context(asker, request.contextId)
    await sendEntries(stream, context.base())
    await sendFrame(stream, { t: 'end', more: false })
  }

  async #snapshot(
    asker: PublicKey,
    request: Extract<SyncRequest, { t: 'snapshot' }>,
    stream: FrameStream,
  ): Promise<void> {
    const context = await this.#context(asker, request.contextId)
    const own = context.checkpoint()
    if (!own || !equalBytes(checkpointHash(own.checkpoint), request.checkpoint)) {
      throw new Refusal('not_found', 'this checkpoint is not here, or not any more')
    }
    await sendEntries(stream, context.snapshot(request.checkpoint, request.after))
    await sendFrame(stream, { t: 'end', more: false })
  }

  async #keys(
    peer: PeerId,
    asker: PublicKey,
    request: Extract<SyncRequest, { t: 'keys' }>,
    stream: FrameStream,
  ): Promise<void> {
    const namespace = this.#namespace(request.namespaceId)
    // A stranger's operations are of interest only where they make it a member.
    const ops = request.ops.map(decodeOp).filter((op) => op.author === asker || namespace.hasMember(op.author))
    await namespace.receive(ops, peer)
    const writer = new ItemWriter(stream)
    let count = 0
    for (const key of namespace.sealedKeysFor(request.groupId, asker, request.wanted)) {
      count += 1
      await writer.add(key)
    }
    const isAnswered = count > 0 || (request.wanted !== undefined && namespace.isMember(request.groupId, asker))
    if (!isAnswered) throw new Refusal('not_found', 'no key of this group here for this member')
    await writer.flush()
    await sendFrame(stream, { t: 'end', more: false })
  }

  #namespace(id: Parameters<Directory['namespace']>[0]): SyncedNamespace {
    const namespace = this.#parts.directory.namespace(id)
    if (!namespace) throw new Refusal('unknown', 'this namespace is not here')
    return namespace
  }

  async #context(asker: PublicKey, id: ContextId): Promise<SyncedContext> {
    const { directory } = this.#parts
    if (!directory.mayRead(id, asker)) throw new Refusal('not_a_member', 'only members of its group may read a context')
    const context = await directory.context(id)
    if (!context) throw new Refusal('unknown', 'this context is not here')
    return context
  }

  #invited(namespace: SyncedNamespace, invitation: Invitation | undefined): boolean {
    if (!invitation || invitation.namespaceId !== namespace.id || !verifyInvitation(invitation)) return false
    const nowSec = BigInt(Math.floor(this.#parts.clock.nowMs() / 1000))
    return invitation.expiresAtSec >= nowSec && namespace.hasMember(invitation.inviter)
  }
}

/** In UTF-8 at most four times as many bytes, which is what a refusal holds. */
const REFUSAL_CHARS_MAX = 256
const BASE_FRAME_BYTES = 512 * 1024
const BASE_FRAME_ENTRIES = 1000

async function sendEntries(stream: FrameStream, entries: AsyncIterable<readonly [Bytes, Bytes]>): Promise<void> {
  let page: { key: Bytes; value: Bytes }[] = []
  let size = 0
  const flush = async () => {
    if (page.length > 0) await sendFrame(stream, { t: 'entries', entries: page })
    page = []
    size = 0
  }
  for await (const [key, value] of entries) {
    if (size + key.byteLength + value.byteLength > BASE_FRAME_BYTES || page.length >= BASE_FRAME_ENTRIES) await flush()
    page.push({ key, value })
    size += key.byteLength + value.byteLength
  }
  await flush()
}
