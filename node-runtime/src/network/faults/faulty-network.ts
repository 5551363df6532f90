// A network whose incoming messages pass the rules about messages: the port as those above see it, on any implementation.
import type { Bytes } from '../../base/bytes.ts'
import { NetworkError } from '../errors.ts'
import type {
  Cancel,
  ConnectionCounts,
  FrameStream,
  MeshReadyOptions,
  MeshState,
  MessageListener,
  Network,
  NetworkEvents,
  NetworkStatus,
  OpenOptions,
  PeerId,
  StreamHandler,
} from '../network.ts'
import type { HeldFrame, MessageFaults } from './message-faults.ts'

const DROPPED = 'a frame of the stream was dropped by a fault'

export function withMessageFaults(inner: Network, faults: MessageFaults): Network {
  return new FaultyNetwork(inner, faults)
}

class FaultyNetwork implements Network {
  readonly #inner: Network
  readonly #faults: MessageFaults

  constructor(inner: Network, faults: MessageFaults) {
    this.#inner = inner
    this.#faults = faults
  }

  get peerId(): PeerId {
    return this.#inner.peerId
  }

  subscribe(topic: string, onMessage: MessageListener): void {
    // Late ones may come when the topic is not followed any more: that is as if they had never come.
    const listener: MessageListener = (from, data) => this.#faults.onGossip(from, data, onMessage)
    this.#inner.subscribe(topic, listener)
  }

  handle(protocol: string, handler: StreamHandler): void {
    this.#inner.handle(protocol, (peer, stream) => handler(peer, new FaultyStream(stream, protocol, this.#faults)))
  }

  async open(peer: PeerId, protocol: string, options?: OpenOptions): Promise<FrameStream> {
    return new FaultyStream(await this.#inner.open(peer, protocol, options), protocol, this.#faults)
  }

  addresses(): string[] {
    return this.#inner.addresses()
  }

  contactAddresses(): string[] {
    return this.#inner.contactAddresses()
  }

  peers(): PeerId[] {
    return this.#inner.peers()
  }

  subscribers(topic: string): PeerId[] {
    return this.#inner.subscribers(topic)
  }

  dial(address: string, options?: Cancel): Promise<PeerId> {
    return this.#inner.dial(address, options)
  }

  disconnect(peer: PeerId): Promise<void> {
    return this.#inner.disconnect(peer)
  }

  unsubscribe(topic: string): void {
    this.#inner.unsubscribe(topic)
  }

  publish(topic: string, data: Bytes): Promise<void> {
    return this.#inner.publish(topic, data)
  }

  on<Name extends keyof NetworkEvents>(event: Name, listener: NetworkEvents[Name]): () => void {
    return this.#inner.on(event, listener)
  }

  counts(): ConnectionCounts | undefined {
    return this.#inner.counts?.()
  }

  status(): NetworkStatus {
    return this.#inner.status()
  }

  meshState(options: MeshReadyOptions): MeshState {
    return this.#inner.meshState(options)
  }

  meshReady(options: MeshReadyOptions & Cancel): Promise<void> {
    return this.#inner.meshReady(options)
  }

  provide(key: Bytes, options?: Cancel): Promise<void> {
    return this.#inner.provide(key, options)
  }

  providers(key: Bytes, options?: Cancel): Promise<PeerId[]> {
    return this.#inner.providers(key, options)
  }

  start(): Promise<void> {
    return this.#inner.start()
  }

  async close(): Promise<void> {
    this.#faults.close()
    await this.#inner.close()
  }
}

/**
 * Frames that come wait here one by one. Behind a held one the next is read, by which a reset of the stream is seen, and no
 * more: the sender is made to wait.
 */
class FaultyStream implements FrameStream {
  readonly peer: PeerId
  readonly frames: AsyncIterable<Bytes>
  readonly #inner: FrameStream
  readonly #aborted = Promise.withResolvers<never>()

  constructor(inner: FrameStream, protocol: string, faults: MessageFaults) {
    this.peer = inner.peer
    this.#inner = inner
    // Where nothing is held, nobody waits for it.
    this.#aborted.promise.catch(() => undefined)
    this.frames = { [Symbol.asyncIterator]: () => this.#iterate(protocol, faults) }
  }

  send(frame: Bytes): Promise<void> {
    return this.#inner.send(frame)
  }

  closeWrite(): Promise<void> {
    return this.#inner.closeWrite()
  }

  abort(reason: Error): void {
    this.#inner.abort(reason)
    this.#aborted.reject(reason)
  }

  async *#iterate(protocol: string, faults: MessageFaults): AsyncGenerator<Bytes> {
    const frames = this.#inner.frames[Symbol.asyncIterator]()
    let ahead: Promise<IteratorResult<Bytes>> | undefined
    try {
      for (;;) {
        const next = await (ahead ?? frames.next())
        ahead = undefined
        if (next.done === true) return
        const fate = faults.onFrame(this.peer, protocol, next.value)
        if (fate === 'drop') throw this.#ended(new NetworkError('STREAM_RESET', DROPPED))
        if (fate !== 'pass') {
          ahead = frames.next()
          await this.#released(fate, ahead)
        }
        yield next.value
      }
    } finally {
      await frames.return?.()
    }
  }

  /** Throws what ends the stream before that. */
  async #released(fate: HeldFrame, ahead: Promise<unknown>): Promise<void> {
    // That the peer has ended its half, or goes on, ends no hold.
    const failed = new Promise<never>((_, reject) => ahead.catch(reject))
    try {
      await Promise.race([fate.released, this.#aborted.promise, failed])
    } catch (error) {
      throw this.#ended(error instanceof Error ? error : new Error(String(error)))
    } finally {
      fate.giveUp()
    }
  }

  #ended(reason: Error): Error {
    this.abort(reason)
    return reason
  }
}
