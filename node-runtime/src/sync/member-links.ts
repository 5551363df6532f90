// Keeps this node connected to members of what it follows. The network connects the nodes of a run whatever they share, a few
// each: members of a namespace, or of a context, may be no neighbours at all, and then neither gossip nor a pull gets from one
// to the other. So the members of each topic stand in a ring, by their keys, and each keeps the next one that answers.
//
// Invariants
// 1. Of each followed topic the next member that is not down is connected or looked for: all that are up are one graph.
// 2. Whoever is looked for and silent is asked for again after ever longer pauses, and the one after it is looked for as well.
// 3. A dial goes only to who is looked for now; Noise proves who answers. What others say costs bounded work.
import type { Bytes } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import type { PublicKey } from '../base/ids.ts'
import type { Logger } from '../base/log.ts'
import type { Random } from '../base/random.ts'
import type { Network, PeerId } from '../network/network.ts'
import { peerIdOfPublicKey } from '../network/peer-id.ts'
import { LISTEN_ADDRESSES_MAX, NONCE_BYTES, SOUGHT_MAX } from '../wire/limits.ts'
import { decodeSeeking, encodeSeeking, type Seeking } from '../wire/seeking.ts'
import {
  HERE_EVERY_MS,
  LINKS_AFTER_MS,
  SEEK_DOWN_COUNT,
  SEEK_PAUSE_FIRST_MS,
  SEEK_PAUSE_LAST_MS,
  SOUGHT_AT_ONCE_MAX,
} from './limits.ts'
import { RUN_TOPIC, type Topic, topicName } from './topics.ts'

export interface MemberLinksParts {
  readonly network: Pick<Network, 'peers' | 'addresses' | 'dial' | 'publish' | 'subscribe' | 'on'>
  readonly publicKey: PublicKey
  /** Ours included, where we are one. */
  readonly membersOf: (topic: Topic) => readonly PublicKey[]
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** Somebody who is looked for. */
interface Sought {
  /** Times that it was looked for in vain since it was last connected. */
  times: number
  nextAtMs: number
  dialling: boolean
}

export class MemberLinks {
  readonly #parts: MemberLinksParts
  readonly #followed = new Map<string, Topic>()
  readonly #sought = new Map<PublicKey, Sought>()
  /** Wanted for a while, members or not, and until when. */
  readonly #asked = new Map<PublicKey, number>()
  readonly #stop = new AbortController()
  #cancelLook: (() => void) | undefined
  #cancelHere: (() => void) | undefined
  #lastHereMs = Number.NEGATIVE_INFINITY

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
    if (publicKey === this.#parts.publicKey || this.#isConnected(publicKey)) return
    this.#asked.set(publicKey, this.#parts.clock.nowMs() + forMs)
    this.#look()
  }

  close(): void {
    this.#stop.abort()
    this.#cancelLook?.()
    this.#cancelHere?.()
  }

  #lookIn(ms: number): void {
    if (this.#stop.signal.aborted || this.#cancelLook) return
    this.#cancelLook = this.#parts.clock.setTimer(() => this.#look(), ms)
  }

  #look(): void {
    this.#cancelLook?.()
    this.#cancelLook = undefined
    if (this.#stop.signal.aborted) return
    const nowMs = this.#parts.clock.nowMs()
    const wanted = this.#wanted(nowMs)
    for (const key of [...this.#sought.keys()]) if (!wanted.has(key)) this.#sought.delete(key)
    const due: PublicKey[] = []
    let nextMs = Number.POSITIVE_INFINITY
    for (const key of wanted) {
      const sought = this.#sought.get(key) ?? { times: 0, nextAtMs: nowMs, dialling: false }
      this.#sought.set(key, sought)
      if (sought.nextAtMs <= nowMs) {
        due.push(key)
        sought.nextAtMs = nowMs + this.#pauseMs(sought.times)
        sought.times += 1
      }
      nextMs = Math.min(nextMs, sought.nextAtMs)
    }
    for (let at = 0; at < due.length; at += SOUGHT_MAX) {
      this.#say({ t: 'seek', sought: due.slice(at, at + SOUGHT_MAX).sort(), nonce: this.#nonce() })
    }
    if (nextMs < Number.POSITIVE_INFINITY) this.#lookIn(Math.max(1, nextMs - nowMs))
  }

  /** Who is to be connected and is not. */
  #wanted(nowMs: number): Set<PublicKey> {
    const connected = new Set(this.#parts.network.peers())
    const wanted = new Set<PublicKey>()
    for (const [key, untilMs] of this.#asked) {
      if (untilMs <= nowMs || connected.has(peerIdOfPublicKey(key))) this.#asked.delete(key)
      else wanted.add(key)
    }
    for (const topic of this.#followed.values()) {
      for (const key of this.#nextOf(topic, connected)) if (wanted.size < SOUGHT_AT_ONCE_MAX) wanted.add(key)
    }
    return wanted
  }

  /** In the ring of members: those before the first that is connected or may still answer, and that one unless it is connected. */
  #nextOf(topic: Topic, connected: ReadonlySet<PeerId>): PublicKey[] {
    const ring = [...this.#parts.membersOf(topic)].sort()
    const at = ring.indexOf(this.#parts.publicKey)
    const lacking: PublicKey[] = []
    if (at === -1) return lacking
    for (const key of [...ring.slice(at + 1), ...ring.slice(0, at)]) {
      if (connected.has(peerIdOfPublicKey(key))) return lacking
      lacking.push(key)
      if ((this.#sought.get(key)?.times ?? 0) < SEEK_DOWN_COUNT) return lacking
    }
    return lacking
  }

  #isConnected(key: PublicKey): boolean {
    return this.#parts.network.peers().includes(peerIdOfPublicKey(key))
  }

  #pauseMs(times: number): number {
    const mostMs = Math.min(SEEK_PAUSE_LAST_MS, SEEK_PAUSE_FIRST_MS * 2 ** Math.min(times, 20))
    return mostMs * (1 + this.#parts.random.float() / 4)
  }

  #nonce(): Bytes {
    return this.#parts.random.bytes(NONCE_BYTES)
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
      if (seeking.sought.includes(this.#parts.publicKey)) this.#answerSoon()
    } else void this.#reach(seeking.publicKey, seeking.addresses)
  }

  /** Everybody hears the answer: however many look for us, one in a while is enough. */
  #answerSoon(): void {
    if (this.#cancelHere) return
    const { clock, network, publicKey } = this.#parts
    const answer = () => {
      this.#cancelHere = undefined
      this.#lastHereMs = clock.nowMs()
      const addresses = network.addresses().slice(0, LISTEN_ADDRESSES_MAX)
      this.#say({ t: 'here', publicKey, addresses, nonce: this.#nonce() })
    }
    const waitMs = this.#lastHereMs + HERE_EVERY_MS - clock.nowMs()
    if (waitMs <= 0) answer()
    else this.#cancelHere = clock.setTimer(answer, waitMs)
  }

  async #reach(key: PublicKey, addresses: readonly string[]): Promise<void> {
    const { network, log } = this.#parts
    const sought = this.#sought.get(key)
    const peer = peerIdOfPublicKey(key)
    if (sought === undefined || sought.dialling || this.#isConnected(key)) return
    sought.dialling = true
    try {
      for (const address of addresses) {
        // Any other address says nothing of who is to answer there.
        if (!address.endsWith(`/p2p/${peer}`)) continue
        try {
          await network.dial(address, { signal: this.#stop.signal })
          log.info({ peer, address }, 'connected to a member')
          return
        } catch (error) {
          if (this.#stop.signal.aborted) return
          log.debug({ peer, address, error: String(error) }, 'a member cannot be reached there')
        }
      }
    } finally {
      sought.dialling = false
    }
  }
}
