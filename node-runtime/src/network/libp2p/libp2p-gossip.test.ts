import { beforeEach, describe, expect, it } from 'vitest'
import { silentLogger } from '../../base/log.ts'
import { DrivenClock } from '../../testing/driven-clock.ts'
import { GOSSIP_LINK_MISSING_MS } from '../limits.ts'
import { Gossip, type GossipInternals } from './libp2p-gossip.ts'

/** The library as far as links go: each is opened when the test says so. */
class Library extends EventTarget {
  readonly peers = new Map<string, unknown>()
  readonly streamsOutbound = new Map<string, unknown>()
  readonly grafted: string[] = []
  readonly #attempts = new Map<string, PromiseWithResolvers<void>>()

  async createOutboundStream(peer: string): Promise<void> {
    const attempt = Promise.withResolvers<void>()
    this.#attempts.set(peer, attempt)
    await attempt.promise
  }

  subscribe(): void {}
  getMeshPeers(): string[] {
    return []
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

  beforeEach(() => {
    library = new Library()
    clock = new DrivenClock()
    connected = []
    dropped = []
    subscribed = []
    gossip = new Gossip({
      service: library as unknown as GossipInternals,
      prefix: '/x',
      clock,
      log: silentLogger,
      identifiedPeers: () => connected,
      onSubscribed: (peer) => subscribed.push(peer),
      drop: (peer) => dropped.push(peer),
    })
    gossip.subscribe('t', () => {})
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
