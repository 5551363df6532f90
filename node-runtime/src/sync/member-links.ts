// Keeps this node connected to members of what it follows. The network connects the nodes of a run whatever they share, a few
// each: members of a namespace, or of a context, may be no neighbours at all, and then neither gossip nor a pull gets from one
// to the other. So the members of each topic stand in a ring, by their keys, and each keeps the next one that answers.
//
// Invariants
// 1. Of each followed topic the next member that is not down is connected or looked for: all that are up are one graph.
// 2. Whoever is looked for and silent is asked for again after ever longer pauses, and others after it as well, more of them
//    the more are silent.
// 3. A dial goes only to who is looked for now, where it has itself said to listen: its newest word, twice at most for each
//    time it was looked for, so that whoever tells its old words again is only a delay.
// 4. Who is connected and does not follow the topic is no link: it hands on nothing.
// 5. Nobody is looked for while nobody hears it, nor for a ring while as many members of rings are connected as may be.
import { utf8 } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import type { PublicKey } from '../base/ids.ts'
import type { SigningKey } from '../base/keys.ts'
import type { Logger } from '../base/log.ts'
import type { Random } from '../base/random.ts'
import type { Network, PeerId } from '../network/network.ts'
import { peerIdOfPublicKey } from '../network/peer-id.ts'
import { LISTEN_ADDRESS_BYTES_MAX, LISTEN_ADDRESSES_MAX, NONCE_BYTES, SOUGHT_MAX } from '../wire/limits.ts'
import { decodeSeeking, encodeSeeking, type Here, type Seeking, signHere, verifyHere } from '../wire/seeking.ts'
import { SyncError } from './errors.ts'
import {
  ANSWERS_DIALLED_MAX,
  HERE_EVERY_MS,
  LINK_PEERS_MAX,
  LINKS_AFTER_MS,
  REACH_TIMEOUT_MS,
  REACHED_AT_ONCE_MAX,
  SEEK_DOWN_COUNT,
  SEEK_PAUSE_FIRST_MS,
  SEEK_PAUSE_LAST_MS,
  SEEK_TOGETHER_MS,
  SOUGHT_AT_ONCE_MAX,
} from './limits.ts'
import { RUN_TOPIC, type Topic, topicName } from './topics.ts'

export interface MemberLinksParts {
  readonly network: Pick<
    Network,
    'peers' | 'subscribers' | 'contactAddresses' | 'dial' | 'publish' | 'subscribe' | 'on'
  >
  readonly identity: SigningKey
  /** Sorted; ours included, where we are one. */
  readonly membersOf: (topic: Topic) => readonly PublicKey[]
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** Somebody who is looked for. */
interface Sought {
  /** Times that it was looked for in vain since it was last connected. */
  times: number
  /** Of these, since somebody last wanted it at once: its pauses grow with them. */
  turns: number
  nextAtMs: number
  /** Answers that may still be dialled until it is looked for again. */
  dialsLeft: number
  isReached: boolean
  /** The newest one, which is not dialled yet, and when it was given. */
  answer: Here | undefined
  answeredAtMs: bigint
}

const PAUSE_JITTER = 0.25
const LONGEST_PAUSE_MS = SEEK_PAUSE_LAST_MS * (1 + PAUSE_JITTER)

export class MemberLinks {
  readonly #parts: MemberLinksParts
  readonly #followed = new Map<string, Topic>()
  readonly #sought = new Map<PublicKey, Sought>()
  /** Wanted for a while, members or not, and until when. */
  readonly #asked = new Map<PublicKey, number>()
  readonly #stop = new AbortController()
  #reachedCount = 0
  #cancelLook: (() => void) | undefined
  #lookAtMs = Number.POSITIVE_INFINITY
  #cancelHere: (() => void) | undefined
  #lastHereMs = Number.NEGATIVE_INFINITY
  /** In our last answer. */
  #saidAtMs = 0

  constructor(parts: MemberLinksParts) {
    this.#parts = parts
    const { network, log } = parts
    network.subscribe(RUN_TOPIC, (from, data) => {
      try {
        this.#onMessage(decodeSeeking(data))
      } catch (error) {
        log.debug({ topic: RUN_TOPIC, from, error: String(error) }, 'message not taken')
      }
    })
    network.on('peer:connect', () => this.soon())
    network.on('peer:disconnect', () => this.soon())
    network.on('subscribed', () => this.soon())
  }

  follow(topic: Topic): void {
    this.#followed.set(topicName(topic), topic)
    this.soon()
  }

  unfollow(topic: Topic): void {
    this.#followed.delete(topicName(topic))
  }

  /** Looks in a moment whom it lacks: members, or connections, may be others now. */
  soon(): void {
    this.#lookIn(LINKS_AFTER_MS)
  }

  /** Looks for this node at once, and for so long: who has invited us, or holds what we need. */
  want(publicKey: PublicKey, forMs: number): void {
    if (publicKey === this.#parts.identity.publicKey || this.#isConnected(publicKey)) return
    const nowMs = this.#parts.clock.nowMs()
    const sought = this.#sought.get(publicKey)
    // Whoever wants it has just heard of it, however long it has been silent to us.
    if (sought && (this.#asked.get(publicKey) ?? 0) <= nowMs) Object.assign(sought, { turns: 0, nextAtMs: nowMs })
    this.#asked.set(publicKey, nowMs + forMs)
    this.#lookIn(1)
  }

  close(): void {
    this.#stop.abort()
    this.#cancelLook?.()
    this.#cancelHere?.()
  }

  /** Or before, where that is planned. */
  #lookIn(ms: number): void {
    const { clock } = this.#parts
    const atMs = clock.nowMs() + ms
    if (this.#stop.signal.aborted || (this.#cancelLook && this.#lookAtMs <= atMs)) return
    this.#cancelLook?.()
    this.#lookAtMs = atMs
    this.#cancelLook = clock.setTimer(() => this.#look(), ms)
  }

  #look(): void {
    this.#cancelLook = undefined
    if (this.#stop.signal.aborted) return
    const nowMs = this.#parts.clock.nowMs()
    const wanted = this.#wanted(nowMs)
    for (const key of [...this.#sought.keys()]) if (!wanted.has(key)) this.#sought.delete(key)
    for (const key of wanted) {
      if (!this.#sought.has(key)) this.#sought.set(key, newlySought(nowMs))
    }
    if (this.#parts.network.subscribers(RUN_TOPIC).length === 0) return
    // The clock may have stepped back.
    for (const sought of this.#sought.values()) sought.nextAtMs = Math.min(sought.nextAtMs, nowMs + LONGEST_PAUSE_MS)
    const waiting = [...this.#sought].sort(([, a], [, b]) => a.nextAtMs - b.nextAtMs)
    const due = waiting.filter(([, { nextAtMs }]) => nextAtMs <= nowMs + SEEK_TOGETHER_MS).slice(0, SOUGHT_AT_ONCE_MAX)
    for (const [, sought] of due) {
      sought.nextAtMs = nowMs + this.#pauseMs(sought.turns)
      sought.times += 1
      sought.turns += 1
      sought.dialsLeft = ANSWERS_DIALLED_MAX
    }
    this.#reachMore()
    for (let at = 0; at < due.length; at += SOUGHT_MAX) {
      const sought = due.slice(at, at + SOUGHT_MAX).map(([key]) => key)
      this.#say({ t: 'seek', sought: sought.sort(), nonce: this.#parts.random.bytes(NONCE_BYTES) })
    }
    const nextMs = Math.min(...waiting.map(([, { nextAtMs }]) => nextAtMs))
    if (nextMs < Number.POSITIVE_INFINITY) this.#lookIn(Math.max(SEEK_TOGETHER_MS, nextMs - nowMs))
  }

  /** Who is to be connected and is not. */
  #wanted(nowMs: number): Set<PublicKey> {
    const connected = new Set(this.#parts.network.peers())
    const wanted = new Set<PublicKey>()
    for (const [key, untilMs] of this.#asked) {
      if (untilMs <= nowMs || connected.has(peerIdOfPublicKey(key))) this.#asked.delete(key)
      else wanted.add(key)
    }
    const linked = new Set<PeerId>()
    const lacking = [...this.#followed.values()].flatMap((topic) => this.#nextOf(topic, connected, linked))
    // Connections of strangers do not count: they would keep us from our members.
    if (linked.size < LINK_PEERS_MAX) for (const key of lacking) wanted.add(key)
    return wanted
  }

  /**
   * In the ring of members: those before the first that follows the topic here. Of those that may still answer one, and as
   * many more as are silent before them: one after the other would take minutes where most members are down. `linked` is
   * added to: connected members up to there.
   */
  #nextOf(topic: Topic, connected: ReadonlySet<PeerId>, linked: Set<PeerId>): PublicKey[] {
    const ring = this.#parts.membersOf(topic)
    const at = ring.indexOf(this.#parts.identity.publicKey)
    const lacking: PublicKey[] = []
    let silentCount = 0
    if (at === -1) return lacking
    const followers = new Set(this.#parts.network.subscribers(topicName(topic)))
    for (let step = 1; step < ring.length; step += 1) {
      const key = ring[(at + step) % ring.length] as PublicKey
      const peer = peerIdOfPublicKey(key)
      if (connected.has(peer)) linked.add(peer)
      if (followers.has(peer)) return lacking
      if (connected.has(peer)) continue
      lacking.push(key)
      if ((this.#sought.get(key)?.times ?? 0) >= SEEK_DOWN_COUNT) silentCount += 1
      else if (lacking.length - silentCount > Math.min(silentCount, SOUGHT_MAX)) return lacking
    }
    return lacking
  }

  #isConnected(key: PublicKey): boolean {
    return this.#parts.network.peers().includes(peerIdOfPublicKey(key))
  }

  #pauseMs(turns: number): number {
    const mostMs = Math.min(SEEK_PAUSE_LAST_MS, SEEK_PAUSE_FIRST_MS * 2 ** Math.min(turns, 20))
    return mostMs * (1 + this.#parts.random.float() * PAUSE_JITTER)
  }

  #say(seeking: Seeking): void {
    const { network, log } = this.#parts
    network.publish(RUN_TOPIC, encodeSeeking(seeking)).catch((error) => {
      log.debug({ topic: RUN_TOPIC, error: String(error) }, 'message not sent')
    })
  }

  #onMessage(seeking: Seeking): void {
    if (this.#stop.signal.aborted) return
    if (seeking.t === 'seek') {
      if (seeking.sought.includes(this.#parts.identity.publicKey)) this.#answerSoon()
    } else this.#heard(seeking)
  }

  /** Everybody hears the answer: however many look for us, one in a while is enough. */
  #answerSoon(): void {
    if (this.#cancelHere) return
    const { clock, network, identity } = this.#parts
    const answer = () => {
      this.#cancelHere = undefined
      this.#lastHereMs = clock.nowMs()
      const fitting = network.contactAddresses().filter((each) => utf8(each).byteLength <= LISTEN_ADDRESS_BYTES_MAX)
      const addresses = fitting.slice(0, LISTEN_ADDRESSES_MAX)
      // Whoever has heard one takes only a later one, though our clock has stepped back.
      this.#saidAtMs = Math.max(Math.floor(clock.nowMs()), this.#saidAtMs + 1)
      this.#say({ t: 'here', ...signHere({ addresses, atMs: BigInt(this.#saidAtMs) }, identity) })
    }
    const waitMs = this.#lastHereMs + HERE_EVERY_MS - clock.nowMs()
    if (waitMs <= 0) answer()
    else this.#cancelHere = clock.setTimer(answer, Math.min(waitMs, HERE_EVERY_MS))
  }

  #heard(here: Here): void {
    const { publicKey: key, atMs } = here
    const sought = this.#sought.get(key)
    if (sought === undefined || atMs <= sought.answeredAtMs || this.#isConnected(key) || !verifyHere(here)) return
    sought.answeredAtMs = atMs
    sought.answer = here
    this.#reachMore()
  }

  #reachMore(): void {
    for (const sought of this.#sought.values()) {
      if (this.#stop.signal.aborted || this.#reachedCount >= REACHED_AT_ONCE_MAX) return
      const { answer, dialsLeft, isReached } = sought
      if (answer !== undefined && dialsLeft > 0 && !isReached) void this.#reach(sought, answer)
    }
  }

  async #reach(sought: Sought, answer: Here): Promise<void> {
    sought.answer = undefined
    sought.dialsLeft -= 1
    sought.isReached = true
    this.#reachedCount += 1
    try {
      await this.#dialAny(answer)
    } finally {
      sought.isReached = false
      this.#reachedCount -= 1
      this.#reachMore()
    }
  }

  async #dialAny({ publicKey: key, addresses }: Here): Promise<void> {
    const { log } = this.#parts
    const peer = peerIdOfPublicKey(key)
    for (const address of addresses) {
      // Any other address says nothing of who is to answer there.
      if (!address.endsWith(`/p2p/${peer}`)) continue
      if (this.#isConnected(key)) return
      try {
        await this.#dial(address)
        log.info({ peer, address }, 'connected to a member')
        return
      } catch (error) {
        if (this.#stop.signal.aborted) return
        log.debug({ peer, address, error: String(error) }, 'a member cannot be reached there')
      }
    }
  }

  async #dial(address: string): Promise<void> {
    const limit = new AbortController()
    const giveUp = () =>
      limit.abort(new SyncError('SYNC_TIMEOUT', `${address} did not answer in ${REACH_TIMEOUT_MS} ms`))
    const cancel = this.#parts.clock.setTimer(giveUp, REACH_TIMEOUT_MS)
    this.#stop.signal.addEventListener('abort', giveUp)
    try {
      await this.#parts.network.dial(address, { signal: limit.signal })
    } finally {
      cancel()
      this.#stop.signal.removeEventListener('abort', giveUp)
    }
  }
}

function newlySought(nowMs: number): Sought {
  return { times: 0, turns: 0, nextAtMs: nowMs, dialsLeft: 0, isReached: false, answer: undefined, answeredAtMs: 0n }
}
