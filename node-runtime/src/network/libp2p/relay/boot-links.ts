// A node's end of its boot nodes: stays connected to them, has a place at their relay, tells them where it listens and hears
// who else is there. They are no peers of the run: nothing above the network sees them.
import type { Connection } from '@libp2p/interface'
import type { Clock } from '../../../base/clock.ts'
import type { Logger } from '../../../base/log.ts'
import type { Random } from '../../../base/random.ts'
import { bootArrivalMessage, bootDirectoryMessage } from '../../../wire/boot-messages.ts'
import { BOOT_ADDRESSES_MAX } from '../../../wire/limits.ts'
import { peerIn, placeOf } from '../../address.ts'
import { NetworkError } from '../../errors.ts'
import {
  BOOT_NEWS_MS,
  BOOT_RETRY_FIRST_MS,
  BOOT_RETRY_MAX_MS,
  NEGOTIATE_TIMEOUT_MS,
  RESERVATION_MS,
} from '../../limits.ts'
import type { FrameStream, PeerId, RelayStatus } from '../../network.ts'
import { StandingDials } from '../standing-dials.ts'
import { CircuitStatus, decodeHop, encodeHop, HOP_PROTOCOL } from './circuit-messages.ts'
import { circuitStream } from './circuit-stream.ts'

/** Of this network's own protocols. */
export const DIRECTORY_PROTOCOL = 'boot-directory/1'

export interface MetPeer {
  readonly peer: PeerId
  /** The best one: direct where it has one, else through the relay. */
  readonly address: string
}

export interface BootLinksParts {
  readonly peerId: PeerId
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  connect(address: string, signal: AbortSignal): Promise<PeerId>
  /** A conversation with a boot node. */
  open(boot: PeerId, protocol: string): Promise<FrameStream>
  /** Where this node listens. */
  own(): readonly string[]
  /** All that a boot node knows of, this node included. */
  met(peers: readonly MetPeer[]): void
}

interface Boot {
  /** With the peer id. */
  readonly address: string
  readonly peer: PeerId
  state: RelayStatus['state']
  changedAtMs: number
  cancelRenewal: (() => void) | undefined
  /** The one that is used; a second one is left alone. */
  connection: Connection | undefined
  conversation: FrameStream | undefined
  known: readonly MetPeer[]
}

export class BootLinks {
  readonly #parts: BootLinksParts
  readonly #boots = new Map<PeerId, Boot>()
  readonly #dials: StandingDials
  #closed = false

  /** Addresses with a peer id; throws NetworkError ADDRESS_INVALID for others. */
  constructor(parts: BootLinksParts, addresses: readonly string[]) {
    this.#parts = parts
    for (const address of addresses) {
      const peer = peerIn(address)
      if (peer === undefined) {
        const message = `the address of a boot node ends with its id (/p2p/ID), which ${address} does not`
        throw new NetworkError('ADDRESS_INVALID', message)
      }
      const changedAtMs = parts.clock.nowMs()
      const idle = {
        state: 'discovered',
        changedAtMs,
        cancelRenewal: undefined,
        connection: undefined,
        conversation: undefined,
      } as const
      this.#boots.set(peer, { ...idle, address, peer, known: [] })
    }
    this.#dials = new StandingDials(parts.connect, {
      ...parts,
      addresses,
      what: 'boot node',
      firstMs: BOOT_RETRY_FIRST_MS,
      maxMs: BOOT_RETRY_MAX_MS,
    })
  }

  owns(peer: PeerId): boolean {
    return this.#boots.has(peer)
  }

  /** Nothing is known of the others yet, nor they of us. */
  get isWaiting(): boolean {
    return this.#boots.size > 0 && !this.#everybody().some(({ peer }) => peer === this.#parts.peerId)
  }

  /** Where the others are told that we are. */
  ownPlaces(): string[] {
    return this.#everybody()
      .filter(({ peer }) => peer === this.#parts.peerId)
      .map(({ address }) => placeOf(address))
  }

  status(): RelayStatus[] {
    return [...this.#boots.values()].map(({ peer, address, state, changedAtMs }) => ({
      peer,
      address,
      state,
      changedAtMs,
    }))
  }

  start(): void {
    this.#dials.start()
  }

  close(): void {
    this.#closed = true
    this.#dials.close()
    for (const boot of this.#boots.values()) boot.cancelRenewal?.()
  }

  connected(connection: Connection): void {
    const boot = this.#boots.get(connection.remotePeer.toString())
    if (boot === undefined || boot.connection !== undefined) return
    boot.connection = connection
    this.#set(boot, 'requested')
    void this.#settle(boot, connection)
  }

  disconnected(peer: PeerId): void {
    const boot = this.#boots.get(peer)
    if (boot === undefined) return
    boot.cancelRenewal?.()
    boot.conversation?.abort(new NetworkError('NOT_CONNECTED', 'the boot node is gone'))
    boot.connection = undefined
    boot.conversation = undefined
    if (boot.state !== 'discovered') this.#parts.log.info({ boot: peer }, 'boot node lost')
    this.#set(boot, 'expired')
    this.#dials.disconnected(peer)
  }

  async #settle(boot: Boot, connection: Connection): Promise<void> {
    const { log } = this.#parts
    try {
      await this.#reserve(boot, connection)
      await this.#converse(boot)
    } catch (error) {
      if (this.#closed) return
      log.warn({ boot: boot.peer, error: String(error) }, 'boot node of no use; connecting again')
      // The end of the connection is what begins the next attempt.
      connection.abort(error instanceof Error ? error : new Error(String(error)))
    }
  }

  async #reserve(boot: Boot, connection: Connection): Promise<void> {
    const signal = AbortSignal.timeout(NEGOTIATE_TIMEOUT_MS)
    const circuit = circuitStream(await connection.newStream(HOP_PROTOCOL, { signal }))
    await circuit.write(encodeHop({ t: 'reserve' }), signal)
    const answer = decodeHop(await circuit.read(signal))
    await circuit.unwrap().close({ signal })
    if (answer.t !== 'status' || answer.status !== CircuitStatus.ok) {
      const status = answer.t === 'status' ? answer.status : answer.t
      throw new NetworkError('DIAL_FAILED', `the relay holds no place for this node: ${status}`)
    }
    // What was lost meanwhile is not to be called accepted.
    if (boot.connection !== connection) throw new NetworkError('NOT_CONNECTED', 'the boot node is gone')
    if (boot.state !== 'accepted') {
      const address = this.#circuitTo(boot, this.#parts.peerId)
      // The word by which the reference's tools recognise it.
      const said = 'ReservationReqAccepted'
      this.#parts.log.info({ relay: boot.peer, address, said }, 'relay reservation accepted')
    }
    this.#set(boot, 'accepted')
    boot.cancelRenewal?.()
    boot.cancelRenewal = this.#parts.clock.setTimer(() => void this.#renew(boot, connection), RESERVATION_MS / 2)
  }

  async #renew(boot: Boot, connection: Connection): Promise<void> {
    if (connection.status !== 'open') return
    await this.#reserve(boot, connection).catch((error: unknown) =>
      connection.abort(error instanceof Error ? error : new Error(String(error))),
    )
  }

  async #converse(boot: Boot): Promise<void> {
    const stream = await this.#parts.open(boot.peer, DIRECTORY_PROTOCOL)
    boot.conversation = stream
    const tell = () => {
      if (boot.conversation !== stream) return
      const addresses = this.#parts.own().slice(0, BOOT_ADDRESSES_MAX)
      // Its failure ends the reading below, too.
      stream.send(bootArrivalMessage.encode({ addresses })).catch(() => {})
      cancel = this.#parts.clock.setTimer(tell, BOOT_NEWS_MS)
    }
    let cancel = () => {}
    tell()
    try {
      for await (const frame of stream.frames) this.#learn(boot, frame)
    } finally {
      cancel()
      if (boot.conversation === stream) boot.conversation = undefined
    }
    throw new NetworkError('STREAM_CLOSED', 'the boot node has ended the conversation')
  }

  #learn(boot: Boot, frame: Uint8Array): void {
    const { peers } = bootDirectoryMessage.decode(frame)
    boot.known = peers.flatMap(({ peer, addresses: [direct], relayed }) => {
      if (direct === undefined && !relayed) return []
      return [{ peer, address: direct === undefined ? this.#circuitTo(boot, peer) : `${direct}/p2p/${peer}` }]
    })
    this.#parts.met(this.#everybody())
  }

  /** By which a peer that has a place at a boot node as we have is reached. */
  circuits(peer: PeerId): string[] {
    return [...this.#boots.values()]
      .filter(({ state }) => state === 'accepted')
      .map((boot) => this.#circuitTo(boot, peer))
  }

  /** Of all boot nodes together: the first one that knows somebody. */
  #everybody(): MetPeer[] {
    const all = [...this.#boots.values()].flatMap(({ known }) => known)
    return [...new Map(all.toReversed().map((each) => [each.peer, each])).values()].toReversed()
  }

  #circuitTo(boot: Boot, peer: PeerId): string {
    return `${boot.address}/p2p-circuit/p2p/${peer}`
  }

  #set(boot: Boot, state: RelayStatus['state']): void {
    boot.state = state
    boot.changedAtMs = this.#parts.clock.nowMs()
  }
}
