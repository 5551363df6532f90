// A removal by one who was away for so long that the others have pruned what it never had: what is pruned stays on every
// node, and what is not is void on every node.
import { describe, expect, it } from 'vitest'
import { converge } from '../../testing/test-nodes.ts'
import { type Scene, testWorlds } from '../../testing/test-worlds.ts'
import { removeMember } from '../namespaces/membership.ts'

const { share } = testWorlds()
const ABSENT_MS = 120_000
const retention = { checkpointMin: 8, absentMs: ABSENT_MS }
const NAMES = ['ada', 'bob', 'cyd', 'dan', 'eve']
const LEFT = ['ada', 'cyd', 'dan', 'eve']

const set = ({ world, shared }: Scene, name: string, key: string) =>
  world.run(world.get(name).call(shared.contextId, 'set', { key, value: `${name} ${key}` }))
const get = ({ world, shared }: Scene, name: string, key: string) =>
  world.run(world.get(name).call(shared.contextId, 'get', { key }))
const prunedAt = async ({ world, shared }: Scene, name: string) =>
  (await world.get(name).context(shared.contextId)).checkpoint()?.checkpoint.count ?? 0

/** Ada was alone for long, and removes bob, of whom it lacks much that the others have, and that most have pruned. */
async function removedFromAfar(app: string): Promise<Scene> {
  const scene = await share(app, NAMES, { retention })
  const { world, shared } = scene
  await set(scene, 'bob', 'first')
  await converge(world, shared.contextId, NAMES)
  world.network.partition([world.get('ada').peerId])
  await world.pass(2 * ABSENT_MS)
  for (let i = 0; i < 24; i += 1) await set(scene, ['bob', 'cyd', 'dan', 'eve'][i % 4] ?? 'bob', `k${i}`)
  await converge(world, shared.contextId, ['bob', 'cyd', 'dan', 'eve'])
  return scene
}

const remove = ({ world, shared }: Scene) =>
  world.run(removeMember(world.get('ada').node, shared.namespaceId, world.get('bob').node.account))

async function expectAgreement(scene: Scene, counting: Readonly<Record<string, string | null>>): Promise<void> {
  const { world, shared } = scene
  await world.pass(60_000)
  for (const name of LEFT) await set(scene, name, `after ${name}`)
  await converge(world, shared.contextId, LEFT)
  for (const name of LEFT) {
    for (const [key, value] of Object.entries(counting))
      expect([name, key, await get(scene, name, key)]).toEqual([name, key, value])
    expect(world.get(name).log.entries).toEqual([])
  }
}

describe('a removal from afar', () => {
  it('leaves what was pruned by all who were there', async () => {
    const scene = await removedFromAfar('order-sensitive')
    const { world } = scene
    await world.pass(30_000)
    for (const name of ['cyd', 'dan', 'eve']) expect(await prunedAt(scene, name)).toBeGreaterThan(8)
    world.network.partition(
      [world.get('ada').peerId],
      [world.get('bob').peerId],
      LEFT.slice(1).map((name) => world.get(name).peerId),
    )
    await set(scene, 'bob', 'unheard')
    await remove(scene)
    world.network.heal()
    await expectAgreement(scene, { first: 'bob first', k0: 'bob k0', k1: 'cyd k1', unheard: null })
  })

  it('leaves it on one, too, that had all of it and had pruned nothing', async () => {
    const scene = await removedFromAfar('kv-store')
    const { world } = scene
    // What they have acknowledged is known; none has pruned yet.
    await world.pass(2000)
    world.get('eve').kill()
    await world.pass(30_000)
    for (const name of ['cyd', 'dan']) expect(await prunedAt(scene, name)).toBeGreaterThan(8)
    world.get('bob').kill()
    await remove(scene)
    world.network.heal()
    world.network.partition([world.get('cyd').peerId, world.get('dan').peerId])
    await world.start('eve', { boot: NAMES })
    await world.pass(15_000)
    expect([await prunedAt(scene, 'eve'), await get(scene, 'eve', 'k0')]).toEqual([0, null])
    world.network.heal()
    await expectAgreement(scene, { first: 'bob first', k0: 'bob k0', k1: 'cyd k1' })
  })
})
