// What is proposed as the next checkpoint says what each delta counts for. Something later may change that: then it is proposed anew.
import { expect, it } from 'vitest'
import { converge } from '../../testing/test-nodes.ts'
import { type Scene, testWorlds } from '../../testing/test-worlds.ts'
import { type Delta, openDelta, sealDelta } from '../../wire/delta.ts'
import { KeyRing } from '../namespaces/keys/key-ring.ts'

const { share } = testWorlds()
const NAMES = ['ada', 'cyd']

const set = ({ world, shared }: Scene, name: string, key: string) =>
  world.run(world.get(name).call(shared.contextId, 'set', { key, value: name }))

/** By its author, later than what is there: the same again. */
async function again({ world, shared }: Scene, name: string, first: Delta): Promise<Delta> {
  const { node, disk } = world.get(name)
  const context = await world.get(name).context(shared.contextId)
  const groupKey = (await KeyRing.open(disk)).find(shared.groupId, first.keyId)
  if (!groupKey) throw new Error(`${name} has no key`)
  const { contextId, author, governance, keyId } = first
  const hlc = BigInt(world.clock.nowMs() + 1) * 1_000_000n
  const header = { contextId, author, parents: context.heads(), hlc, governance, keyId, rewrites: [first.id] }
  const payload = openDelta(first, groupKey)
  return sealDelta({ header, payload, groupKey, signingKey: node.identity, random: world.random })
}

it.each(['kv-store', 'order-sensitive'])('%s: history is pruned', async (app) => {
  const scene = await share(app, NAMES, { retention: { checkpointMin: 8, recentMax: 16 } })
  const { world, shared } = scene
  const [ada, cyd] = await Promise.all(NAMES.map((name) => world.get(name).context(shared.contextId)))
  if (!ada || !cyd) throw new Error('no contexts')
  await set(scene, 'cyd', 'first')
  const [id] = cyd.heads()
  const first = id && cyd.delta(id)
  if (!first) throw new Error('nothing was written')
  for (let i = 0; i < 9; i += 1) await set(scene, NAMES[i % 2] ?? 'ada', `k${i}`)
  await world.until('a vouch', () => [ada, cyd].some((context) => context.beat()?.vouch !== undefined))
  world.network.partition([world.get('cyd').peerId])
  expect([ada, cyd].map((context) => context.checkpoint())).toEqual([undefined, undefined])
  const later = await again(scene, 'cyd', first)
  for (const context of [ada, cyd]) await world.run(context.receive([later]))
  world.network.heal()
  await world.pass(60_000)
  await converge(world, shared.contextId, NAMES)
  for (const context of [ada, cyd]) {
    const checkpoint = context.checkpoint()?.checkpoint
    expect([checkpoint?.count, checkpoint?.recent.voids]).toEqual([8, [first.id]])
  }
  for (const name of NAMES) expect(world.get(name).log.entries).toEqual([])
})
