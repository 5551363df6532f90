// From a relayed connection to a direct one, as libp2p's specification has it (DCUtR). The end that was connected to begins:
// it tries what the other end says of itself, then both tell each other where they could perhaps be reached and try at the
// same time. It is tried a few times with growing pauses, beside everything else: until it succeeds, and where it does
// not, the relay goes on.
import type { Connection, Stream } from '@libp2p/interface'
import type { Clock } from '../../../../base/clock.ts'
import type { Logger } from '../../../../base/log.ts'
import { NetworkError } from '../../../errors.ts'
import {
  NEGOTIATE_TIMEOUT_MS,
  UPGRADE_DIAL_TIMEOUT_MS,
  UPGRADE_PAUSES_MS,
  UPGRADE_REST_MS,
  UPGRADE_TRY_TIMEOUT_MS,
  UPGRADES_MAX,
} from '../../../limits.ts'
import type { DirectUpgradeStatus, PeerId } from '../../../network.ts'
import type { LibraryNode } from '../../libp2p-node.ts'
import { libraryId, parseAddress, reasonOf } from '../../library-terms.ts'
import { circuitStream } from '../circuit-stream.ts'
import { ConnectionMoves } from './connection-moves.ts'
import { worthTelling, worthTrying } from './upgrade-addresses.ts'
import { decodeUpgrade, encodeUpgrade, UPGRADE_PROTOCOL } from './upgrade-messages.ts'

export interface DirectUpgradesParts {
  readonly node: LibraryNode
  readonly clock: Clock
  readonly log: Logger
  /** Where this node listens. */
  own(): readonly string[]
  isBoot(peer: PeerId): boolean
  /** The gossip link to this peer goes over this connection from now on. */
  moveGossip(peer: PeerId, to: Connection): Promise<void>
}

/** What is remembered of one peer. */
interface Upgrade {
  readonly peer: PeerId
  readonly role: DirectUpgradeStatus['role']
  /** The relayed one. */
  readonly connection: Connection
  /** Where it says that it listens. */
  readonly listed: readonly string[]
  attempts: number
  lastAttemptMs: number
  outcome: DirectUpgradeStatus['outcome']
  /** Of the last attempt. */
  addresses: string[]
  errors: string[]
  cancelTimer: (() => void) | undefined
}

export class DirectUpgrades {
  readonly #parts: DirectUpgradesParts
  readonly #moves: ConnectionMoves
  readonly #asking = new Map<PeerId, Upgrade>()
  readonly #asked = new Map<PeerId, Upgrade>()
  /** Direct ones over which the other end has said who it is: it knows of them, too. */
  readonly #known = new WeakSet<Connection>()
  readonly #stop = new AbortController()
  /** Our end of the connection to a boot node, as that one sees it. */
  #observed: string | undefined

  constructor(parts: DirectUpgradesParts) {
    this.#parts = parts
    this.#moves = new ConnectionMoves(parts)
  }

  /** Before the node starts. */
  async start(): Promise<void> {
    const { node } = this.#parts
    node.addEventListener('peer:identify', ({ detail }) => {
      const peer = detail.peerId.toString()
      if (this.#parts.isBoot(peer)) this.#observed = detail.observedAddr?.toString() ?? this.#observed
      else this.#identified(peer, detail.connection, detail.listenAddrs.map(String))
    })
    await node.handle(UPGRADE_PROTOCOL, (stream, connection) => void this.#serve(stream, connection), {
      maxInboundStreams: 1,
      maxOutboundStreams: 1,
    })
  }

  status(): DirectUpgradeStatus[] {
    return [...this.#asking.values(), ...this.#asked.values()].map((upgrade) => {
      const { peer, role, outcome, attempts, lastAttemptMs, addresses, errors } = upgrade
      const error = outcome === 'direct' || errors.length === 0 ? {} : { error: errors.join('; ') }
      return { peer, role, outcome, attempts, lastAttemptMs, addresses: [...addresses], ...error }
    })
  }

  close(): void {
    this.#stop.abort(new NetworkError('NETWORK_CLOSED', 'the network is closed'))
    this.#moves.close()
    for (const { cancelTimer } of this.#asking.values()) cancelTimer?.()
  }

  #identified(peer: PeerId, connection: Connection, listed: readonly string[]): void {
    if (this.#stop.signal.aborted) return
    if (connection.direct) this.#known.add(connection)
    const direct = this.#parts.node
      .getConnections(libraryId(peer))
      .find((each) => each.status === 'open' && this.#known.has(each))
    if (direct !== undefined) this.#reached(peer, direct)
    else if (!connection.direct && connection.direction === 'inbound') this.#begin(peer, connection, listed)
  }

  #reached(peer: PeerId, direct: Connection): void {
    const wasRelayed = this.#moves.move(direct)
    if (wasRelayed !== undefined && !this.#asking.has(peer) && !this.#asked.has(peer)) {
      // The other end came by itself.
      remember(this.#asked, newUpgrade(peer, 'asked', wasRelayed, this.#parts.clock.nowMs()))
    }
    for (const upgrade of [this.#asking.get(peer), this.#asked.get(peer)]) {
      if (upgrade === undefined) continue
      upgrade.outcome = 'direct'
      upgrade.cancelTimer?.()
    }
  }

  #begin(peer: PeerId, connection: Connection, listed: readonly string[]): void {
    const before = this.#asking.get(peer)
    // A peer identifies itself again when something of it changes.
    if (before?.connection === connection) return
    if (before?.outcome === 'trying' && before.connection.status === 'open') return
    const now = this.#parts.clock.nowMs()
    const upgrade = newUpgrade(peer, 'asking', connection, now, listed)
    if (before?.outcome === 'failed' && now - before.lastAttemptMs < UPGRADE_REST_MS) {
      upgrade.attempts = before.attempts
      upgrade.errors = before.errors
    }
    before?.cancelTimer?.()
    remember(this.#asking, upgrade)
    this.#later(upgrade)
  }

  /** The next attempt, where there is one. */
  #later(upgrade: Upgrade): void {
    const pauseMs = UPGRADE_PAUSES_MS[upgrade.attempts]
    if (pauseMs !== undefined) {
      upgrade.cancelTimer = this.#parts.clock.setTimer(() => void this.#attempt(upgrade), pauseMs)
      return
    }
    upgrade.outcome = 'failed'
    const { peer, attempts, addresses, errors } = upgrade
    this.#parts.log.info({ peer, attempts, addresses, errors }, 'no direct connection; the relay goes on')
  }

  async #attempt(upgrade: Upgrade): Promise<void> {
    const { peer, connection } = upgrade
    if (connection.status === 'open' && this.#directTo(peer) === undefined) {
      this.#count(upgrade)
      await this.#ask(upgrade).catch((error: unknown) => note(upgrade, reasonOf(error)))
    }
    if (this.#stop.signal.aborted || this.#directTo(peer) !== undefined) return
    if (connection.status === 'open') {
      if (upgrade.addresses.length === 0) note(upgrade, 'neither end says where it could be reached')
      this.#later(upgrade)
    } else {
      upgrade.outcome = 'failed'
      note(upgrade, 'the relayed connection has ended')
    }
  }

  async #ask(upgrade: Upgrade): Promise<void> {
    const { clock } = this.#parts
    const { connection } = upgrade
    if (await this.#tryAll(upgrade, upgrade.listed)) return
    const signal = this.#limit(NEGOTIATE_TIMEOUT_MS)
    const stream = await connection.newStream(UPGRADE_PROTOCOL, { signal })
    try {
      const circuit = circuitStream(stream)
      const askedAtMs = clock.nowMs()
      await circuit.write(this.#told(connection), signal)
      const answer = decodeUpgrade(await circuit.read(signal))
      if (answer.t !== 'connect') throw new NetworkError('FRAME_INVALID', 'the other end does not say where it is')
      const roundTripMs = Math.min(NEGOTIATE_TIMEOUT_MS, Math.max(0, clock.nowMs() - askedAtMs))
      await circuit.write(encodeUpgrade({ t: 'sync' }), signal)
      // The other end begins when it hears this, and so do we.
      await new Promise<void>((resolve) => clock.setTimer(resolve, roundTripMs / 2))
      await this.#tryAll(upgrade, answer.addresses)
      // It ends the conversation when it has tried all.
      await circuit.read(this.#limit(UPGRADE_TRY_TIMEOUT_MS)).catch(() => {})
      await circuit.unwrap().close({ signal: this.#limit(NEGOTIATE_TIMEOUT_MS) })
    } catch (error) {
      stream.abort(error instanceof Error ? error : new Error(String(error)))
      throw error
    }
  }

  async #serve(stream: Stream, connection: Connection): Promise<void> {
    try {
      await this.#answer(stream, connection)
    } catch (error) {
      this.#parts.log.debug({ peer: connection.remotePeer.toString(), error: String(error) }, 'direct upgrade failed')
      stream.abort(error instanceof Error ? error : new Error(String(error)))
    }
  }

  async #answer(stream: Stream, connection: Connection): Promise<void> {
    const upgrade = this.#askedOver(connection)
    this.#count(upgrade)
    const signal = this.#limit(NEGOTIATE_TIMEOUT_MS)
    const circuit = circuitStream(stream)
    const request = decodeUpgrade(await circuit.read(signal))
    if (request.t !== 'connect') throw new NetworkError('FRAME_INVALID', 'who asks does not say where it is')
    await circuit.write(this.#told(connection), signal)
    const go = decodeUpgrade(await circuit.read(signal))
    if (go.t !== 'sync') throw new NetworkError('FRAME_INVALID', 'who asks does not say when')
    await this.#tryAll(upgrade, request.addresses)
    if (this.#directTo(upgrade.peer) === undefined) upgrade.outcome = 'failed'
    await circuit.unwrap().close({ signal: this.#limit(NEGOTIATE_TIMEOUT_MS) })
  }

  /** Throws where this relayed connection had all its attempts: what we try for others is counted, too. */
  #askedOver(connection: Connection): Upgrade {
    const peer = connection.remotePeer.toString()
    const before = this.#asked.get(peer)
    if (connection.direct) throw new NetworkError('NOT_CONNECTED', `${peer} is connected directly`)
    if (before?.connection !== connection) {
      return remember(this.#asked, newUpgrade(peer, 'asked', connection, this.#parts.clock.nowMs()))
    }
    if (before.attempts < UPGRADE_PAUSES_MS.length) return before
    throw new NetworkError('NOT_CONNECTED', `${peer} asks for more attempts than there are`)
  }

  #count(upgrade: Upgrade): void {
    upgrade.attempts += 1
    upgrade.lastAttemptMs = this.#parts.clock.nowMs()
    upgrade.outcome = 'trying'
    upgrade.addresses = []
    upgrade.errors = []
  }

  /** True when there is a direct connection, whoever made it. */
  async #tryAll(upgrade: Upgrade, addresses: readonly string[]): Promise<boolean> {
    const { peer, connection } = upgrade
    const all = this.#limit(UPGRADE_TRY_TIMEOUT_MS)
    const relay = connection.remoteAddr.toString()
    for (const address of worthTrying(addresses, { own: this.#parts.own(), relay })) {
      if (this.#directTo(peer) !== undefined || all.aborted) break
      if (!upgrade.addresses.includes(address)) upgrade.addresses.push(address)
      const signal = AbortSignal.any([all, AbortSignal.timeout(UPGRADE_DIAL_TIMEOUT_MS)])
      try {
        await this.#parts.node.dial(parseAddress(`${address}/p2p/${peer}`), { signal })
      } catch (error) {
        note(upgrade, `${address}: ${signal.aborted ? 'no answer' : reasonOf(error)}`)
      }
    }
    return this.#directTo(peer) !== undefined
  }

  #told(connection: Connection): Uint8Array {
    const surroundings = { own: this.#parts.own(), relay: connection.remoteAddr.toString() }
    return encodeUpgrade({ t: 'connect', addresses: worthTelling(surroundings, this.#observed) })
  }

  #directTo(peer: PeerId): Connection | undefined {
    const connections = this.#parts.node.getConnections(libraryId(peer))
    return connections.find(({ direct, status }) => direct && status === 'open')
  }

  #limit(timeoutMs: number): AbortSignal {
    return AbortSignal.any([this.#stop.signal, AbortSignal.timeout(timeoutMs)])
  }
}

function newUpgrade(
  peer: PeerId,
  role: Upgrade['role'],
  connection: Connection,
  nowMs: number,
  listed: readonly string[] = [],
): Upgrade {
  const none = { attempts: 0, outcome: 'trying', addresses: [], errors: [], cancelTimer: undefined } as const
  return { ...none, addresses: [], errors: [], peer, role, connection, listed, lastAttemptMs: nowMs }
}

function remember(upgrades: Map<PeerId, Upgrade>, upgrade: Upgrade): Upgrade {
  upgrades.delete(upgrade.peer)
  const [oldest] = upgrades.values()
  if (upgrades.size >= UPGRADES_MAX && oldest !== undefined) {
    oldest.cancelTimer?.()
    upgrades.delete(oldest.peer)
  }
  upgrades.set(upgrade.peer, upgrade)
  return upgrade
}

/** The same once: both ends name the same addresses. */
function note(upgrade: Upgrade, error: string): void {
  if (!upgrade.errors.includes(error)) upgrade.errors.push(error)
}
