// What its author has written again goes without effect into a checkpoint. Where the later one is lost with that same checkpoint,
// because it was built on what is lost, it is written once more: nothing of it counts anywhere.
import { expect, it } from 'vitest'
import type { DeltaId } from '../../base/ids.ts'
import { converge } from '../../testing/test-nodes.ts'
import { NAMES, type Scene, testWorlds } from '../../testing/test-worlds.ts'
import { type Delta, type DeltaHeader, openDelta, sealDelta } from '../../wire/delta.ts'
import type { Context } from '../context.ts'
import { ContextStore } from '../context-store.ts'
import { KeyRing } from '../namespaces/keys/key-ring.ts'

const { share } = testWorlds()

const set = ({ world, shared }: Scene, name: string, key: string) =>
  world.run(world.get(name).call(shared.contextId, 'set', { key, value: name }))
const contextOf = ({ world, shared }: Scene, name: string) => world.get(name).context(shared.contextId)

const lastOf = (context: Context): Delta => {
  const [id] = context.heads()
  const delta = id && context.delta(id)
  if (!delta) throw new Error('nothing was written')
  return delta
}

/** By the author of `like`, with what that does, on all that is there. */
async function crafted(scene: Scene, name: string, like: Delta, more: Partial<DeltaHeader>): Promise<Delta> {
  const { world, shared } = scene
  const { node, disk } = world.get(name)
  const groupKey = (await KeyRing.open(disk)).find(shared.groupId, like.keyId)
  if (!groupKey) throw new Error(`${name} has no key`)
  const { contextId, author, governance, keyId } = like
  const parents = (await contextOf(scene, name)).heads()
  const hlc = BigInt(world.clock.nowMs() + 1) * 1_000_000n
  const payload = openDelta(like, groupKey)
  const header = { contextId, author, parents, hlc, governance, keyId, ...more }
  return sealDelta({ header, payload, groupKey, signingKey: node.identity, random: world.random })
}

it('what was written again is there in the end', async () => {
  const scene = await share('kv-store', NAMES, { retention: { checkpointMin: 8, recentMax: 8 } })
  const { world, shared } = scene
  const contexts = await Promise.all(NAMES.map((name) => contextOf(scene, name)))
  const [ada, bob, cyd] = contexts
  if (!ada || !bob || !cyd) throw new Error('no contexts')
  await set(scene, 'bob', 'older')
  const older = lastOf(bob)
  await converge(world, shared.contextId, NAMES)
  for (let i = 0; i < 8; i += 1) await set(scene, 'ada', `k${i}`)
  await world.until('a checkpoint', () => contexts.every((context) => context.checkpoint()?.checkpoint.count === 8))
  world.network.partition([world.get('cyd').peerId])
  await world.pass(1000)
  await set(scene, 'cyd', 'mine')
  const mine = lastOf(cyd)
  for (let i = 0; i < 8; i += 1) await set(scene, 'ada', `l${i}`)
  await world.pass(1000)
  // Bob lies: it goes on from what ada wrote. That shows when it is named no more. Cyd goes on from bob.
  const theirs = bob.checkpoint()?.checkpoint.last
  if (!theirs) throw new Error('nothing was pruned')
  const parents = [...new Set([...bob.heads(), theirs])].sort()
  const old = await crafted(scene, 'bob', older, { parents, previous: parents.indexOf(theirs) })
  await world.run(bob.receive([old]))
  await world.pass(1000)
  const all: Delta[] = []
  for await (const { delta } of new ContextStore(world.get('bob').disk, shared.contextId).deltas()) all.push(delta)
  await world.run(cyd.receive(all))
  const again = await crafted(scene, 'cyd', mine, { rewrites: [mine.id] })
  await world.run(cyd.receive([again]))
  world.network.heal()
  await world.until('the next', () => contexts.every((context) => (context.checkpoint()?.checkpoint.count ?? 0) >= 16))
  await world.pass(60_000)
  await converge(world, shared.contextId, NAMES)
  expect(ada.checkpoint()?.checkpoint.recent.voids).toEqual([mine.id])
  const once: DeltaId[] = []
  for await (const { delta } of new ContextStore(world.get('ada').disk, shared.contextId).deltas()) {
    if (delta.rewrites?.includes(again.id)) once.push(...delta.rewrites)
  }
  expect(once).toEqual([mine.id, again.id])
  for (const name of NAMES) {
    expect(await world.run(world.get(name).call(shared.contextId, 'get', { key: 'mine' }))).toBe('cyd')
  }
})
