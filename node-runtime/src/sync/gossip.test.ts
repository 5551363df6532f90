import { describe, expect, it } from 'vitest'
import { type DeltaId, idFromBytes, type RootHash } from '../base/ids.ts'
import { keyIdOf, signingKeyFromSeed } from '../base/keys.ts'
import { peerIdOfPublicKey } from '../network/peer-id.ts'
import { converge, joinContext } from '../testing/test-nodes.ts'
import { countRows, testWorlds } from '../testing/test-worlds.ts'
import { encodeDelta, sealDelta } from '../wire/delta.ts'
import { encodeGossip, signHeads } from '../wire/gossip.ts'
import { GossipExchange } from './gossip.ts'
import { APART_BEATS_MAX, INBOUND_PEER_WAITING_MAX, INBOUND_WAITING_MAX } from './limits.ts'
import { topicName } from './topics.ts'

const { share } = testWorlds()
const NAMES = ['ada', 'bob']
/** So long that nothing in these tests comes by a periodic round. */
const RARELY = { everyMs: 3_600_000, gapMs: 3_600_000 }

describe('a delta', () => {
  it('of more than 900 KiB is announced, pulled, and arrives at once', async () => {
    const { world, shared } = await share('order-sensitive', NAMES, { sync: RARELY })
    const value = 'x'.repeat(1_000_000)
    await world.run(world.get('ada').call(shared.contextId, 'set', { key: 'k', value }))
    const startMs = world.clock.nowMs()
    await converge(world, shared.contextId, NAMES)
    expect(world.clock.nowMs() - startMs).toBeLessThan(RARELY.everyMs)
    const ada = await world.get('ada').context(shared.contextId)
    expect(ada.heads().map((id) => (ada.delta(id)?.sealed.byteLength ?? 0) > 900 * 1024)).toEqual([true])
    expect(await world.run(world.get('bob').call(shared.contextId, 'get', { key: 'k' }))).toBe(value)
  })

  it('that cites governance not here yet waits for it, across a restart', async () => {
    const { world, shared } = await share('kv-store', NAMES)
    world.network.partition([world.get('bob').peerId])
    await world.start('cyd', { boot: [...NAMES, 'cyd'] })
    await joinContext(world, shared, 'ada', 'cyd')
    await world.run(world.get('cyd').call(shared.contextId, 'set', { key: 'k', value: 'v' }))
    const cyd = await world.get('cyd').context(shared.contextId)
    const sent = cyd.heads().flatMap((id) => cyd.delta(id) ?? [])
    await world.run((await world.get('bob').context(shared.contextId)).receive(sent))
    world.get('bob').kill()
    const bob = await world.start('bob', { boot: [...NAMES, 'cyd'] })
    expect((await bob.context(shared.contextId)).waiting()).toMatchObject({ parked: 1, refused: 0 })
    world.network.heal()
    await converge(world, shared.contextId, [...NAMES, 'cyd'])
    expect(await world.run(bob.call(shared.contextId, 'get', { key: 'k' }))).toBe('v')
    expect(await countRows(bob.disk, 'parked')).toBe(0)
  })
})

describe('a member with another root at the same heads', () => {
  it.each([
    ['is on its way, if it stands on another checkpoint', new Uint8Array(32).fill(1), 1, 0],
    ['has diverged, if it goes on saying so', new Uint8Array(32).fill(1), APART_BEATS_MAX + 1, 1],
    ['has diverged, if it does not', undefined, 1, 1],
  ])('%s', async (_, checkpoint, beats, errors) => {
    const { world, shared } = await share('kv-store', NAMES)
    await world.run(world.get('ada').call(shared.contextId, 'set', { key: 'k', value: 'v' }))
    await converge(world, shared.contextId, NAMES)
    const { node } = world.get('bob')
    const ada = await world.get('ada').context(shared.contextId)
    const root = idFromBytes<RootHash>(new Uint8Array(32))
    const facts = { contextId: shared.contextId, heads: ada.heads(), root, removals: new Uint8Array(32) }
    const topic = topicName({ kind: 'context', id: shared.contextId })
    for (let i = 0; i < beats; i += 1) {
      const hlc = BigInt(world.clock.nowMs() + 1000 + i) * 1_000_000n
      const beat = signHeads({ ...facts, hlc, ...(checkpoint ? { checkpoint } : {}) }, node.identity)
      await world.run(node.ports.network.publish(topic, encodeGossip({ t: 'heads', ...beat })))
      await world.pass(20)
    }
    await world.pass(1000)
    expect(world.get('ada').log.entries.map(({ level }) => level)).toEqual(Array(errors).fill('error'))
  })
})

describe('a stranger that gossips', () => {
  it('is refused what it makes up, and keeps nobody from their work', async () => {
    const { world, shared } = await share('kv-store', NAMES)
    const eve = await world.start('eve')
    const { network, random } = eve.node.ports
    const topic = topicName({ kind: 'context', id: shared.contextId })
    network.subscribe(topic, () => {})
    await world.pass(1000)
    const ada = await world.get('ada').context(shared.contextId)
    const governance = world.get('ada').node.namespaces.get(shared.namespaceId).heads()
    const forged = sealDelta({
      header: {
        contextId: shared.contextId,
        author: eve.node.identity.publicKey,
        parents: [],
        hlc: BigInt(world.clock.nowMs()) * 1_000_000n,
        governance,
        keyId: keyIdOf(new Uint8Array(32)),
      },
      payload: { artifact: { kind: 'host', bytes: new Uint8Array(1) }, events: [], depth: 0 },
      groupKey: new Uint8Array(32),
      signingKey: eve.node.identity,
      random,
    })
    await world.run(network.publish(topic, encodeGossip({ t: 'deltas', items: [encodeDelta(forged)] })))
    await world.until('the forged delta to be looked at', () => ada.waiting().refused > 0)
    for (let i = 0; i < INBOUND_WAITING_MAX * 2; i += 1)
      await world.run(network.publish(topic, Uint8Array.of(i & 255, i >> 8)))
    await world.run(world.get('bob').call(shared.contextId, 'set', { key: 'k', value: 'v' }))
    await converge(world, shared.contextId, NAMES)
    expect(ada.waiting()).toMatchObject({ refused: 1, parked: 0, pending: 0 })
    expect(await countRows(world.get('ada').disk, 'delta')).toBe(1)
    for (const name of NAMES) expect(world.get(name).log.entries).toEqual([])
  })

  it('has a bounded number of messages of one peer waiting; the rest is dropped and counted', async () => {
    const { world, shared } = await share('kv-store', ['ada'])
    const eve = await world.start('eve')
    const place = { peerId: peerIdOfPublicKey(signingKeyFromSeed(new Uint8Array(32).fill(9)).publicKey) }
    const network = world.network.createNode({ ...place, bootAddresses: [] })
    await world.run(network.start())
    const busy = new Promise<never>(() => {})
    const exchange = new GossipExchange({
      network,
      directory: {
        namespace: () => undefined,
        namespaceOf: () => undefined,
        namespacesNaming: () => [],
        mayRead: () => false,
        context: () => busy,
        receivePresence: () => undefined,
      },
      clock: world.clock,
      pull: () => {},
      onCheckpoint: () => {},
      log: eve.log,
    })
    exchange.followContext(shared.contextId)
    const topic = topicName({ kind: 'context', id: shared.contextId })
    await world.run(eve.node.ports.network.dial(network.addresses()[0] ?? ''))
    await world.pass(1000)
    for (let i = 0; i < INBOUND_PEER_WAITING_MAX + 10; i += 1) {
      const id = idFromBytes<DeltaId>(eve.node.ports.random.bytes(32))
      await world.run(
        eve.node.ports.network.publish(topic, encodeGossip({ t: 'announce', items: [{ id, parents: [] }] })),
      )
    }
    await world.until('the last message', () => exchange.dropped === 10)
    exchange.close()
    await world.run(network.close())
  })
})
