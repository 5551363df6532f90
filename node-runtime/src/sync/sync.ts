// Synchronisation as a whole: gossip, hello, pulls and the periodic round, and which peer is asked when. It is the
// `Outbound` half that contexts and namespaces use.
//
// Invariants:
// 1. A topic is pulled from one peer at most once at a time; a wish meanwhile means one more pull after it.
// 2. Every followed topic is pulled from some member at least once a period, whatever gossip did (I4): `rounds.ts`.
// 3. Every conversation has a deadline, which moves with what comes, and closing ends all of them.
import type { Bytes } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import type { ContextId, DeltaId, GroupId, NamespaceId, PublicKey, RootHash } from '../base/ids.ts'
import type { SigningKey } from '../base/keys.ts'
import type { Logger } from '../base/log.ts'
import type { Random } from '../base/random.ts'
import type { Network, PeerId } from '../network/network.ts'
import { peerIdOfPublicKey } from '../network/peer-id.ts'
import { type ItemKey, idOfKey } from '../reconcile/item-key.ts'
import type { TreeDifference } from '../storage/tree-diff.ts'
import type { TreeView } from '../storage/tree-view.ts'
import type { Delta } from '../wire/delta.ts'
import type { Invitation } from '../wire/invitation.ts'
import type { SignedOp } from '../wire/op.ts'
import type { Presence } from '../wire/presence.ts'
import { Answering } from './answering.ts'
import { type BaseRequest, fetchBase, SlowPeers } from './base-pull.ts'
import type { Source } from './conversation.ts'
import { pullDeltas, pullNamed } from './delta-pull.ts'
import { SyncError } from './errors.ts'
import { type GossipCounts, GossipExchange } from './gossip.ts'
import { Greetings } from './greetings.ts'
import { HelloExchange } from './hello.ts'
import { Holdings } from './holdings.ts'
import { KeyRequests } from './key-requests.ts'
import {
  ANSWER_IDS_MAX,
  HOLDER_WANTED_MS,
  INVITER_WANTED_MS,
  ROUND_PEERS_MAX,
  SYNC_EVERY_MS,
  SYNC_GAP_MS,
  SYNC_TIMEOUT_MS,
} from './limits.ts'
import { MemberLinks } from './member-links.ts'
import type { Directory, SyncedNamespace } from './ports.ts'
import { type PullCounts, PullQueue, type Wish } from './pull-queue.ts'
import { pullKeys, pullOps } from './pulling.ts'
import { Rounds } from './rounds.ts'
import { Spreading } from './spreading.ts'
import { type Topic, topicName } from './topics.ts'
import { pullTreeDiff } from './tree-pull.ts'
import { eachPortion, UnderWay } from './under-way.ts'

export interface SyncOptions {
  /** Period of the round of each topic. */
  readonly everyMs?: number
  /** Least time between two rounds of a topic. */
  readonly gapMs?: number
  readonly timeoutMs?: number
  /** Ids in one answer that this node gives. */
  readonly answerIdsMax?: number
}

export interface SyncParts {
  readonly network: Network
  readonly directory: Directory
  readonly identity: SigningKey
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

interface PullOptions {
  readonly wish?: Wish
  readonly named?: readonly ItemKey[] | undefined
}

/** Of a pull that is made whatever came meanwhile. */
const always = () => true
/** Of a pull that another one, which is under way, stands for. */
const never = () => false

export class Sync {
  readonly #parts: SyncParts
  readonly #options: Required<SyncOptions>
  readonly #gossip: GossipExchange
  readonly #hello: HelloExchange
  readonly #holdings: Holdings
  readonly #pulls: PullQueue
  readonly #spreading: Spreading
  readonly #keyRequests: KeyRequests
  readonly #links: MemberLinks
  readonly #rounds: Rounds
  readonly #greetings = new Greetings((peer, asks) => this.#greet(peer, asks))
  readonly #underWay: UnderWay
  readonly #slow = new SlowPeers()

  constructor(parts: SyncParts, options: SyncOptions = {}) {
    this.#parts = parts
    this.#options = {
      everyMs: options.everyMs ?? SYNC_EVERY_MS,
      gapMs: options.gapMs ?? SYNC_GAP_MS,
      timeoutMs: options.timeoutMs ?? SYNC_TIMEOUT_MS,
      answerIdsMax: options.answerIdsMax ?? ANSWER_IDS_MAX,
    }
    this.#underWay = new UnderWay(parts.clock, this.#options.timeoutMs)
    this.#holdings = new Holdings(parts)
    this.#pulls = new PullQueue(parts.clock, parts.log)
    this.#gossip = new GossipExchange({
      ...parts,
      pull: (id, from, lacking, soon) => this.#pullLacking(id, from, lacking, soon),
      onCheckpoint: (id, member, checkpoint) => this.#pullCheckpoint(id, member, checkpoint),
    })
    this.#hello = new HelloExchange({
      network: parts.network,
      topics: () => this.#holdings.headsOfAll(this.#rounds.topics()),
      onDifferent: (topic, peer, digest) =>
        this.#pullSoon(topic, peer, { wish: () => this.#holdings.differs(topic, digest) }),
      log: parts.log,
    })
    this.#keyRequests = new KeyRequests({
      ...parts,
      request: (peer, namespace, groupId) =>
        this.#underWay.inBackground((signal, renew) =>
          pullKeys({ ...parts, peer, signal, onBytes: eachPortion(renew) }, namespace, groupId),
        ),
      catchUp: (peer, { id }) => this.#pullSoon({ kind: 'namespace', id }, peer),
    })
    this.#spreading = new Spreading({
      clock: parts.clock,
      tell: (topic) => {
        for (const peer of this.#rounds.choose(topic, ROUND_PEERS_MAX)) this.#greetings.soon(peer)
      },
    })
    new Answering({
      ...parts,
      answerIdsMax: this.#options.answerIdsMax,
      onLacking: (id, peer, keys, more) => {
        const wish = () => more || this.#holdings.lacks(id, keys.map(idOfKey<DeltaId>))
        this.#pullSoon({ kind: 'context', id }, peer, { wish, named: more ? undefined : keys })
      },
    })
    parts.network.on('peer:connect', (peer) => this.#greetings.soon(peer))
    parts.network.on('peer:disconnect', (peer) => this.#keyRequests.forget(peer))
    parts.network.on('subscribed', (peer, topic) => {
      if (this.#rounds.isFollowed(topic)) this.#greetings.soon(peer)
    })
    this.#links = new MemberLinks({
      ...parts,
      membersOf: (topic) => this.#holdings.members(topic),
    })
    this.#rounds = new Rounds(
      {
        ...parts,
        holdings: this.#holdings,
        links: this.#links,
        keyRequests: this.#keyRequests,
        underWay: this.#underWay,
        pull: (topic, peer) => this.#pullSoon(topic, peer, { wish: never }),
      },
      this.#options,
    )
  }

  greeted(peer: PeerId): boolean {
    return this.#hello.greeted(peer)
  }

  /** Calls the listener whenever a peer has been greeted; returns what takes it away. */
  onGreeted(listener: () => void): () => void {
    return this.#hello.onGreeted(listener)
  }

  // Outbound

  publishDelta(contextId: ContextId, delta: Delta): Promise<void> {
    return this.#gossip.publishDelta(contextId, delta)
  }

  /** Tells the members of a context our heads soon. */
  announceHeads(contextId: ContextId): void {
    this.#gossip.announceHeads(contextId)
  }

  publishPresence(presence: Presence): Promise<void> {
    return this.#gossip.publishPresence(presence)
  }

  publishOps(namespaceId: NamespaceId, ops: readonly SignedOp[]): Promise<void> {
    return this.#gossip.publishOps(namespaceId, ops)
  }

  askForDeltas(contextId: ContextId, missing: readonly DeltaId[], from: PeerId | undefined): void {
    const topic = { kind: 'context', id: contextId } as const
    for (const peer of from === undefined ? this.#rounds.choose(topic, 1) : [from]) {
      this.#pullLacking(contextId, peer, missing, false)
    }
  }

  askForOps(namespaceId: NamespaceId, from: PeerId | undefined): void {
    const topic = { kind: 'namespace', id: namespaceId } as const
    for (const peer of from === undefined ? this.#rounds.choose(topic, 1) : [from]) this.#pullSoon(topic, peer)
  }

  followContext(contextId: ContextId): void {
    if (this.#follow({ kind: 'context', id: contextId })) this.#gossip.followContext(contextId)
  }

  unfollowContext(contextId: ContextId): void {
    if (this.#rounds.unfollow({ kind: 'context', id: contextId })) this.#gossip.unfollowContext(contextId)
  }

  followNamespace(namespaceId: NamespaceId): void {
    if (this.#follow({ kind: 'namespace', id: namespaceId })) this.#gossip.followNamespace(namespaceId)
  }

  unfollowNamespace(namespaceId: NamespaceId): void {
    if (this.#rounds.unfollow({ kind: 'namespace', id: namespaceId })) this.#gossip.unfollowNamespace(namespaceId)
  }

  /** One round with every connected member, its namespace's log first. */
  async syncContext(contextId: ContextId, options: { signal?: AbortSignal }): Promise<void> {
    const namespace = this.#parts.directory.namespaceOf(contextId)
    if (namespace) await this.syncNamespace(namespace.id, options)
    await this.#round({ kind: 'context', id: contextId }, options.signal)
  }

  async syncNamespace(
    namespaceId: NamespaceId,
    options: { signal?: AbortSignal; invitation?: Invitation },
  ): Promise<void> {
    const topic = { kind: 'namespace', id: namespaceId } as const
    if (!options.invitation) return this.#round(topic, options.signal)
    const namespace = this.#namespace(namespaceId)
    const { inviter } = options.invitation
    const first = peerIdOfPublicKey(inviter)
    // Of who crawls only who has invited us goes on, while the join that it was for does: the joiner does not wait for it.
    const pull = (peer: PeerId) =>
      this.#underWay.inBackground(async (signal, renew) => {
        const isWanted = () => peer === first && this.#parts.directory.namespace(namespaceId) === namespace
        const onBytes = eachPortion(() => isWanted() && renew())
        await pullOps({ ...this.#parts, peer, signal, onBytes }, namespace, options.invitation)
      })
    const attempt = (peer: PeerId) => this.#pulls.pull(pullKey(topic, peer), always, () => pull(peer))
    this.#links.want(inviter, INVITER_WANTED_MS)
    // Who else has the namespace is not known yet: nobody having it is an answer, not a failure.
    const peers = this.#parts.network.peers()
    const ordered = [...peers.filter((peer) => peer === first), ...peers.filter((peer) => peer !== first)]
    await this.#underWay.awaited(Promise.allSettled(ordered.slice(0, ROUND_PEERS_MAX).map(attempt)), options.signal)
  }

  async fetchKeys(namespaceId: NamespaceId, groupId: GroupId, options: { signal?: AbortSignal }): Promise<void> {
    const peers = this.#rounds.choose({ kind: 'namespace', id: namespaceId })
    const signal = this.#underWay.stopping(options.signal)
    await this.#keyRequests.fetch(this.#namespace(namespaceId), groupId, { peers, signal })
  }

  askForKeys(namespaceId: NamespaceId, groupId: GroupId, holder: PublicKey): void {
    const peer = peerIdOfPublicKey(holder)
    if (!this.#parts.network.peers().includes(peer)) {
      this.#links.want(holder, HOLDER_WANTED_MS)
      return
    }
    this.#keyRequests.askHolder(peer, this.#namespace(namespaceId), groupId)
  }

  fetchBase(
    contextId: ContextId,
    take: BaseRequest['take'],
    { signal }: { readonly signal?: AbortSignal },
  ): Promise<void> {
    const { network } = this.#parts
    const peers = this.#rounds.readersOf(contextId)
    return fetchBase({ contextId, peers, take, signal }, { network, underWay: this.#underWay, slow: this.#slow })
  }

  async compareTrees(
    contextId: ContextId,
    { member, root }: { readonly member: PublicKey; readonly root: RootHash },
    view: TreeView,
  ): Promise<TreeDifference> {
    const { network } = this.#parts
    const peer = peerIdOfPublicKey(member)
    if (!network.peers().includes(peer)) throw new SyncError('SYNC_NO_PEER', `member ${member} is not connected`)
    return this.#underWay.inBackground((signal) => pullTreeDiff({ network, peer, signal }, { contextId, root, view }))
  }

  async close(): Promise<void> {
    this.#underWay.stop()
    this.#gossip.close()
    this.#rounds.close()
    this.#spreading.close()
    this.#links.close()
    this.#pulls.close()
    await this.#underWay.ended()
  }

  #follow(topic: Topic): boolean {
    if (!this.#rounds.follow(topic)) return false
    for (const peer of this.#parts.network.subscribers(topicName(topic))) this.#greetings.soon(peer, true)
    return true
  }

  #round(topic: Topic, signal: AbortSignal | undefined): Promise<void> {
    const pulls = this.#rounds.choose(topic, ROUND_PEERS_MAX).map((peer) => this.#pull(topic, peer))
    return this.#underWay.awaited(Promise.allSettled(pulls), signal)
  }

  /** Since the start. */
  get counts(): PullCounts & { readonly gossip: GossipCounts } {
    return { ...this.#pulls.counts(), gossip: this.#gossip.counts }
  }

  // Background work

  async #greet(peer: PeerId, asks: boolean): Promise<void> {
    if (this.#underWay.isStopped) return
    const work = this.#underWay.inBackground((signal) => this.#hello.greet(peer, asks, signal))
    await work.catch((error) => this.#hello.failed(peer, error))
  }

  /** Mostly gossip brings them a moment later, by another way: then nobody is asked. */
  #pullLacking(id: ContextId, peer: PeerId, ids: readonly DeltaId[], soon: boolean): void {
    const topic = { kind: 'context', id } as const
    const wish = () => this.#holdings.lacks(id, ids)
    if (soon) this.#pullSoon(topic, peer, { wish })
    else this.#pullLater(id, peer, wish)
  }

  /**
   * What is lacking here to certify it may never be said again: who has taken it vouches for the next one. Only its member is
   * asked, which has it, not who passed its word on: whoever takes it tells its own neighbours.
   */
  #pullCheckpoint(id: ContextId, member: PublicKey, checkpoint: Bytes): void {
    const peer = peerIdOfPublicKey(member)
    if (!this.#parts.network.peers().includes(peer)) return
    this.#pullLater(id, peer, () => this.#holdings.lacksCheckpoint(id, checkpoint))
  }

  #pullLater(id: ContextId, peer: PeerId, wish: Wish): void {
    const topic = { kind: 'context', id } as const
    const begin = (any: Wish) => this.#pullSoon(topic, peer, { wish: any })
    this.#pulls.later(pullKey(topic, peer), wish, { begin, isComing: () => this.#gossip.isComing(id) })
  }

  /** `named`: of a context only these, which the peer has said to have. */
  #pullSoon(topic: Topic, peer: PeerId, options: PullOptions = {}): void {
    if (this.#underWay.isStopped) return
    this.#pull(topic, peer, options).catch((error) => {
      this.#parts.log.debug(
        { topic: topicName(topic), peer, error: String(error) },
        'pull failed; a later round repeats it',
      )
    })
  }

  #pull(topic: Topic, peer: PeerId, { wish = always, named }: PullOptions = {}): Promise<void> {
    return this.#pulls.pull(pullKey(topic, peer), wish, (isNext) => {
      const keys = isNext ? undefined : named
      return this.#underWay.inBackground((signal, renew) =>
        this.#pullOnce(topic, { peer, signal, onBytes: eachPortion(renew) }, keys),
      )
    })
  }

  async #pullOnce(topic: Topic, from: Omit<Source, 'network'>, named?: readonly ItemKey[]): Promise<void> {
    const { directory, log, network } = this.#parts
    const source = { network, ...from }
    if (topic.kind === 'namespace') {
      const namespace = directory.namespace(topic.id)
      if (namespace && (await pullOps(source, namespace)) > 0) this.#spreading.soon(topic)
      return
    }
    const context = await directory.context(topic.id)
    if (!context) return
    const pull = named ? pullNamed(source, context, topic.id, named) : pullDeltas(source, context, topic.id)
    const count = await pull
    const now = await directory.context(topic.id)
    // Its state was replaced by a snapshot: what came after that is still to be had.
    if (now && now !== context) await pullDeltas(source, now, topic.id)
    if (count > 0) {
      log.debug({ contextId: topic.id, peer: from.peer, count }, 'deltas pulled')
      this.#gossip.announceHeads(topic.id)
      this.#spreading.soon(topic)
    }
  }

  #namespace(id: NamespaceId): SyncedNamespace {
    const namespace = this.#parts.directory.namespace(id)
    if (!namespace) throw new SyncError('SYNC_NO_PEER', `namespace ${id} is not known to this node`)
    return namespace
  }
}

function pullKey(topic: Topic, peer: PeerId): string {
  return `${topicName(topic)} ${peer}`
}
