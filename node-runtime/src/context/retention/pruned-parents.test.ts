// What stands on something that is pruned everywhere, and that nobody has any more, waits for nobody.
import { expect, it } from 'vitest'
import { seededRandom } from '../../testing/seeded-random.ts'
import { converge } from '../../testing/test-nodes.ts'
import { type Scene, testWorlds } from '../../testing/test-worlds.ts'
import { type Delta, openDelta, sealDelta } from '../../wire/delta.ts'
import { ContextStore } from '../context-store.ts'

const { share } = testWorlds()
const NAMES = ['ada', 'bob']

type Known = readonly Pick<Delta, 'id' | 'hlc'>[]

/** Of what is pruned there its disk names no more than this: as after a snapshot, or where nothing stood on the rest. */
async function forget({ world, shared }: Scene, name: string, beneath: Known): Promise<void> {
  await world.run(world.get(name).stop())
  const { disk } = world.get(name)
  const rows = new ContextStore(disk, shared.contextId)
  const pruned = rows.checkpoint()
  if (!pruned) throw new Error(`${name} has pruned nothing`)
  for await (const { id } of rows.beneath()) await disk.batch([rows.dropBeneath(id)])
  await disk.batch([rows.putCheckpoint({ ...pruned.checkpoint, beneath }, pruned.base)])
  await world.start(name)
}

/** Ada's last delta once more, on another parent. */
async function writtenOn({ world, shared }: Scene, parent: Delta['id']): Promise<Delta> {
  const { node } = world.get('ada')
  const context = await world.get('ada').context(shared.contextId)
  const last = context.delta(context.heads()[0] ?? parent)
  const key = last && node.namespaces.get(shared.namespaceId).openingKey(shared.groupId, last.keyId)
  if (!key) throw new Error('ada has written nothing')
  const header = { ...last, parents: [parent], hlc: last.hlc + 1_000_000_000n }
  const payload = openDelta(last, key)
  return sealDelta({ header, payload, groupKey: key, signingKey: node.identity, random: seededRandom('again') })
}

it('an equal checkpoint of a member proves the parents of what waits', async () => {
  const scene = await share('kv-store', NAMES, { retention: { checkpointMin: 4 } })
  const { world, shared } = scene
  const set = (name: string, key: string) =>
    world.run(world.get(name).call(shared.contextId, 'set', { key, value: name }))
  await set('ada', 'first')
  const [head] = (await world.get('ada').context(shared.contextId)).heads()
  const first = head && (await world.get('ada').context(shared.contextId)).delta(head)
  for (let i = 0; i < 8; i += 1) await set(NAMES[i % 2] ?? 'ada', `k${i}`)
  await converge(world, shared.contextId, NAMES)
  await world.pass(30_000)
  if (!first) throw new Error('ada has written nothing')
  await forget(scene, 'ada', [{ id: first.id, hlc: first.hlc }])
  await forget(scene, 'bob', [])
  const delta = await writtenOn(scene, first.id)
  await world.run((await world.get('ada').context(shared.contextId)).receive([delta]))
  await converge(world, shared.contextId, NAMES)
  const bob = await world.get('bob').context(shared.contextId)
  expect(bob.heads()).toContain(delta.id)
  expect(bob.checkpoint()?.checkpoint.beneath.map(({ id }) => id)).toEqual([first.id])
  await world.run(world.get('bob').stop())
  await world.start('bob')
  await set('bob', 'newer')
  await converge(world, shared.contextId, NAMES)
})
