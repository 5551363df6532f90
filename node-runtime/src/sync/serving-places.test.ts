import { describe, expect, it } from 'vitest'
import type { Bytes } from '../base/bytes.ts'
import { sha256 } from '../base/hash.ts'
import { type ContextId, idFromBytes } from '../base/ids.ts'
import { signingKeyFromSeed } from '../base/keys.ts'
import { silentLogger } from '../base/log.ts'
import type { FrameStream, Network, PeerId, StreamHandler } from '../network/network.ts'
import { peerIdOfPublicKey } from '../network/peer-id.ts'
import { DrivenClock } from '../testing/driven-clock.ts'
import { syncFrameMessage, syncRequestMessage } from '../wire/sync-messages.ts'
import { Answering } from './answering.ts'
import { SERVING_MAX, SERVING_PORTION_BYTES } from './limits.ts'
import type { Directory } from './ports.ts'
import { type Place, ServingPlaces } from './serving-places.ts'

class Served {
  readonly clock = new DrivenClock()
  readonly places = new ServingPlaces(this.clock, { max: 4, peerMax: 2 })
  /** Whose streams were aborted, in order. */
  readonly gaveWay: PeerId[] = []

  take(peer: PeerId): Place | undefined {
    const stream = { peer, frames: [], abort: () => void this.gaveWay.push(peer) } as unknown as FrameStream
    return this.places.take(peer, stream)
  }

  /** One turn of each that is served. */
  turn(): void {
    for (let each = 0; each < 4; each += 1) this.clock.step()
  }
}

describe('where all places are taken', () => {
  it('a peer has no more than its share, and gives way where others have none', () => {
    const served = new Served()
    for (const peer of ['mal', 'mal', 'max', 'max']) expect(served.take(peer)).toBeDefined()
    expect([served.take('mal'), served.gaveWay]).toEqual([undefined, []])
    expect([served.take('ada') !== undefined, served.gaveWay]).toEqual([true, ['mal']])
    expect([served.take('bob') !== undefined, served.gaveWay]).toEqual([true, ['mal', 'max']])
    expect([served.take('cyd'), served.gaveWay]).toEqual([undefined, ['mal', 'max']])
  })

  it('who begins again before each turn is over keeps nobody from being served', () => {
    const served = new Served()
    const peers = ['mal', 'mal', 'max', 'max']
    const places = peers.map((peer) => served.take(peer))
    for (let second = 0; second < 60; second += 1) {
      for (const [index, peer] of peers.entries()) {
        places[index]?.end()
        places[index] = served.take(peer)
      }
      const place = served.take('ada')
      expect(place).toBeDefined()
      place?.end()
    }
  })

  it('who takes too little gives way, of the peer with most places first', () => {
    const served = new Served()
    for (const peer of ['bob', 'mal', 'mal', 'max']) served.take(peer)
    served.turn()
    expect(served.take('ada')).toBeDefined()
    expect(served.gaveWay).toEqual(['mal'])
  })

  it('who takes enough gives way to a peer with fewer places only', () => {
    const served = new Served()
    const taken = ['bob', 'cyd', 'mal', 'mal'].map((peer) => served.take(peer))
    for (const place of taken) place?.sent(SERVING_PORTION_BYTES)
    served.turn()
    expect([served.take('bob'), served.gaveWay]).toEqual([undefined, []])
    expect([served.take('ada') !== undefined, served.gaveWay]).toEqual([true, ['mal']])
    expect([served.take('dan'), served.gaveWay]).toEqual([undefined, ['mal']])
  })

  it('what has ended leaves its place', () => {
    const served = new Served()
    const [first] = ['bob', 'cyd', 'dan', 'eve'].map((peer) => served.take(peer))
    expect(served.take('ada')).toBeUndefined()
    first?.end()
    expect(served.take('ada')).toBeDefined()
    served.turn()
    expect(served.take('dan')).toBeDefined()
    expect(served.gaveWay).toEqual(['cyd'])
  })
})

/** One request, whose answer it does not read. */
class Unread implements FrameStream {
  readonly peer: PeerId
  readonly sent: Bytes[] = []
  readonly #request: Bytes
  readonly #end = Promise.withResolvers<never>()

  constructor(peer: PeerId, request: Bytes) {
    this.peer = peer
    this.#request = request
    this.#end.promise.catch(() => {})
  }

  get frames(): AsyncIterable<Bytes> {
    return this.#frames()
  }

  async *#frames(): AsyncGenerator<Bytes> {
    yield this.#request
  }

  async send(frame: Bytes): Promise<void> {
    this.sent.push(frame)
    await this.#end.promise
  }

  async closeWrite(): Promise<void> {}

  abort(reason: Error): void {
    this.#end.reject(reason)
  }
}

it('who asks for a base is answered though members that do not read hold all places', async () => {
  const clock = new DrivenClock()
  let serve: StreamHandler | undefined
  const base = async function* () {
    for (;;) yield [new Uint8Array(1), new Uint8Array(600 * 1024)] as const
  }
  // Only what an answer to this asks for.
  const handle = (_: string, handler: StreamHandler) => {
    serve = handler
  }
  const network = { handle } as unknown as Network
  const directory = { mayRead: () => true, context: async () => ({ base }) } as unknown as Directory
  new Answering({ network, directory, clock, log: silentLogger, answerIdsMax: 1, onLacking: () => {} })
  const contextId = idFromBytes<ContextId>(sha256())
  const request = syncRequestMessage.encode({ t: 'base', contextId })
  const ask = async (name: string) => {
    const peer = peerIdOfPublicKey(signingKeyFromSeed(sha256(Buffer.from(name))).publicKey)
    const stream = new Unread(peer, request)
    serve?.(peer, stream).catch(() => {})
    for (let rests = 0; stream.sent.length === 0 && rests < 1000; rests += 1) await clock.rest()
    const [first] = stream.sent
    return first && syncFrameMessage.decode(first).t
  }
  for (let each = 0; each < SERVING_MAX; each += 1) {
    expect(await ask(`member ${each}`)).toBe('entries')
  }
  expect(await ask('ada')).toBe('refused')
  for (let each = 0; each < SERVING_MAX; each += 1) clock.step()
  expect(await ask('ada')).toBe('entries')
})
