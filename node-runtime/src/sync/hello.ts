// The hello: on each new connection, and when a peer turns out to share a topic, both sides compare the digest of their
// heads. Equal means nothing to do; otherwise who was greeted pulls, which tells the other what that lacks. On a new
// connection both greet. It closes the gap in which gossip is not delivered yet.
import { type Bytes, equalBytes, toHex } from '../base/bytes.ts'
import type { Id } from '../base/ids.ts'
import type { Logger } from '../base/log.ts'
import { NetworkError } from '../network/errors.ts'
import type { FrameStream, Network, PeerId } from '../network/network.ts'
import { HELLO_TOPICS_MAX } from '../wire/limits.ts'
import { type Hello, helloMessage } from '../wire/sync-messages.ts'
import { SyncError } from './errors.ts'
import { headsDigest, type Topic, topicHash } from './topics.ts'

/**
 * Raised with every change of what nodes tell each other, whose readers take no field that they do not know: nodes of two
 * versions tell each other nothing rather than half.
 */
export const HELLO_PROTOCOL = 'hello/10'

export interface HelloParts {
  readonly network: Network
  /** All followed topics with their heads. */
  readonly topics: () => Promise<readonly { readonly topic: Topic; readonly heads: readonly Id[] }[]>
  /** `digest`: of the peer's heads. */
  readonly onDifferent: (topic: Topic, peer: PeerId, digest: Bytes) => void
  readonly log: Logger
}

export class HelloExchange {
  readonly #parts: HelloParts
  readonly #greeted = new Set<PeerId>()
  readonly #listeners = new Set<() => void>()

  constructor(parts: HelloParts) {
    this.#parts = parts
    parts.network.handle(HELLO_PROTOCOL, (peer, stream) => this.#answer(peer, stream))
    parts.network.on('peer:disconnect', (peer) => this.#greeted.delete(peer))
  }

  greeted(peer: PeerId): boolean {
    return this.#greeted.has(peer)
  }

  /** Calls the listener at each hello; returns what takes it away. */
  onGreeted(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /** Compares all topics with one peer: it pulls where they differ; with `asks` we do, too. */
  async greet(peer: PeerId, asks: boolean, signal: AbortSignal): Promise<void> {
    const stream = await this.#parts.network.open(peer, HELLO_PROTOCOL, { signal })
    const onAbort = () => stream.abort(new SyncError('SYNC_TIMEOUT', 'the hello took too long'))
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      await stream.send(helloMessage.encode(await this.#own()))
      await stream.closeWrite()
      for await (const frame of stream.frames) {
        const hello = helloMessage.decode(frame)
        this.#met(peer)
        if (asks) await this.#compare(peer, hello)
        return
      }
      throw new SyncError('SYNC_INCOMPLETE', `${peer} did not answer the hello`)
    } finally {
      signal.removeEventListener('abort', onAbort)
      stream.abort(new SyncError('SYNC_INCOMPLETE', 'the hello is over'))
    }
  }

  /** Says why `greet` has failed. */
  failed(peer: PeerId, error: unknown): void {
    const isOther = error instanceof NetworkError && error.code === 'PROTOCOL_UNSUPPORTED'
    const said = isOther ? 'a peer of another version: nothing is exchanged until both run the same' : 'hello failed'
    this.#parts.log[isOther ? 'warn' : 'debug']({ peer, error: String(error) }, said)
  }

  async #answer(peer: PeerId, stream: FrameStream): Promise<void> {
    for await (const frame of stream.frames) {
      const hello = helloMessage.decode(frame)
      await stream.send(helloMessage.encode(await this.#own()))
      this.#met(peer)
      await this.#compare(peer, hello)
      return
    }
  }

  async #own(): Promise<Hello> {
    const topics = await this.#parts.topics()
    return {
      topics: topics
        .slice(0, HELLO_TOPICS_MAX)
        .map(({ topic, heads }) => ({ topic: topicHash(topic), digest: headsDigest(heads) })),
    }
  }

  #met(peer: PeerId): void {
    this.#greeted.add(peer)
    for (const listener of [...this.#listeners]) listener()
  }

  async #compare(peer: PeerId, hello: Hello): Promise<void> {
    const theirs = new Map<string, Bytes>(hello.topics.map(({ topic, digest }) => [toHex(topic), digest]))
    for (const { topic, heads } of await this.#parts.topics()) {
      const digest = theirs.get(toHex(topicHash(topic)))
      if (digest && !equalBytes(digest, headsDigest(heads))) this.#parts.onDifferent(topic, peer, digest)
    }
  }
}
