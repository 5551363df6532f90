import type { Message } from '@libp2p/gossipsub'
import { beforeEach, describe, expect, it } from 'vitest'
import { silentLogger } from '../../base/log.ts'
import { DrivenClock } from '../../testing/driven-clock.ts'
import { GOSSIP_LINK_MISSING_MS } from '../limits.ts'
import { Gossip, type GossipInternals } from './libp2p-gossip.ts'
import { nameOf, partRecipients, withRecipients } from './named-recipients.ts'

/** The library as far as links go: each is opened when the test says so. */
class Library extends EventTarget {
  readonly peers = new Map<string, unknown>()
  readonly streamsOutbound = new Map<string, unknown>()
  readonly grafted: string[] = []
  readonly mesh: string[] = []
  readonly published: Uint8Array[] = []
  /** Of each message that is passed on, to whom. */
  readonly forwarded: string[][] = []
  readonly #attempts = new Map<string, PromiseWithResolvers<void>>()

  async createOutboundStream(peer: string): Promise<void> {
    const attempt = Promise.withResolvers<void>()
    this.#attempts.set(peer, attempt)
    await attempt.promise
  }

  subscribe(): void {}
  getMeshPeers(): string[] {
    return this.mesh
  }
  async publish(_topic: string, data: Uint8Array): Promise<void> {
    this.published.push(data)
  }
  forwardMessage(_id: string, _message: unknown, source?: string, without?: ReadonlySet<string>): void {
    this.forwarded.push(this.mesh.filter((peer) => peer !== source && !without?.has(peer)))
  }
  getSubscribers(): string[] {
    return [...this.peers.keys()]
  }
  graftOnSubscribe(): boolean {
    return true
  }
  sendGraft(peer: string): void {
    this.grafted.push(peer)
  }

  end(peer: string, outcome: 'open' | 'failed'): void {
    if (outcome === 'open') this.streamsOutbound.set(peer, {})
    this.#attempts.get(peer)?.resolve()
  }
}

describe('gossip links', () => {
  let library: Library
  let clock: DrivenClock
  let gossip: Gossip
  let connected: string[]
  let dropped: string[]
  let subscribed: string[]
  let heard: string[]

  beforeEach(() => {
    library = new Library()
    clock = new DrivenClock()
    connected = []
    dropped = []
    subscribed = []
    gossip = new Gossip({
      service: library as unknown as GossipInternals,
      peerId: 'self',
      prefix: '/x',
      clock,
      log: silentLogger,
      identifiedPeers: () => connected,
      onSubscribed: (peer) => subscribed.push(peer),
      drop: (peer) => dropped.push(peer),
    })
    heard = []
    gossip.subscribe('t', (_from, data) => heard.push(Buffer.from(data).toString()))
    gossip.start()
  })

  /** A peer of which the library knows that it speaks gossip. */
  function meet(peer: string): void {
    connected.push(peer)
    library.peers.set(peer, {})
  }

  function hear(peer: string): void {
    const subscriptions = [{ topic: '/x/topic/t', subscribe: true }]
    library.dispatchEvent(new CustomEvent('subscription-change', { detail: { peerId: peer, subscriptions } }))
  }

  async function pass(ms: number): Promise<void> {
    const endMs = clock.nowMs() + ms
    while (clock.nowMs() < endMs) {
      await clock.rest()
      clock.step()
    }
  }

  it('a peer whose link waits for its turn is kept, however long it takes', async () => {
    meet('a')
    meet('b')
    void library.createOutboundStream('a')
    await pass(10 * GOSSIP_LINK_MISSING_MS)
    library.end('a', 'open')
    void library.createOutboundStream('b')
    await pass(10 * GOSSIP_LINK_MISSING_MS)
    library.end('b', 'open')
    await pass(10 * GOSSIP_LINK_MISSING_MS)
    expect(dropped).toEqual([])
  })

  it('a peer whose link could not be opened is dropped, and its next link is waited for anew', async () => {
    meet('a')
    void library.createOutboundStream('a')
    library.end('a', 'failed')
    await pass(GOSSIP_LINK_MISSING_MS - 1000)
    expect(dropped).toEqual([])
    await pass(2000)
    expect(dropped).toEqual(['a'])
    gossip.disconnected('a')
    await pass(10 * GOSSIP_LINK_MISSING_MS)
    expect(dropped).toEqual(['a'])
  })

  it('a peer whose link has ended is dropped', async () => {
    meet('a')
    void library.createOutboundStream('a')
    library.end('a', 'open')
    await pass(5000)
    library.streamsOutbound.delete('a')
    await pass(GOSSIP_LINK_MISSING_MS + 2000)
    expect(dropped).toEqual(['a'])
  })

  it('a peer that speaks no gossip is dropped', async () => {
    connected.push('a')
    await pass(GOSSIP_LINK_MISSING_MS + 2000)
    expect(dropped).toEqual(['a'])
  })

  it('a subscription that came before the link is told when the link is open, and grafted then', async () => {
    meet('a')
    hear('a')
    void library.createOutboundStream('a')
    expect([subscribed, gossip.subscribers('t')]).toEqual([[], []])
    library.end('a', 'open')
    await clock.rest()
    expect([subscribed, library.grafted, gossip.subscribers('t')]).toEqual([['a'], ['a'], ['a']])
    hear('a')
    expect(subscribed).toEqual(['a', 'a'])
    gossip.close()
  })

  it('a message names whom it goes to, and who passes it on leaves them out', async () => {
    for (const peer of ['a', 'b', 'c']) {
      meet(peer)
      library.streamsOutbound.set(peer, {})
    }
    library.mesh.push('a', 'b')
    await gossip.publish('t', Buffer.from('news'))
    const [message] = library.published
    expect(partRecipients(message ?? new Uint8Array(0))?.recipients).toEqual(['self', 'a', 'b'].map(nameOf))
    // As the library of a calls it, whose neighbours are all of them.
    library.mesh.splice(0, 2, 'self', 'b', 'c', 'd')
    const received = { topic: '/x/topic/t', data: message }
    const service = library as unknown as GossipInternals
    service.forwardMessage('1', received as Message, 'self', new Set(['d']))
    expect(library.forwarded).toEqual([['c']])
    // What names nobody goes to all.
    service.forwardMessage('2', { ...received, data: Uint8Array.of(0) } as Message, 'self')
    expect(library.forwarded[1]).toEqual(['b', 'c', 'd'])
  })

  it('a message is heard without its recipients, and what has none is no message', () => {
    const hears = (data: Uint8Array) => {
      const detail = { propagationSource: 'a', msg: { topic: '/x/topic/t', data } }
      library.dispatchEvent(new CustomEvent('gossipsub:message', { detail }))
    }
    hears(withRecipients(Buffer.from('news'), ['a', 'b']))
    hears(Uint8Array.of(3, 1))
    expect(heard).toEqual(['news'])
  })

  it('nothing is told after the end', async () => {
    meet('a')
    hear('a')
    void library.createOutboundStream('a')
    gossip.close()
    library.end('a', 'open')
    await clock.rest()
    expect(subscribed).toEqual([])
  })
})
