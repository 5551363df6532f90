// Who comes to a migrated context later: by its base and all deltas, or by a checkpoint; and who was away for long.
import { describe, expect, it } from 'vitest'
import { migrate } from '../../testing/migrating.ts'
import { converge } from '../../testing/test-nodes.ts'
import { NAMES, type Scene, testWorlds } from '../../testing/test-worlds.ts'

const { share } = testWorlds()

const append = ({ world, shared }: Scene, name: string, value = name) =>
  world.run(world.get(name).call(shared.contextId, 'append', { value }))
const logOf = ({ world, shared }: Scene, name: string) => world.run(world.get(name).call(shared.contextId, 'log', {}))
const contextOf = ({ world, shared }: Scene, name: string) => world.get(name).context(shared.contextId)

async function join({ world, shared }: Scene, name: string): Promise<void> {
  const { node } = await world.start(name)
  const invitation = world.get('ada').node.namespaces.invite(shared.groupId, { lifetimeSec: 3600, role: 'Member' })
  await world.run(node.namespaces.join(invitation))
  await world.run(node.joiner.ready(node.namespaces.get(shared.namespaceId), shared.contextId))
}

const prunedOn = ({ world, shared }: Scene, name: string) =>
  world.get(name).node.contexts.opened(shared.contextId)?.checkpoint()?.checkpoint.count ?? 0

async function equal(scene: Scene, names: readonly string[]): Promise<void> {
  await converge(scene.world, scene.shared.contextId, names)
  const roots = await Promise.all(names.map(async (name) => (await contextOf(scene, name)).root))
  expect(new Set(roots).size).toBe(1)
}

describe('who joins after a migration', () => {
  it('has the base and all deltas, and migrates as the others did', async () => {
    const scene = await share('order-sensitive', ['ada', 'bob'])
    await append(scene, 'bob')
    await converge(scene.world, scene.shared.contextId, ['ada', 'bob'])
    await migrate(scene, 'ada')
    await append(scene, 'ada')
    await join(scene, 'dan')
    await append(scene, 'dan')
    await equal(scene, ['ada', 'bob', 'dan'])
    expect(await logOf(scene, 'dan')).toEqual(['bob', 'ada', 'dan'])
  })

  it('takes the migrated state of a checkpoint', async () => {
    const scene = await share('order-sensitive', ['ada', 'bob'], { retention: { checkpointMin: 4 } })
    const { world, shared } = scene
    for (let at = 0; at < 3; at += 1) await append(scene, 'bob', `early ${at}`)
    await converge(world, shared.contextId, ['ada', 'bob'])
    await migrate(scene, 'ada')
    await append(scene, 'ada')
    await converge(world, shared.contextId, ['ada', 'bob'])
    for (let at = 0; at < 9; at += 1) await append(scene, at % 2 ? 'ada' : 'bob', `later ${at}`)
    await converge(world, shared.contextId, ['ada', 'bob'])
    await world.until('history to be pruned', () => prunedOn(scene, 'ada') >= 8)
    await join(scene, 'dan')
    expect((await contextOf(scene, 'dan')).migration.mark.version).toBe(2)
    await append(scene, 'dan', 'last')
    await equal(scene, ['ada', 'bob', 'dan'])
    expect(await logOf(scene, 'dan')).toEqual(await logOf(scene, 'ada'))
    expect(((await logOf(scene, 'dan')) as string[]).length).toBe(14)
  })
})

describe('history is kept', () => {
  it('from the migration on while a writer is away who may have written before it', async () => {
    const retention = { checkpointMin: 4, absentMs: 5000 }
    const scene = await share('order-sensitive', NAMES, { retention })
    const { world, shared } = scene
    await append(scene, 'ada', 'first')
    await converge(world, shared.contextId, NAMES)
    world.network.partition([world.get('cyd').peerId], [world.get('ada').peerId, world.get('bob').peerId])
    await append(scene, 'cyd', 'away')
    await migrate(scene, 'ada')
    await world.pass(20_000)
    await append(scene, 'cyd', 'away for long')
    for (let at = 0; at < 12; at += 1) {
      await append(scene, at % 2 ? 'ada' : 'bob', `later ${at}`)
      await world.pass(1000)
    }
    await converge(world, shared.contextId, ['ada', 'bob'])
    await world.pass(20_000)
    expect([prunedOn(scene, 'ada'), prunedOn(scene, 'bob')]).toEqual([0, 0])
    world.network.heal()
    await equal(scene, NAMES)
    const log = (await logOf(scene, 'bob')) as string[]
    expect(log.slice(0, 4)).toEqual(['first', 'away', 'away for long', 'later 0'])
    await append(scene, 'cyd', 'back')
    await world.until('it to be pruned', () => prunedOn(scene, 'ada') >= 4)
    await equal(scene, NAMES)
    expect((await logOf(scene, 'cyd')) as string[]).toEqual([...log, 'back'])
  })
})
