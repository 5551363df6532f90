import { describe, expect, it } from 'vitest'
import { converge, type TestWorld } from '../testing/test-nodes.ts'
import { countRows, NAMES, testWorlds } from '../testing/test-worlds.ts'

const { share } = testWorlds()

async function write(world: TestWorld, name: string, id: Parameters<typeof converge>[1], count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    await world.run(world.get(name).call(id, 'set', { key: `${name}-${i}`, value: `${i}` }))
  }
}

describe('a pull of deltas', () => {
  it('goes on as long as the answers say that there is more', async () => {
    const { world, shared } = await share('kv-store', ['ada', 'bob'], { sync: { answerIdsMax: 4 } })
    world.network.partition([world.get('ada').peerId])
    await write(world, 'ada', shared.contextId, 10)
    world.network.heal()
    await world.run(world.get('bob').node.sync.syncContext(shared.contextId, {}))
    await converge(world, shared.contextId, ['ada', 'bob'])
    expect(await countRows(world.get('bob').disk, 'delta')).toBe(10)
  })

  it('gets past answers of which everything is here already', async () => {
    const names = [...NAMES]
    const { world, shared } = await share('kv-store', names, { sync: { answerIdsMax: 2 } })
    const id = shared.contextId
    const [ada, bob, cyd] = names.map((name) => world.get(name).peerId)
    world.network.partition(...[ada, bob, cyd].map((peer) => [peer ?? '']))
    await write(world, 'ada', id, 40)
    await write(world, 'cyd', id, 40)
    world.network.heal()
    await converge(world, id, names)
    // Each joins the two branches in a delta that tells the other nothing of what its author has.
    world.network.partition(...[ada, bob, cyd].map((peer) => [peer ?? '']))
    await write(world, 'bob', id, 1)
    await write(world, 'cyd', id, 1)
    world.network.partition([ada ?? ''], [bob ?? '', cyd ?? ''])
    await converge(world, id, ['bob', 'cyd'])
    expect(await countRows(world.get('bob').disk, 'delta')).toBe(82)
  })
})
