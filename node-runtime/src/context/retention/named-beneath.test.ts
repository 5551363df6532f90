// What a member's checkpoint names as pruned is its word alone: nobody goes without a delta because of it.
import { expect, it } from 'vitest'
import { converge } from '../../testing/test-nodes.ts'
import { NAMES, testWorlds } from '../../testing/test-worlds.ts'
import { ContextStore } from '../context-store.ts'

const { share } = testWorlds()

it.each([
  ['before all', 0n],
  ['as late as its child', undefined],
])('what waits for its parent waits on where a checkpoint names that, stamped %s', async (_, stamp) => {
  const { world, shared } = await share('kv-store', NAMES, { retention: { checkpointMin: 4 } })
  const set = (name: string, key: string) =>
    world.run(world.get(name).call(shared.contextId, 'set', { key, value: name }))
  for (let i = 0; i < 9; i += 1) await set(NAMES[i % 3] ?? 'ada', `k${i}`)
  await converge(world, shared.contextId, NAMES)
  await world.pass(30_000)
  world.network.partition([world.get('ada').peerId])
  const written = async (key: string) => {
    await set('ada', key)
    const ada = await world.get('ada').context(shared.contextId)
    const [delta] = ada.heads().flatMap((id) => ada.delta(id) ?? [])
    if (!delta) throw new Error('ada has written nothing')
    return delta
  }
  const parent = await written('parent')
  const child = await written('child')
  await world.run(world.get('cyd').stop())
  const rows = new ContextStore(world.get('cyd').disk, shared.contextId)
  const pruned = rows.checkpoint()
  if (!pruned) throw new Error('cyd has pruned nothing')
  const forged = {
    ...pruned.checkpoint,
    last: { id: parent.id, hlc: 1n },
    count: 0,
    authors: [],
    beneath: [{ id: parent.id, hlc: stamp ?? child.hlc }],
  }
  await world.get('cyd').disk.batch([rows.putCheckpoint(forged, pruned.base)])
  const bob = await world.get('bob').context(shared.contextId)
  await world.run(bob.receive([child]))
  await world.start('cyd')
  expect((await world.get('cyd').context(shared.contextId)).checkpoint()?.checkpoint).toEqual(forged)
  await world.pass(30_000)
  expect([bob.holds(parent.id), bob.refuses(child.id), bob.heads().includes(child.id)]).toEqual([false, false, false])
  await world.run(world.get('cyd').stop())
  world.network.heal()
  await converge(world, shared.contextId, ['ada', 'bob'])
  expect(await world.run(world.get('bob').call(shared.contextId, 'get', { key: 'parent' }))).toBe('ada')
  expect(await world.run(world.get('bob').call(shared.contextId, 'get', { key: 'child' }))).toBe('ada')
})
