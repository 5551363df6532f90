// What is written again counts iff nothing that it stands for does: on its author as on everybody, and whenever it came.
import { expect, it } from 'vitest'
import type { DeltaId } from '../../base/ids.ts'
import { converge, joinContext } from '../../testing/test-nodes.ts'
import { countRows, type Scene, testWorlds } from '../../testing/test-worlds.ts'
import { type Delta, openDelta, sealDelta } from '../../wire/delta.ts'
import type { Context } from '../context.ts'
import { KeyRing } from '../namespaces/keys/key-ring.ts'
import { putReissue } from './reissue-rows.ts'

const { share } = testWorlds()

const set = ({ world, shared }: Scene, name: string, key: string, value: string) =>
  world.run(world.get(name).call(shared.contextId, 'set', { key, value }))
const get = ({ world, shared }: Scene, name: string, key: string) =>
  world.run(world.get(name).call(shared.contextId, 'get', { key }))

/** Signed by `name`: what `like` says, on the heads that it holds, `aheadMs` after its clock. */
async function crafted(
  { world, shared }: Scene,
  name: string,
  { like, rewrites, aheadMs = 0 }: { like: Delta; rewrites: readonly DeltaId[]; aheadMs?: number },
): Promise<Delta> {
  const { node, disk } = world.get(name)
  const { heads } = await world
    .get(name)
    .context(shared.contextId)
    .then((context) => ({ heads: context.heads() }))
  const keys = await KeyRing.open(disk)
  const key = keys.find(shared.groupId, like.keyId)
  if (!key) throw new Error(`${name} has no key for ${like.id}`)
  const { contextId, governance, keyId } = like
  const hlc = BigInt(world.clock.nowMs() + aheadMs) * 1_000_000n
  const header = { contextId, author: node.identity.publicKey, parents: heads, hlc, governance, keyId, rewrites }
  return sealDelta({
    header,
    payload: openDelta(like, key),
    groupKey: key,
    signingKey: node.identity,
    random: world.random,
  })
}

async function firstOfCyd(scene: Scene): Promise<{ cyd: Context; first: DeltaId; like: Delta }> {
  await set(scene, 'cyd', 'first', 'cyd')
  const cyd = await scene.world.get('cyd').context(scene.shared.contextId)
  const [first] = cyd.heads()
  const like = first && cyd.delta(first)
  if (!like) throw new Error('nothing was written')
  return { cyd, first, like }
}

it('it counts for who had it as for who gets it, once what it stands for is too old to be named', async () => {
  const names = ['ada', 'bob', 'cyd']
  const scene = await share('order-sensitive', names, { retention: { checkpointMin: 8, recentMax: 16 } })
  const { world, shared } = scene
  const { cyd, first, like } = await firstOfCyd(scene)
  for (let i = 0; i < 10; i += 1) await set(scene, names[i % 3] ?? 'ada', 'first', `${i}`)
  await world.pass(30_000)
  expect(cyd.checkpoint()?.checkpoint.recent.counting).toContain(first)
  world.network.partition([world.get('bob').peerId])
  for (let i = 0; i < 30; i += 1) await set(scene, 'ada', `a${i % 5}`, `${i}`)
  await converge(world, shared.contextId, ['ada', 'cyd'])
  const lie = await crafted(scene, 'cyd', { like, rewrites: [like.id], aheadMs: 1000 })
  await world.run(cyd.receive([lie]))
  await converge(world, shared.contextId, ['ada', 'cyd'])
  world.network.heal()
  await world.pass(30_000)
  await converge(world, shared.contextId, names)
  const { checkpoint } = cyd.checkpoint() ?? {}
  expect(checkpoint?.recent.counting).not.toContain(first)
  expect(checkpoint && checkpoint.last < lie.id).toBe(true)
  await world.start('dan', { boot: names })
  await joinContext(world, shared, 'ada', 'dan')
  await converge(world, shared.contextId, [...names, 'dan'])
})

it.each(['order-sensitive', 'kv-store'])(
  '%s: what is pruned without effect stays so, though no more is named what it stands for',
  async (app) => {
    const names = ['ada', 'bob', 'cyd']
    const scene = await share(app, names, { retention: { checkpointMin: 8, recentMax: 16 } })
    const { world, shared } = scene
    const { cyd, first, like } = await firstOfCyd(scene)
    for (let i = 0; i < 19; i += 1) await set(scene, names[i % 3] ?? 'ada', 'first', `${i}`)
    await world.until('two checkpoints', () => cyd.checkpoint()?.checkpoint.count === 16)
    expect(cyd.checkpoint()?.checkpoint.recent.counting).toContain(first)
    const lie = await crafted(scene, 'cyd', { like, rewrites: [like.id], aheadMs: 1 })
    await world.run(cyd.receive([lie]))
    await converge(world, shared.contextId, names)
    const value = await get(scene, 'ada', 'first')
    for (let i = 0; i < 8; i += 1) await set(scene, names[i % 3] ?? 'ada', 'other', `${i}`)
    await world.until('the third', () => cyd.checkpoint()?.checkpoint.count === 24)
    const recent = cyd.checkpoint()?.checkpoint.recent
    expect(recent?.voids).toEqual([lie.id])
    expect(recent?.counting).not.toContain(first)
    await world.pass(5000)
    for (const name of names) expect(await get(scene, name, 'first')).toEqual(value)
    await world.run(world.get('bob').stop())
    await world.start('bob', { boot: names })
    await set(scene, 'bob', 'other', 'bob')
    await converge(world, shared.contextId, names)
    for (const name of names) expect(world.get(name).log.entries).toEqual([])
  },
)

it('its author writes nothing again that something else stands for by now', async () => {
  const names = ['ada', 'bob']
  const scene = await share('order-sensitive', names, { retention: { checkpointMin: 8 } })
  const { world, shared } = scene
  await set(scene, 'bob', 'k', 'once')
  const bob = await world.get('bob').context(shared.contextId)
  const first = bob.heads()[0]
  const like = first && bob.delta(first)
  if (!like) throw new Error('nothing was written')
  const again = await crafted(scene, 'bob', { like, rewrites: [like.id], aheadMs: 1 })
  for (let i = 0; i < 12; i += 1) await set(scene, names[i % 2] ?? 'ada', 'k', `${i}`)
  await world.pass(30_000)
  await converge(world, shared.contextId, names)
  // As after a checkpoint without the first and with the second, and a greater one with the first and without the second.
  await world.run(world.get('bob').stop())
  await world
    .get('bob')
    .disk.batch([putReissue(shared.contextId, { origin: like.id, delta: again, behind: new Map() })])
  await world.start('bob', { boot: names })
  await world.pass(5000)
  await converge(world, shared.contextId, names)
  expect([await get(scene, 'ada', 'k'), await get(scene, 'bob', 'k')]).toEqual(['11', '11'])
  expect(await countRows(world.get('bob').disk, 'reissue')).toBe(0)
})
