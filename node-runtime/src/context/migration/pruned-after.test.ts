// Once a migration is in a checkpoint nobody waits any more for who may have written before it; nor where there never was one.
import { expect, it } from 'vitest'
import { migrate } from '../../testing/migrating.ts'
import { converge } from '../../testing/test-nodes.ts'
import { type Scene, testWorlds } from '../../testing/test-worlds.ts'
import { append, peersOf } from '../../testing/upgraded.ts'

const { share } = testWorlds()
const ABSENT_MS = 5000
const MOST = ['bob', 'dan', 'eve']
const ALL = ['ada', ...MOST]
const retention = { checkpointMin: 4, absentMs: ABSENT_MS }

const opened = ({ world, shared }: Scene, name: string) => world.get(name).node.contexts.opened(shared.contextId)
const pruned = (scene: Scene) => opened(scene, 'bob')?.checkpoint()?.checkpoint.count ?? 0

async function mostWrite(scene: Scene): Promise<number> {
  for (let at = 0; at < 9; at += 1) {
    await append(scene, MOST[at % MOST.length] ?? '')
    await scene.world.pass(1000)
  }
  await converge(scene.world, scene.shared.contextId, MOST)
  await scene.world.pass(12_000)
  return pruned(scene)
}

it('who came across, was left behind later, and was heard of once holds up nothing', async () => {
  const scene = await share('order-sensitive', ALL, { retention })
  const { world, shared } = scene
  await append(scene, 'bob')
  await converge(world, shared.contextId, ALL)
  await migrate(scene, 'ada')
  for (const name of ALL) {
    await append(scene, name)
    await converge(world, shared.contextId, ALL)
  }
  expect(await mostWrite(scene)).toBeGreaterThan(8)
  world.network.partition(peersOf(scene, ['ada']), peersOf(scene, MOST))
  await append(scene, 'ada')
  await world.pass(2 * ABSENT_MS)
  await mostWrite(scene)
  const before = await mostWrite(scene)
  const beat = opened(scene, 'ada')?.beat()
  if (beat === undefined) throw new Error('ada says nothing')
  for (const name of MOST) await opened(scene, name)?.acknowledge([beat])
  await world.pass(60_000)
  await mostWrite(scene)
  expect(await mostWrite(scene)).toBeGreaterThan(before)
})

it('nor does who has joined a context that was made with a later version, and never opened it', async () => {
  const scene = await share('order-sensitive-2', ALL, { retention })
  const { world, shared } = scene
  await append(scene, 'bob')
  await converge(world, shared.contextId, ALL)
  const gus = (await world.start('gus')).node
  const { namespaces } = world.get('ada').node
  const invitation = namespaces.invite(shared.groupId, { lifetimeSec: 3600, role: 'Member' })
  await world.run(gus.namespaces.join(invitation))
  const { publicKey } = gus.namespaces.get(shared.namespaceId).ownKeys
  const knows = (name: string) =>
    world.get(name).node.namespaces.get(shared.namespaceId).mayWrite(shared.contextId, publicKey)
  await world.until('all to know of gus', () => MOST.every(knows))
  await world.run(world.get('gus').stop())
  await world.pass(2 * ABSENT_MS)
  expect(opened(scene, 'bob')?.beatOf(publicKey)).toBeUndefined()
  expect(await mostWrite(scene)).toBeGreaterThan(4)
})
