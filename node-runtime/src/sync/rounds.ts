// The topics that this node follows, the periodic round of each, and whom a round asks. Invariant 2 of `sync.ts` is kept here:
// whatever gossip did, every followed topic is pulled from some member at least once a period.
import type { Clock } from '../base/clock.ts'
import type { ContextId } from '../base/ids.ts'
import type { Logger } from '../base/log.ts'
import { type Random, shuffled } from '../base/random.ts'
import type { Network, PeerId } from '../network/network.ts'
import type { Holdings } from './holdings.ts'
import type { KeyRequests } from './key-requests.ts'
import { ROUND_PEERS_MAX, SYNC_JITTER } from './limits.ts'
import type { MemberLinks } from './member-links.ts'
import type { Directory } from './ports.ts'
import { type Topic, topicName } from './topics.ts'
import type { UnderWay } from './under-way.ts'

export interface RoundsParts {
  readonly network: Network
  readonly directory: Directory
  readonly clock: Clock
  readonly random: Random
  readonly holdings: Holdings
  readonly links: MemberLinks
  readonly keyRequests: KeyRequests
  readonly underWay: UnderWay
  /** A pull that one under way stands for; its failure is left to a later round. */
  readonly pull: (topic: Topic, peer: PeerId) => void
  readonly log: Logger
}

export interface RoundsOptions {
  /** Period of the round of each topic. */
  readonly everyMs: number
  /** Least time between two rounds of a topic. */
  readonly gapMs: number
}

interface Followed {
  readonly topic: Topic
  cancel: (() => void) | undefined
}

export class Rounds {
  readonly #parts: RoundsParts
  readonly #options: RoundsOptions
  readonly #followed = new Map<string, Followed>()

  constructor(parts: RoundsParts, options: RoundsOptions) {
    this.#parts = parts
    this.#options = options
  }

  isFollowed(name: string): boolean {
    return this.#followed.has(name)
  }

  topics(): Topic[] {
    return [...this.#followed.values()].map(({ topic }) => topic)
  }

  /** False when it was followed before. */
  follow(topic: Topic): boolean {
    const name = topicName(topic)
    if (this.#followed.has(name)) return false
    const followed: Followed = { topic, cancel: undefined }
    this.#followed.set(name, followed)
    this.#schedule(followed)
    this.#parts.links.follow(topic)
    return true
  }

  /** False when it was not followed. */
  unfollow(topic: Topic): boolean {
    const name = topicName(topic)
    this.#parts.links.unfollow(topic)
    this.#followed.get(name)?.cancel?.()
    return this.#followed.delete(name)
  }

  /** Members that follow the topic, in random order; any connected peer where nobody is known to follow it yet. */
  choose(topic: Topic, limit = Number.POSITIVE_INFINITY): PeerId[] {
    const { network, random } = this.#parts
    const known = network.subscribers(topicName(topic))
    return shuffled(known.length > 0 ? known : network.peers(), random).slice(0, limit)
  }

  /** Connected members that may have a context, in random order, those first that follow it. */
  readersOf(contextId: ContextId): PeerId[] {
    const { holdings, network, random } = this.#parts
    const topic = { kind: 'context', id: contextId } as const
    const followers = new Set(network.subscribers(topicName(topic)))
    const readers = shuffled(network.peers(), random).filter((peer) => holdings.isMember(topic, peer))
    return [...readers.filter((peer) => followers.has(peer)), ...readers.filter((peer) => !followers.has(peer))]
  }

  close(): void {
    for (const followed of this.#followed.values()) followed.cancel?.()
  }

  #schedule(followed: Followed): void {
    const { clock, random, log } = this.#parts
    const jitter = 1 + SYNC_JITTER * (2 * random.float() - 1)
    const delayMs = Math.max(this.#options.everyMs * jitter, this.#options.gapMs)
    followed.cancel = clock.setTimer(() => {
      this.#periodically(followed.topic).catch((error) => {
        const fields = { topic: topicName(followed.topic), error: String(error) }
        log.warn(fields, 'a round has failed, as while the store cannot be read; the next one makes up for it')
      })
      this.#schedule(followed)
    }, delayMs)
  }

  /** One peer; more where something is waited for: perhaps a single one has it. As many members, where these are none. */
  async #periodically(topic: Topic): Promise<void> {
    const { directory, holdings, keyRequests, links, pull, underWay } = this.#parts
    // Others may be members by now.
    links.soon()
    const context = topic.kind === 'context' ? await holdings.context(topic.id) : undefined
    const isWaiting = context !== undefined && context.missing(1).length > 0
    const chosen = this.choose(topic, isWaiting ? ROUND_PEERS_MAX : 1)
    const isMember = (peer: PeerId) => holdings.isMember(topic, peer)
    const members = chosen.some(isMember) ? [] : this.choose(topic).filter(isMember).slice(0, chosen.length)
    for (const peer of [...chosen, ...members]) pull(topic, peer)
    const namespace = topic.kind === 'namespace' ? directory.namespace(topic.id) : undefined
    if (!namespace) return
    const signal = underWay.stopping()
    await keyRequests.round(namespace, { choose: () => this.choose(topic), signal })
  }
}
