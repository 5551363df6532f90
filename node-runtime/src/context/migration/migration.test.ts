// An upgrade to a later version of the state: all members come to the same state, in whatever order things reach them, and
// nothing that was written before it or beside it is lost.
import { describe, expect, it } from 'vitest'
import { migrate } from '../../testing/migrating.ts'
import { converge } from '../../testing/test-nodes.ts'
import { NAMES, type Scene, testWorlds } from '../../testing/test-worlds.ts'

const { share } = testWorlds()

const append = ({ world, shared }: Scene, name: string, value = name) =>
  world.run(world.get(name).call(shared.contextId, 'append', { value }))
const logOf = ({ world, shared }: Scene, name: string) => world.run(world.get(name).call(shared.contextId, 'log', {}))
const apart = ({ world }: Scene, ...sides: string[][]) =>
  world.network.partition(...sides.map((side) => side.map((name) => world.get(name).peerId)))
const versionOf = async ({ world, shared }: Scene, name: string) =>
  (await world.get(name).context(shared.contextId)).migration.mark.version
const rootOf = async ({ world, shared }: Scene, name: string) => (await world.get(name).context(shared.contextId)).root

async function equal(scene: Scene, names: readonly string[]): Promise<void> {
  await converge(scene.world, scene.shared.contextId, names)
  const roots = await Promise.all(names.map((name) => rootOf(scene, name)))
  expect(new Set(roots).size).toBe(1)
}

describe('an upgrade to a later version of the state', () => {
  it('is done at the first access, and all members have it with what was there', async () => {
    const scene = await share('order-sensitive')
    const { world, shared } = scene
    await append(scene, 'bob')
    await converge(world, shared.contextId, NAMES)
    const applicationId = await migrate(scene, 'ada')
    const runs = (name: string) => world.get(name).node.contexts.record(shared.contextId)?.applicationId
    expect([await versionOf(scene, 'ada'), runs('ada') === applicationId]).toEqual([1, false])
    expect(await logOf(scene, 'ada')).toEqual(['bob'])
    await world.until('all to run it', () => NAMES.every((name) => runs(name) === applicationId))
    await append(scene, 'cyd')
    await equal(scene, NAMES)
    for (const name of NAMES) {
      expect(await versionOf(scene, name)).toBe(2)
      expect(await logOf(scene, name)).toEqual(['bob', 'cyd'])
    }
  })

  it('comes behind what others wrote who had not heard of it', async () => {
    const scene = await share('order-sensitive')
    const { world, shared } = scene
    await append(scene, 'cyd', 'first')
    await converge(world, shared.contextId, NAMES)
    apart(scene, ['ada', 'cyd'], ['bob'])
    const applicationId = await migrate(scene, 'ada')
    await append(scene, 'ada', 'new')
    await world.until(
      'cyd to run it',
      () => world.get('cyd').node.contexts.record(shared.contextId)?.applicationId === applicationId,
    )
    await append(scene, 'bob', 'late')
    await append(scene, 'bob', 'later')
    expect(await logOf(scene, 'ada')).toEqual(['first', 'new'])
    world.network.heal()
    await equal(scene, NAMES)
    await append(scene, 'bob', 'last')
    await equal(scene, NAMES)
    for (const name of NAMES) expect(await logOf(scene, name)).toEqual(['first', 'late', 'later', 'new', 'last'])
  })
})
