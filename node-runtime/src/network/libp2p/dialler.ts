// Keeps us connected: dials the boot list by plan, fast at first because a whole run starts together, and again after a
// loss. Events only change the state; `evaluate` alone decides what happens next. It keeps:
//   1. The nearest ring successor that is not down is connected or being tried, whatever the degree.
//   2. Beyond that nothing is dialled while `degree` connections stand or are under way.
//   3. At most DIALS_AT_ONCE_MAX dials run, never two to one address, and none to ourselves.
//   4. While a peer of unknown address has just connected, no dial starts: it may be the one we would dial.
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { Random } from '../../base/random.ts'
import { peerIn, placeOf } from '../address.ts'
import { NetworkError } from '../errors.ts'
import {
  DIALS_AT_ONCE_MAX,
  RETRY_DOWN_COUNT,
  RETRY_EXPECTED_MS,
  RETRY_FIRST_MS,
  RETRY_GROWTH,
  RETRY_MAX_MS,
  SETTLE_MS,
  SPARE_ADDRESSES_MAX,
} from '../limits.ts'
import type { BootStatus, PeerId } from '../network.ts'
import { type DialPlan, planDials } from './dial-plan.ts'

/** Far beyond the longest pause; keeps the power finite. */
const RETRY_EXPONENT_MAX = 64

/** What the dialler needs of a network. */
export interface DialLinks {
  readonly peerId: PeerId
  /** Places where we listen. */
  own(): readonly string[]
  isConnected(peer: PeerId): boolean
  connectedCount(): number
  /** Rejects with SELF_DIAL when we ourselves answer. */
  connect(address: string, signal: AbortSignal): Promise<PeerId>
}

export interface DiallerOptions {
  readonly bootAddresses: readonly string[]
  readonly degree: number
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

interface Target {
  /** As it was given: with the peer id if there was one. */
  readonly address: string
  readonly place: string
  readonly boot: boolean
  peer: PeerId | undefined
  failures: number
  nextAtMs: number
  dialling: boolean
  self: boolean
}

export class Dialler {
  readonly #links: DialLinks
  readonly #options: DiallerOptions
  readonly #targets = new Map<string, Target>()
  /** Of the targets, those that a boot node told us. */
  readonly #met = new Set<Target>()
  readonly #stop = new AbortController()
  /** Peers that dialled us and whose address is not known yet, and until when we wait for it. */
  readonly #settling = new Map<PeerId, number>()
  #plan: DialPlan = { ours: [], theirs: [], spares: [] }
  #started = false
  #cancelTimer: (() => void) | undefined

  constructor(links: DialLinks, options: DiallerOptions) {
    this.#links = links
    this.#options = options
    for (const address of options.bootAddresses) this.#add(address, true)
  }

  start(): void {
    this.#started = true
    this.#replan()
    this.#evaluate()
  }

  close(): void {
    this.#started = false
    this.#cancelTimer?.()
    this.#stop.abort(new NetworkError('NETWORK_CLOSED', 'the network is closed'))
  }

  /** Other nodes that the boot list names. */
  get othersCount(): number {
    const own = this.#links.own()
    return [...this.#targets.values()].filter((t) => t.boot && !t.self && !own.includes(t.place)).length
  }

  /** A peer is connected; `inbound` when it dialled us. */
  connected(peer: PeerId, inbound: boolean): void {
    const isKnown = [...this.#targets.values()].some((target) => target.peer === peer)
    if (inbound && !isKnown) this.#settling.set(peer, this.#options.clock.nowMs() + SETTLE_MS)
    this.#evaluate()
  }

  disconnected(peer: PeerId): void {
    this.#settling.delete(peer)
    const now = this.#options.clock.nowMs()
    for (const target of this.#targets.values()) {
      if (target.peer !== peer) continue
      target.failures = 0
      target.nextAtMs = now + this.#delayOf(target)
    }
    this.#evaluate()
  }

  /** A peer told us, or another did, where it listens. */
  learnt(peer: PeerId, addresses: readonly string[]): void {
    this.#settling.delete(peer)
    if (peer !== this.#links.peerId) {
      const places = addresses.map(placeOf)
      const known = places.map((place) => this.#targets.get(place)).filter((target) => target !== undefined)
      for (const target of known) target.peer = peer
      const [address] = addresses
      if (known.length === 0 && address !== undefined && this.#targets.size < SPARE_ADDRESSES_MAX) {
        const target = this.#add(address, false)
        if (target) target.peer = peer
      }
    }
    this.#evaluate()
  }

  /**
   * Everybody who is there, as all are told it: they take the place of those who were told before, in the same plan as a
   * boot list, in which our own address is recognised.
   */
  met(peers: readonly { readonly peer: PeerId; readonly address: string }[]): void {
    const places = new Set(peers.map(({ address }) => placeOf(address)))
    for (const target of this.#met) {
      if (places.has(target.place) || target.dialling || this.#isConnected(target)) continue
      this.#met.delete(target)
      this.#targets.delete(target.place)
    }
    for (const { peer, address } of peers) {
      const place = placeOf(address)
      const known = this.#targets.get(place)
      if (known?.boot) known.peer = peer
      else {
        this.#targets.delete(place)
        const target = this.#add(address, true)
        if (target === undefined) continue
        target.peer = peer
        target.self = peer === this.#links.peerId
        this.#met.add(target)
      }
    }
    this.#replan()
    this.#evaluate()
  }

  status(): BootStatus[] {
    return [...this.#targets.values()]
      .filter((target) => target.boot)
      .map((target) => ({
        address: target.address,
        state: this.#stateOf(target),
        failures: target.failures,
        ...(target.peer === undefined ? {} : { peer: target.peer }),
      }))
  }

  #add(address: string, boot: boolean): Target | undefined {
    const place = placeOf(address)
    if (this.#targets.has(place)) return undefined
    const target: Target = {
      address,
      place,
      boot,
      peer: peerIn(address),
      failures: 0,
      nextAtMs: 0,
      dialling: false,
      self: false,
    }
    this.#targets.set(place, target)
    return target
  }

  #replan(): void {
    const places = [...this.#targets.values()].filter((target) => target.boot).map((target) => target.place)
    const selves = [...this.#targets.values()].filter((target) => target.self).map((target) => target.place)
    this.#plan = planDials([...selves, ...this.#links.own()], places, this.#options.degree)
  }

  #stateOf(target: Target): BootStatus['state'] {
    if (target.self || this.#links.own().includes(target.place)) return 'self'
    if (target.dialling) return 'dialling'
    if (this.#isConnected(target)) return 'connected'
    return this.#wanted().includes(target) ? 'waiting' : 'spare'
  }

  #isConnected(target: Target): boolean {
    return target.peer !== undefined && this.#links.isConnected(target.peer)
  }

  /** What should be connected and is not, most important first (rules 1 and 2). */
  #wanted(): Target[] {
    const planned = [...this.#plan.ours, ...this.#plan.theirs, ...this.#plan.spares].map((p) => this.#targets.get(p))
    const learnt = [...this.#targets.values()].filter((target) => !target.boot)
    const candidates = [...planned, ...learnt].filter((target) => target !== undefined).filter((target) => !target.self)
    const wanted: Target[] = []
    let free = this.#options.degree - this.#links.connectedCount()
    let hasSuccessor = false
    for (const target of candidates) {
      const connected = this.#isConnected(target)
      if (!connected && (!hasSuccessor || free > 0)) {
        wanted.push(target)
        if (!isDown(target)) free -= 1
      }
      if (target.boot && (connected || !isDown(target))) hasSuccessor = true
    }
    return wanted
  }

  #evaluate(): void {
    if (!this.#started) return
    const now = this.#options.clock.nowMs()
    let wakeAt = Number.POSITIVE_INFINITY
    for (const [peer, untilMs] of this.#settling) {
      if (untilMs <= now) this.#settling.delete(peer)
      else wakeAt = Math.min(wakeAt, untilMs)
    }
    let running = [...this.#targets.values()].filter((target) => target.dialling).length
    for (const target of this.#wanted()) {
      if (target.dialling) continue
      if (target.nextAtMs > now) wakeAt = Math.min(wakeAt, target.nextAtMs)
      else if (this.#settling.size === 0 && running < DIALS_AT_ONCE_MAX) {
        running += 1
        this.#dial(target)
      }
    }
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    if (wakeAt === Number.POSITIVE_INFINITY) return
    this.#cancelTimer = this.#options.clock.setTimer(() => this.#evaluate(), Math.max(1, wakeAt - now))
  }

  #dial(target: Target): void {
    target.dialling = true
    this.#links.connect(target.address, this.#stop.signal).then(
      (peer) => {
        target.dialling = false
        target.peer = peer
        target.failures = 0
        this.#evaluate()
      },
      (error: unknown) => this.#failed(target, error),
    )
  }

  #failed(target: Target, error: unknown): void {
    target.dialling = false
    if (!this.#started) return
    if (error instanceof NetworkError && error.code === 'SELF_DIAL') {
      target.self = true
      this.#replan()
    } else {
      target.failures += 1
      target.nextAtMs = this.#options.clock.nowMs() + this.#delayOf(target)
      if (target.failures === RETRY_DOWN_COUNT) {
        this.#options.log.info(
          { address: target.address, error: String(error) },
          'peer does not answer; retrying slowly',
        )
      }
    }
    this.#evaluate()
  }

  #delayOf(target: Target): number {
    const firstMs = this.#plan.ours.includes(target.place) ? RETRY_FIRST_MS : RETRY_EXPECTED_MS
    const mostMs = Math.min(RETRY_MAX_MS, firstMs * RETRY_GROWTH ** Math.min(target.failures, RETRY_EXPONENT_MAX))
    return mostMs * (0.5 + this.#options.random.float() / 2)
  }
}

/** It has not answered for a while: others are tried in its place. */
function isDown(target: Target): boolean {
  return target.failures >= RETRY_DOWN_COUNT
}
