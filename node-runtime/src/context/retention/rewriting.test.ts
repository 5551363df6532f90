// What several authors lost to a checkpoint keeps its order when they write it again, and nobody waits for ever.
import { expect, it } from 'vitest'
import { converge } from '../../testing/test-nodes.ts'
import { countRows, type Scene, testWorlds } from '../../testing/test-worlds.ts'

const { share } = testWorlds()
const ABSENT_MS = 30_000
const MOST = ['ada', 'bob', 'eve']
const ALL = [...MOST, 'cyd', 'dan']

const set = ({ world, shared }: Scene, name: string, key: string, value: string) =>
  world.run(world.get(name).call(shared.contextId, 'set', { key, value }))
const get = ({ world, shared }: Scene, name: string, key: string) =>
  world.run(world.get(name).call(shared.contextId, 'get', { key }))

/** Cyd and dan were away together, dan has answered cyd, and most have pruned past both; dan is back, cyd is not. */
async function danIsBack(): Promise<Scene> {
  const scene = await share('order-sensitive', ALL, { retention: { checkpointMin: 8, absentMs: ABSENT_MS } })
  const { world, shared } = scene
  await set(scene, 'ada', 'old', 'value')
  await converge(world, shared.contextId, ALL)
  const peers = (names: readonly string[]) => names.map((name) => world.get(name).peerId)
  world.network.partition(peers(['cyd', 'dan']))
  await set(scene, 'cyd', 'topic', 'question')
  await converge(world, shared.contextId, ['cyd', 'dan'])
  await set(scene, 'dan', 'topic', 'answer')
  await world.pass(2 * ABSENT_MS)
  for (let i = 0; i < 12; i += 1) await set(scene, MOST[i % 3] ?? 'ada', `k${i}`, 'v')
  await world.pass(30_000)
  world.network.heal()
  world.network.partition(peers(['cyd']))
  await world.pass(15_000)
  expect(await countRows(world.get('dan').disk, 'reissue')).toBe(1)
  return scene
}

it('an answer to what was lost with it is written again behind that', async () => {
  const scene = await danIsBack()
  const { world, shared } = scene
  const writing = world.get('dan').call(shared.contextId, 'set', { key: 'more', value: 'by dan' })
  expect(await get(scene, 'dan', 'k3')).toBe('v')
  await world.pass(5000)
  world.network.heal()
  await world.run(writing)
  await converge(world, shared.contextId, ALL)
  await world.pass(5000)
  await converge(world, shared.contextId, ALL)
  for (const name of ALL) {
    expect(await get(scene, name, 'topic')).toBe('answer')
    expect(await get(scene, name, 'more')).toBe('by dan')
    expect(await countRows(world.get(name).disk, 'reissue')).toBe(0)
  }
})

it('an answer that sorts behind the checkpoint is lost with what it answers, though that is older than all history', async () => {
  const scene = await share('order-sensitive', ALL, { retention: { checkpointMin: 8, absentMs: ABSENT_MS } })
  const { world, shared } = scene
  world.network.partition(['cyd', 'dan'].map((name) => world.get(name).peerId))
  await set(scene, 'cyd', 'topic', 'question')
  await converge(world, shared.contextId, ['cyd', 'dan'])
  for (let i = 0; i < 8; i += 1) await set(scene, MOST[i % 3] ?? 'ada', `k${i}`, 'v')
  await world.pass(1000)
  await set(scene, 'dan', 'topic', 'answer')
  await world.pass(2 * ABSENT_MS)
  for (const name of MOST) await set(scene, name, 'last', name)
  await world.pass(30_000)
  expect((await world.get('ada').context(shared.contextId)).checkpoint()?.checkpoint.count).toBe(8)
  world.network.heal()
  await world.pass(20_000)
  await converge(world, shared.contextId, ALL)
  for (const name of ALL) expect(await get(scene, name, 'topic')).toBe('answer')
})

it('who does not come back is not waited for, neither by what was lost nor by calls', async () => {
  const scene = await danIsBack()
  const { world, shared } = scene
  expect((await world.get('dan').context(shared.contextId)).waiting().rewriting).toBe(true)
  await set(scene, 'dan', 'more', 'by dan')
  const here = ALL.filter((name) => name !== 'cyd')
  await converge(world, shared.contextId, here)
  for (const name of here) expect(await get(scene, name, 'topic')).toBe('answer')
  expect((await world.get('dan').context(shared.contextId)).waiting().rewriting).toBe(false)
})

it('a call that waits for what others write again is refused when the node stops', async () => {
  const { world, shared } = await danIsBack()
  const writing = world.get('dan').call(shared.contextId, 'set', { key: 'more', value: 'by dan' })
  const refused = expect(writing).rejects.toMatchObject({ code: 'CONTEXT_BUSY' })
  await world.pass(2000)
  await world.run(world.get('dan').stop())
  await refused
})

it('a call that waits for what others write again waits on where a write fails and the context is read again', async () => {
  const scene = await danIsBack()
  const { world, shared } = scene
  const writing = world.get('dan').call(shared.contextId, 'set', { key: 'more', value: 'by dan' })
  const { disk } = world.get('dan')
  const { batch } = disk
  let refused = 0
  disk.batch = async () => {
    refused += 1
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
  }
  await set(scene, 'ada', 'meanwhile', 'by ada')
  await world.until('the write to fail', () => refused > 0)
  disk.batch = batch
  await world.run(writing)
  const here = ALL.filter((name) => name !== 'cyd')
  await converge(world, shared.contextId, here)
  for (const name of here) expect(await get(scene, name, 'more')).toBe('by dan')
})

it('what waits is not taken for written since its author has written another again', async () => {
  const retention = { checkpointMin: 8, recentMax: 16, absentMs: ABSENT_MS }
  const scene = await share('order-sensitive', ALL, { retention })
  const { world, shared } = scene
  const written = async (count: number, value: string) => {
    for (let i = 0; i < count; i += 1) await set(scene, MOST[i % 3] ?? 'ada', `k${i}`, value)
  }
  await set(scene, 'ada', 'old', 'value')
  await converge(world, shared.contextId, ALL)
  const peers = (names: readonly string[]) => names.map((name) => world.get(name).peerId)
  world.network.partition(peers(['cyd', 'dan']))
  await set(scene, 'dan', 'early', 'by dan')
  await set(scene, 'cyd', 'topic', 'question')
  await converge(world, shared.contextId, ['cyd', 'dan'])
  await set(scene, 'dan', 'topic', 'answer')
  await world.pass(2 * ABSENT_MS)
  await written(36, 'v')
  await world.pass(30_000)
  world.network.heal()
  world.network.partition(peers(['cyd']))
  await world.pass(10_000)
  // Dan has written the first again, the second waits for cyd, and others prune past the first meanwhile.
  expect(await countRows(world.get('dan').disk, 'reissue')).toBe(1)
  await written(24, 'w')
  await world.pass(105_000)
  await converge(world, shared.contextId, [...MOST, 'dan'])
  expect(await get(scene, 'ada', 'early')).toBe('by dan')
  expect(await get(scene, 'ada', 'topic')).toBe('answer')
})
