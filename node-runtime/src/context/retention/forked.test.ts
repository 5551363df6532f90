// An author that goes on from older data has two deltas on one. Both stand: what others have built on either is not lost where
// history is pruned between them.
import { expect, it } from 'vitest'
import { converge } from '../../testing/test-nodes.ts'
import { NAMES, type Scene, testWorlds } from '../../testing/test-worlds.ts'
import { type Delta, openDelta, sealDelta } from '../../wire/delta.ts'
import { ContextStore } from '../context-store.ts'
import { KeyRing } from '../namespaces/keys/key-ring.ts'

const { share } = testWorlds()

const set = ({ world, shared }: Scene, name: string, key: string) =>
  world.run(world.get(name).call(shared.contextId, 'set', { key, value: name }))

/** By the author of `first`, later than what is there: it says that it follows on from `first`. */
async function another({ world, shared }: Scene, name: string, first: Delta): Promise<Delta> {
  const { node, disk } = world.get(name)
  const context = await world.get(name).context(shared.contextId)
  const groupKey = (await KeyRing.open(disk)).find(shared.groupId, first.keyId)
  if (!groupKey) throw new Error(`${name} has no key`)
  const { contextId, author, governance, keyId } = first
  const parents = [...new Set([...context.heads(), first.id])].sort()
  const hlc = BigInt(world.clock.nowMs() + 1) * 1_000_000n
  const header = { contextId, author, parents, previous: parents.indexOf(first.id), hlc, governance, keyId }
  const payload = openDelta(first, groupKey)
  return sealDelta({ header, payload, groupKey, signingKey: node.identity, random: world.random })
}

it.each(['kv-store', 'order-sensitive'])('%s: nothing is written again', async (app) => {
  const scene = await share(app, NAMES, { retention: { checkpointMin: 8, recentMax: 16 } })
  const { world, shared } = scene
  const contextOf = (name: string) => world.get(name).context(shared.contextId)
  await set(scene, 'cyd', 'first')
  await converge(world, shared.contextId, NAMES)
  const cyd = await contextOf('cyd')
  const [id = ''] = cyd.heads()
  const first = cyd.delta(id as Delta['id'])
  if (!first) throw new Error('nothing was written')
  for (const name of ['cyd', 'ada', 'bob', 'ada', 'bob', 'ada', 'bob']) await set(scene, name, 'second')
  const [second = ''] = cyd.heads()
  const forked = await another(scene, 'cyd', first)
  await world.run(cyd.receive([forked]))
  const ada = await contextOf('ada')
  await world.run(ada.receive([cyd.delta(second as Delta['id']), forked].flatMap((delta) => delta ?? [])))
  await set(scene, 'ada', 'answer')
  const [answer = ''] = ada.heads()
  await world.until('it to be pruned', () => (ada.checkpoint()?.checkpoint.count ?? 0) >= 8)
  await world.pass(30_000)
  await converge(world, shared.contextId, NAMES)
  const checkpoint = ada.checkpoint()?.checkpoint
  expect([checkpoint?.count, (checkpoint?.last ?? '') < forked.id, forked.id < answer]).toEqual([8, true, true])
  const again: string[] = []
  for await (const { delta } of new ContextStore(world.get('ada').disk, shared.contextId).deltas()) {
    if (delta.rewrites) again.push(delta.id)
  }
  expect(again).toEqual([])
})
