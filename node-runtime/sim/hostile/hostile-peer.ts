// A peer that keeps to no rule: it speaks the wire protocol with the real codecs and says what it must not. It may be a
// member, with the group's key, or a stranger.
import type { Bytes } from '../../src/base/bytes.ts'
import { type DeltaId, type PublicKey, type RootHash, stampOf } from '../../src/base/ids.ts'
import type { Random } from '../../src/base/random.ts'
import type { FrameStream, Network, PeerId } from '../../src/network/network.ts'
import { SYNC_PROTOCOL } from '../../src/sync/conversation.ts'
import { HELLO_PROTOCOL } from '../../src/sync/hello.ts'
import { RUN_TOPIC, topicHash, topicName } from '../../src/sync/topics.ts'
import { keysOf, peerIdOf } from '../../src/testing/test-node.ts'
import type { TestWorld } from '../../src/testing/test-nodes.ts'
import { type Vouch, vouchFor } from '../../src/wire/checkpoint.ts'
import { type Delta, decodeDelta, encodeDelta } from '../../src/wire/delta.ts'
import { decodeGossip, encodeGossip, signHeads } from '../../src/wire/gossip.ts'
import { helloMessage, syncFrameMessage, syncRequestMessage } from '../../src/wire/sync-messages.ts'
import type { History } from '../record/history.ts'
import type { Setting } from '../run/settings.ts'
import { type Draws, drawsFrom } from '../scenario/draws.ts'
import { operationOf } from '../scenario/operations.ts'
import { type Fault, HOSTILE, type HostileAct, type Operation, type Scenario } from '../scenario/scenario.ts'
import { copyOf, replacing } from './copies.ts'
import { writes } from './hostile-calls.ts'
import { type DeltaWishes, Forgery } from './hostile-forgery.ts'
import { FalseStates } from './hostile-states.ts'
import { pry } from './prying.ts'
import { Spoiling } from './spoiling.ts'

/** Frames and deltas it remembers to use again. */
const REMEMBERED_MAX = 200
const FLOOD_FRAMES = 150
const FLOOD_STREAMS = 40

export interface HostileParts {
  readonly world: TestWorld
  readonly scenario: Scenario
  readonly setting: Setting
  readonly fault: Extract<Fault, { kind: 'hostile' }>
  readonly random: Random
  readonly history: History
}

export class HostilePeer {
  readonly #parts: HostileParts
  readonly #network: Network
  readonly #identity = keysOf(HOSTILE).identity
  readonly #forgery: Forgery
  readonly #states: FalseStates
  readonly #draws: Draws
  readonly #topics: { readonly context: string; readonly namespace: string }
  readonly #frames: Bytes[] = []
  readonly #deltas: Delta[] = []
  #heads: readonly DeltaId[] = []
  /** What it heard others vouch for, and how. */
  #vouched: Bytes | undefined
  readonly #vouches = new Map<PublicKey, Vouch>()
  #made = 0
  #spoiling: Spoiling | undefined
  /** So many of what it hears of next it says to stand for. */
  #claims = 0

  constructor(parts: HostileParts, bootAddresses: readonly string[]) {
    const { world, setting, random, fault } = parts
    const { address } = world.place(HOSTILE)
    const { contextId, namespaceId } = setting.shared
    this.#parts = parts
    this.#draws = drawsFrom(random)
    this.#topics = {
      context: topicName({ kind: 'context', id: contextId }),
      namespace: topicName({ kind: 'namespace', id: namespaceId }),
    }
    const nowMs = () => world.clock.nowMs()
    this.#forgery = new Forgery({ setting, identity: this.#identity, random, hasKey: fault.member, nowMs })
    this.#states = new FalseStates({
      ...parts,
      forgery: this.#forgery,
      draws: this.#draws,
      identity: this.#identity,
      newest: () => this.#deltas.at(-1)?.id,
      vouches: this.#vouches,
    })
    this.#network = world.network.createNode({ peerId: peerIdOf(HOSTILE), address, bootAddresses })
    this.#network.handle(SYNC_PROTOCOL, (_, stream) => this.#serve(stream))
    this.#network.handle(HELLO_PROTOCOL, (_, stream) => this.#greet(stream))
    this.#network.subscribe(RUN_TOPIC, () => {})
    this.#network.subscribe(this.#topics.context, (_, data) => this.#listen(data))
    this.#network.subscribe(this.#topics.namespace, (_, data) => void this.#remember(data))
  }

  get publicKey(): PublicKey {
    return this.#identity.publicKey
  }

  start(): Promise<void> {
    return this.#network.start()
  }

  close(): Promise<void> {
    return this.#network.close()
  }

  async act(act: HostileAct): Promise<void> {
    switch (act) {
      case 'bad-signature': {
        const delta = this.#deltas.at(-1) ?? (await this.#written())
        const signature = Uint8Array.from(delta.signature)
        signature[this.#draws.whole(0, 63)] = (signature[0] ?? 0) ^ 1
        return this.#gossip([{ ...delta, signature }])
      }
      case 'forged-author': {
        const author = keysOf(this.#draws.pick(this.#parts.scenario.nodes)).identity.publicKey
        return this.#gossip([{ ...(await this.#written()), author }])
      }
      case 'forged-parent':
        return this.#gossip([await this.#written({ parents: [{ id: this.#forgery.earlyId(), hlc: 1n }] })])
      case 'equivocate':
        return this.#equivocate()
      case 'backdate':
        return this.#gossip([await this.#written({ parents: [], hlc: this.#forgery.long() })])
      case 'future':
        return this.#gossip([await this.#written({ hlc: this.#forgery.now() + 3_600_000_000_000n })])
      case 'unknown-key':
        return this.#gossip([await this.#written({ unknownKey: true })])
      case 'malformed-artifact': {
        const kind = this.#draws.pick(['host', 'guest'] as const)
        const payload = {
          artifact: { kind, bytes: this.#forgery.bytes(this.#draws.whole(0, 200)) },
          events: [],
          depth: 0,
        }
        return this.#gossip([this.#signed({ parents: this.#tips(), payload, hlc: this.#forgery.now() })])
      }
      case 'borrowed-artifact':
        return this.#borrow(this.#deltas)
      case 'garbage-gossip':
        return this.#garbage(10)
      case 'garbage-streams':
        return this.#garbageStreams()
      case 'replay':
        for (const frame of this.#draws.some(this.#frames, 60)) await this.#publish(this.#topics.context, frame)
        return
      case 'flood':
        return this.#flood()
      case 'false-heads':
        return this.#beat([this.#forgery.someId(), this.#forgery.someId()])
      case 'false-root':
        return this.#beat(this.#heads)
      case 'false-vouch':
        return this.#vouch()
      case 'seize-power':
        return this.#seizePower()
      case 'early-cut':
        if (this.#states.nameEarlyCut()) for (const peer of this.#network.peers()) await this.#greetFirst(peer)
        return
      case 'pry':
        // It waits for answers, and time stands still while an act is under way.
        void this.#pry()
        return
      case 'spoil':
        this.#spoiling = new Spoiling()
        return
      case 'false-rewrite':
        // The same once more; or as soon as it hears of something, so that some hear of its claim first.
        if (this.#draws.chance(0.5)) return this.#borrow(this.#others(this.#deltas), true)
        this.#claims += 1
        return
    }
  }

  /** An honest call's delta of its own, or one that is wrong as wished. */
  async #written(
    wishes: Partial<Pick<DeltaWishes, 'parents' | 'hlc' | 'unknownKey' | 'rewrites'>> = {},
  ): Promise<Delta> {
    this.#made += 1
    const call = operationOf(this.#parts.scenario.app, this.#draws, 100_000 + this.#made)
    const hlc = wishes.hlc ?? this.#forgery.now()
    const payload = await this.#forgery.payload(writes(call), hlc)
    const { parents = this.#tips(), unknownKey = false, rewrites = [] } = wishes
    const stamp = payload.timeNs > hlc ? payload.timeNs : hlc
    const delta = this.#signed({ parents, payload, hlc: stamp, unknownKey, rewrites })
    this.#attempted(writes(call), delta.id)
    return delta
  }

  #attempted({ method, args }: Pick<Operation, 'method' | 'args'>, deltaId: DeltaId): void {
    const { history, world } = this.#parts
    const atMs = world.clock.nowMs()
    const operation = { atMs, node: HOSTILE, method, args }
    history.attempts.push({ operation, atMs, outcome: 'open', deltaId, error: undefined })
  }

  #signed(wishes: DeltaWishes): Delta {
    const delta = this.#forgery.delta(wishes)
    this.#parts.history.hostileDeltas.add(delta.id)
    return delta
  }

  /** What it heard last. */
  #tips(): { id: DeltaId; hlc: bigint }[] {
    const last = this.#deltas.at(-1)
    return last ? [{ id: last.id, hlc: last.hlc }] : []
  }

  async #equivocate(): Promise<void> {
    const parents = this.#tips()
    const hlc = this.#forgery.now() + 1n
    const peers = this.#network.subscribers(this.#topics.context)
    for (const peer of this.#draws.some(peers, 2)) {
      const data = encodeGossip({ t: 'deltas', items: [encodeDelta(await this.#written({ parents, hlc }))] })
      this.#parts.world.network.whisper(this.#network.peerId, peer, this.#topics.context, data)
    }
  }

  /** Signs what somebody else wrote as its own, in its place where it `claims` that. */
  async #borrow(deltas: readonly Delta[], claims = false): Promise<void> {
    const copy = copyOf(deltas, this.#parts)
    if (copy === undefined) return
    const { of, payload } = copy
    const wishes = claims ? replacing(of, this.#forgery.now()) : { hlc: this.#forgery.now() }
    const own = this.#signed({ parents: this.#tips(), payload, ...wishes })
    this.#attempted(copy.operation, own.id)
    await this.#gossip([own])
  }

  #others(deltas: readonly Delta[]): Delta[] {
    return deltas.filter(({ author }) => author !== this.publicKey)
  }

  /** What it signs stands for what another has written, it says, and does not build on that. */
  async #claim(of: Delta): Promise<void> {
    const parents = of.parents.map((id) => ({ id, hlc: stampOf(id) }))
    return this.#gossip([await this.#written({ parents, ...replacing(of, this.#forgery.now()) })])
  }

  async #garbage(count: number): Promise<void> {
    for (let i = 0; i < count; i += 1) {
      const topic = this.#draws.pick([this.#topics.context, this.#topics.namespace, RUN_TOPIC])
      await this.#publish(
        topic,
        this.#draws.chance(0.5) ? this.#forgery.bytes(this.#draws.whole(0, 600)) : this.#broken(),
      )
    }
  }

  /** A frame it heard, cut short or with one byte changed. */
  #broken(): Bytes {
    const frame = Uint8Array.from(this.#frames.at(-1) ?? this.#forgery.bytes(100))
    const at = this.#draws.whole(0, Math.max(0, frame.byteLength - 1))
    if (this.#draws.chance(0.5)) return frame.subarray(0, at)
    frame[at] = (frame[at] ?? 0) ^ this.#draws.whole(1, 255)
    return frame
  }

  #pry(): Promise<void> {
    const { setting, world, history } = this.#parts
    return pry({
      network: this.#network,
      shared: setting.shared,
      identity: this.#identity,
      said: history.said,
      setTimer: (fn, ms) => world.clock.setTimer(fn, ms),
      onGiven: (request) => history.pried.push({ name: HOSTILE, request }),
    })
  }

  async #garbageStreams(): Promise<void> {
    for (const peer of this.#network.peers()) {
      for (const protocol of [SYNC_PROTOCOL, HELLO_PROTOCOL, 'unknown/1']) {
        await this.#say(peer, protocol, this.#forgery.bytes(this.#draws.whole(0, 5000)))
      }
    }
  }

  /** Much of everything at once. Streams are left open and never read. */
  async #flood(): Promise<void> {
    const { contextId } = this.#parts.setting.shared
    for (let i = 0; i < FLOOD_FRAMES; i += 1) {
      await this.#publish(this.#topics.context, this.#draws.chance(0.3) ? this.#broken() : this.#forgery.bytes(300))
    }
    const request = syncRequestMessage.encode({ t: 'fetch', contextId, wants: [{ t: 'range', from: '', to: 'g' }] })
    for (const peer of this.#network.peers()) {
      for (let i = 0; i < FLOOD_STREAMS; i += 1) await this.#say(peer, SYNC_PROTOCOL, request)
    }
  }

  async #beat(heads: readonly DeltaId[]): Promise<void> {
    const { contextId } = this.#parts.setting.shared
    const root = this.#forgery.someId() as string as RootHash
    const removals = new Uint8Array(32)
    const hlc = 1n
    const beat = signHeads({ contextId, heads: [...heads].sort(), root, removals, hlc }, this.#identity)
    await this.#publish(this.#topics.context, encodeGossip({ t: 'heads', ...beat }))
  }

  async #seizePower(): Promise<void> {
    const victim = keysOf(this.#parts.scenario.nodes[0] ?? 'n0').identity.publicKey
    for (const op of this.#forgery.seizing(victim))
      await this.#publish(this.#topics.namespace, encodeGossip({ t: 'ops', items: [op] }))
  }

  #gossip(deltas: readonly Delta[]): Promise<void> {
    return this.#publish(this.#topics.context, encodeGossip({ t: 'deltas', items: deltas.map(encodeDelta) }))
  }

  async #publish(topic: string, data: Bytes): Promise<void> {
    await this.#network.publish(topic, data)
  }

  /** Nobody waits for it. */
  async #say(peer: PeerId, protocol: string, frame: Bytes): Promise<void> {
    this.#network
      .open(peer, protocol)
      .then(
        (stream) => stream.send(frame),
        () => {
          // The other side may refuse: that is its right.
        },
      )
      .catch(() => {
        // The connection may end at any time.
      })
  }

  #listen(data: Bytes): void {
    this.#remember(data)
    try {
      const gossip = decodeGossip(data)
      if (gossip.t === 'heads') {
        this.#heads = gossip.heads
        this.#vouched = gossip.vouch?.checkpoint
        if (gossip.vouch) this.#vouches.set(gossip.author, { author: gossip.author, signature: gossip.vouch.signature })
      }
      if (gossip.t === 'deltas') this.#hear(gossip.items.map(decodeDelta))
    } catch {
      // Its own garbage comes back to it.
    }
  }

  #hear(deltas: readonly Delta[]): void {
    this.#deltas.push(...deltas)
    if (this.#deltas.length > REMEMBERED_MAX) this.#deltas.splice(0, this.#deltas.length - REMEMBERED_MAX)
    for (const delta of this.#others(deltas).slice(0, this.#claims)) {
      this.#claims -= 1
      void this.#claim(delta)
    }
    const spoilt = this.#spoiling?.of(deltas) ?? []
    if (spoilt.length > 0) void this.#gossip(spoilt)
  }

  #remember(data: Bytes): void {
    this.#frames.push(data)
    if (this.#frames.length > REMEMBERED_MAX) this.#frames.shift()
  }

  async #greet(stream: FrameStream): Promise<void> {
    await stream.send(this.#hello())
  }

  /** Whoever is greeted looks what is new. */
  #greetFirst(peer: PeerId): Promise<void> {
    return this.#say(peer, HELLO_PROTOCOL, this.#hello())
  }

  #hello(): Bytes {
    const topic = topicHash({ kind: 'context', id: this.#parts.setting.shared.contextId })
    return helloMessage.encode({ topics: [{ topic, digest: this.#forgery.bytes(32) }] })
  }

  async #serve(stream: FrameStream): Promise<void> {
    if (this.#states.hasEarlyCut) return this.#states.serve(stream)
    switch (this.#parts.fault.serving) {
      case 'nothing':
        return stream.send(syncFrameMessage.encode({ t: 'end', more: this.#draws.chance(0.5) }))
      case 'silence':
        return new Promise(() => {})
      case 'garbage':
        return stream.send(this.#forgery.bytes(500))
      case 'half': {
        const items = this.#deltas.slice(-3).map(encodeDelta)
        if (items.length > 0) await stream.send(syncFrameMessage.encode({ t: 'items', items }))
        return stream.abort(new Error('half of an answer'))
      }
      case 'refusal':
        return stream.send(syncFrameMessage.encode({ t: 'refused', code: 'busy', message: 'never' }))
      case 'reset':
        throw new Error('no answer from here')
      case 'false-state':
        return this.#states.serve(stream)
    }
  }

  /** Says of what others vouch for that it does so, too, or of what it has never seen. */
  async #vouch(): Promise<void> {
    const { contextId } = this.#parts.setting.shared
    const checkpoint = this.#draws.chance(0.5) ? (this.#vouched ?? this.#forgery.bytes(32)) : this.#forgery.bytes(32)
    const replayed = [...this.#vouches.values()][0]?.signature
    const own = vouchFor(checkpoint, this.#identity).signature
    const vouch = { checkpoint, signature: this.#draws.chance(0.7) ? own : (replayed ?? own) }
    const facts = { contextId, heads: [...this.#heads].sort(), root: this.#forgery.someId() as string as RootHash }
    const said = { removals: new Uint8Array(32), hlc: this.#forgery.now(), vouch }
    await this.#publish(
      this.#topics.context,
      encodeGossip({ t: 'heads', ...signHeads({ ...facts, ...said }, this.#identity) }),
    )
  }
}
