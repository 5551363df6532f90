// Members of one context among many other nodes of the run: the network has made none of them neighbours.
import { describe, expect, it } from 'vitest'
import { appWasm } from '../../../scripts/build-apps.ts'
import { converge, joinContext, type SharedContext, shareContext, type TestWorld } from '../testing/test-nodes.ts'
import { testWorlds } from '../testing/test-worlds.ts'

const { open } = testWorlds()

/** So many that most are no neighbours of each other. */
const OTHERS = Array.from({ length: 13 }, (_, at) => `other${at}`)

const areNeighbours = (world: TestWorld, a: string, b: string) =>
  world.get(a).node.ports.network.peers().includes(world.get(b).peerId)

/** Ada has a context; nobody else does, in a network of 14. */
async function alone(): Promise<{ world: TestWorld; shared: SharedContext; far: readonly string[] }> {
  const world = await open()
  for (const name of OTHERS) await world.start(name, { boot: ['ada', ...OTHERS] })
  const shared = await shareContext(world, await appWasm('kv-store'), ['ada'])
  await world.pass(5000)
  return { world, shared, far: OTHERS.filter((name) => !areNeighbours(world, 'ada', name)) }
}

async function write(world: TestWorld, { contextId }: SharedContext, name: string, value: string): Promise<void> {
  await world.run(world.get(name).call(contextId, 'set', { key: name, value }))
}

describe('members that the network has made no neighbours', () => {
  it('join by who has invited them, and hold the same', async () => {
    const { world, shared, far } = await alone()
    const [bob = '', cyd = ''] = [far.at(0), far.at(-1)]
    expect(areNeighbours(world, bob, cyd)).toBe(false)
    await joinContext(world, shared, 'ada', bob)
    await joinContext(world, shared, 'ada', cyd)
    for (const name of ['ada', bob, cyd]) await write(world, shared, name, 'here')
    await converge(world, shared.contextId, ['ada', bob, cyd])
  })

  it('find each other again when one comes back', async () => {
    const { world, shared, far } = await alone()
    const [bob = ''] = far
    await joinContext(world, shared, 'ada', bob)
    await world.run(world.get(bob).stop())
    await world.start(bob, { boot: OTHERS.filter((name) => !areNeighbours(world, 'ada', name)) })
    await write(world, shared, 'ada', 'meanwhile')
    await converge(world, shared.contextId, ['ada', bob])
  })

  it('pass over one that is down', async () => {
    const { world, shared, far } = await alone()
    const some = far.slice(0, 5)
    for (const name of some) await joinContext(world, shared, 'ada', name)
    const all = ['ada', ...some]
    await converge(world, shared.contextId, all)
    for (const gone of some) {
      await world.run(world.get(gone).stop())
      const rest = all.filter((name) => name !== gone)
      for (const name of rest) await write(world, shared, name, `without ${gone}`)
      await converge(world, shared.contextId, rest)
      await world.start(gone, { boot: OTHERS })
    }
    await converge(world, shared.contextId, all)
  })
})
