// What an application's old code has made, and is lost to a checkpoint, is written again after an upgrade: by what applies it
// the old code still does, and by what its author may, it is of now.
import { expect, it } from 'vitest'
import type { OpId, PublicKey } from '../../base/ids.ts'
import { runs, upgrade } from '../../testing/second-version.ts'
import { converge, joinContext } from '../../testing/test-nodes.ts'
import { countRows, type Scene, testWorlds } from '../../testing/test-worlds.ts'
import type { Delta } from '../../wire/delta.ts'
import { ContextStore } from '../context-store.ts'
import { KeyRing } from '../namespaces/keys/key-ring.ts'
import { removeMember } from '../namespaces/membership.ts'

const { share } = testWorlds()
const ABSENT_MS = 30_000
const MOST = ['ada', 'bob', 'eve']
const WAITING = 'own deltas wait to be written again'
const AWAY = ['cyd', 'dan']
const ALL = [...MOST, ...AWAY]

const set = ({ world, shared }: Scene, name: string, key: string, value: string) =>
  world.run(world.get(name).call(shared.contextId, 'set', { key, value }))
const get = ({ world, shared }: Scene, name: string, key: string) =>
  world.run(world.get(name).call(shared.contextId, 'get', { key }))

/** Of `name`, what it has written again and is not pruned there. */
async function writtenAgain({ world, shared }: Scene, name: string): Promise<Delta[]> {
  const { node, disk } = world.get(name)
  const found: Delta[] = []
  for await (const { delta } of new ContextStore(disk, shared.contextId).deltas()) {
    if (delta.author === node.identity.publicKey && delta.rewrites) found.push(delta)
  }
  return found
}

/** Cyd and dan were away, dan has answered cyd, and most have pruned past both. Dan is back, and waits for cyd. */
async function danWaits(): Promise<Scene> {
  const scene = await share('order-sensitive', ALL, { retention: { checkpointMin: 8, absentMs: ABSENT_MS } })
  const { world, shared } = scene
  await set(scene, 'ada', 'old', 'value')
  await converge(world, shared.contextId, ALL)
  const peers = (names: readonly string[]) => names.map((name) => world.get(name).peerId)
  world.network.partition(peers(AWAY))
  await set(scene, 'cyd', 'topic', 'question')
  await converge(world, shared.contextId, AWAY)
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

it('it counts, by the code that has made it, and is unreadable to who was removed meanwhile', async () => {
  const scene = await danWaits()
  const { world, shared } = scene
  const left = ALL.filter((name) => name !== 'eve')
  const { node, disk } = world.get('dan')
  await world.run(removeMember(world.get('ada').node, shared.groupId, world.get('eve').node.account))
  const applicationId = await upgrade(scene, 'ada')
  for (const name of ['ada', 'bob', 'dan'])
    await world.until(`${name} to run it`, () => runs(scene, name, applicationId))
  await set(scene, 'bob', 'new', 'code')
  world.network.heal()
  await world.pass(20_000)
  await set(scene, 'dan', 'more', 'by dan')
  await converge(world, shared.contextId, left)
  for (const name of left) {
    const values = [await get(scene, name, 'topic'), await get(scene, name, 'new'), await get(scene, name, 'more')]
    expect([name, ...values]).toEqual([name, 'answer', 'code', 'by dan'])
    // Cyd may hear of the removal before it gets the new key.
    const warnings = world.get(name).log.entries.filter(({ message }) => message !== WAITING)
    expect([name, warnings]).toEqual([name, []])
    expect(await countRows(world.get(name).disk, 'reissue')).toBe(0)
  }
  const [again] = await writtenAgain(scene, 'dan')
  if (!again?.madeUnder) throw new Error('dan has written nothing again by the code of before')
  const log = node.namespaces.get(shared.namespaceId)
  expect(again.governance).toEqual(log.heads())
  expect(log.applicationAt(shared.contextId, again.governance)).toBe(applicationId)
  expect(log.applicationAt(shared.contextId, again.madeUnder)).not.toBe(applicationId)
  const [own, removed] = [await KeyRing.open(disk), await KeyRing.open(world.get('eve').disk)]
  expect(own.find(shared.groupId, again.keyId)).toBeDefined()
  expect(removed.find(shared.groupId, again.keyId)).toBeUndefined()
})

it('a call that waits for it is answered, though its author is upgraded meanwhile', async () => {
  const scene = await danWaits()
  const { world, shared } = scene
  const calling = world.get('dan').call(shared.contextId, 'set', { key: 'called', value: 'before' })
  const outcome = calling.then(
    () => 'answered',
    (error) => String(error),
  )
  await world.pass(500)
  const applicationId = await upgrade(scene, 'ada')
  await world.until('dan to run it', () => runs(scene, 'dan', applicationId))
  expect(await countRows(world.get('dan').disk, 'reissue')).toBe(1)
  world.network.heal()
  expect(await world.run(outcome)).toBe('answered')
  await converge(world, shared.contextId, ALL)
  for (const name of ALL) expect([name, await get(scene, name, 'called')]).toEqual([name, 'before'])
})

it('a writer names any cut at which there was the context, who has joined since, too, and of one that is not known here nothing is said yet', async () => {
  const { world, shared } = await share('order-sensitive', ['ada', 'bob'])
  const { contextId, groupId, namespaceId } = shared
  const log = world.get('ada').node.namespaces.get(namespaceId)
  const before = log.heads()
  await world.start('dan')
  await joinContext(world, shared, 'ada', 'dan')
  const governance = log.heads()
  const keyId = log.sealingKey(groupId)?.keyId
  if (!keyId) throw new Error('there is no key')
  const judged = (author: PublicKey, madeUnder: readonly OpId[]) =>
    log.judge(contextId, { author, governance, keyId, madeUnder })
  const [bob, dan] = ['bob', 'dan'].map((name) => world.get(name).node.identity.publicKey)
  if (!bob || !dan) throw new Error('nobody')
  for (const writer of [bob, dan]) {
    expect([judged(writer, before), judged(writer, governance)]).toEqual(['yes', 'yes'])
    expect([judged(writer, []), judged(writer, ['f'.repeat(64) as OpId])]).toEqual(['no', 'not-yet'])
  }
  expect(judged('9'.repeat(64) as PublicKey, before)).toBe('no')
})
