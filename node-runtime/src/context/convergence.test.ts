import { describe, expect, it } from 'vitest'
import { converge, joinContext } from '../testing/test-nodes.ts'
import { countRows, NAMES, testWorlds } from '../testing/test-worlds.ts'

const { share } = testWorlds()

describe.each(['kv-store', 'order-sensitive'])('nodes that share a context of %s', (app) => {
  it('hold equal state bytes, roots and heads after concurrent writes', async () => {
    const { world, shared } = await share(app)
    for (let round = 0; round < 5; round += 1) {
      const writes = NAMES.map((name) =>
        world.get(name).call(shared.contextId, 'set', { key: `k${round}`, value: name }),
      )
      await world.run(Promise.all(writes))
    }
    const { entries, heads } = await converge(world, shared.contextId, NAMES)
    expect(entries.length).toBeGreaterThan(0)
    expect(heads.length).toBeGreaterThan(0)
    const reads = NAMES.map((name) => world.get(name).call(shared.contextId, 'get', { key: 'k4' }))
    expect(new Set(await world.run(Promise.all(reads))).size).toBe(1)
    for (const name of NAMES) expect(world.get(name).log.entries).toEqual([])
  })

  it('hold the same after each wrote on its own side of a partition', async () => {
    const { world, shared } = await share(app)
    world.network.partition(...NAMES.map((name) => [world.get(name).peerId]))
    for (let round = 0; round < 4; round += 1) {
      const writes = NAMES.map((name) =>
        world.get(name).call(shared.contextId, 'set', { key: `k${round}`, value: name }),
      )
      await world.run(Promise.all(writes))
    }
    const heads = await Promise.all(
      NAMES.map(async (name) => (await world.get(name).context(shared.contextId)).heads().join()),
    )
    expect(new Set(heads).size).toBe(3)
    world.network.heal()
    const { heads: joint } = await converge(world, shared.contextId, NAMES)
    expect(joint).toHaveLength(3)
  })

  it('hold the same when gossip is lost, doubled and overtaken', async () => {
    const faults = { minDelayMs: 1, maxDelayMs: 60, loss: 0.4, duplicate: 0.4 }
    const { world, shared } = await share(app, NAMES, { faults, sync: { everyMs: 500, gapMs: 100 } })
    for (let round = 0; round < 12; round += 1) {
      const name = NAMES[round % 3] ?? 'ada'
      await world.run(world.get(name).call(shared.contextId, 'set', { key: `k${round % 4}`, value: `${name}${round}` }))
    }
    await converge(world, shared.contextId, NAMES)
    for (const name of NAMES) expect(await countRows(world.get(name).disk, 'delta')).toBe(12)
  })

  it('give a late joiner the base and every delta', async () => {
    const { world, shared } = await share(app)
    for (let i = 0; i < 20; i += 1) {
      await world.run(world.get(NAMES[i % 3] ?? 'ada').call(shared.contextId, 'set', { key: `k${i}`, value: `v${i}` }))
    }
    await world.start('dan')
    await joinContext(world, shared, 'ada', 'dan')
    // Whoever was told that the context is ready sees what was there when it joined.
    expect(await world.run(world.get('dan').call(shared.contextId, 'get', { key: 'k3' }))).toBe('v3')
    await converge(world, shared.contextId, [...NAMES, 'dan'])
    await world.run(world.get('dan').call(shared.contextId, 'set', { key: 'late', value: 'dan' }))
    await converge(world, shared.contextId, [...NAMES, 'dan'])
  })

  it('clear every marker of the outbox once a delta was handed over', async () => {
    const { world, shared } = await share(app)
    for (const name of NAMES) await world.run(world.get(name).call(shared.contextId, 'set', { key: name, value: '1' }))
    await converge(world, shared.contextId, NAMES)
    for (const name of NAMES) expect(await countRows(world.get(name).disk, 'outbox')).toBe(0)
  })
})
