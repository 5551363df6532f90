// Applications whose CRDTs are the host's migrate by a method of their own: what is late is merged beneath, as it would have been.
import { expect, it } from 'vitest'
import { installOn } from '../../testing/migrating.ts'
import { converge } from '../../testing/test-nodes.ts'
import { NAMES, testWorlds } from '../../testing/test-worlds.ts'
import { upgradeGroup } from '../namespaces/code/upgrades.ts'

const { share } = testWorlds()

it('an SDK application has all that was written for its first version, whenever it came, and what came after it', async () => {
  const scene = await share('kv-store')
  const { world, shared } = scene
  const set = (name: string, key: string, value: string) =>
    world.run(world.get(name).call(shared.contextId, 'set', { key, value }))
  const read = (name: string, method: string, args: object = {}) =>
    world.run(world.get(name).call(shared.contextId, method, args))
  await set('bob', 'kept', 'first')
  await set('bob', 'changed', 'first')
  await converge(world, shared.contextId, NAMES)
  world.network.partition([world.get('cyd').peerId], [world.get('ada').peerId, world.get('bob').peerId])
  const applicationId = await installOn(scene, 'ada', 'kv-store-2')
  const request = { groupId: shared.groupId, applicationId, cascade: false, forceCodeOnly: false }
  await world.run(upgradeGroup(world.get('ada').node, request))
  await set('ada', 'changed', 'second')
  await converge(world, shared.contextId, ['ada', 'bob'])
  await set('bob', 'new', 'second')
  // Far later than the migration: it is before it all the same.
  await world.pass(60_000)
  await set('cyd', 'late', 'first')
  await set('cyd', 'kept', 'late')
  world.network.heal()
  await converge(world, shared.contextId, NAMES)
  const entries = { kept: 'late', changed: 'second', late: 'first', new: 'second' }
  for (const name of NAMES) {
    expect(await read(name, 'entries')).toEqual(entries)
    expect((await world.get(name).context(shared.contextId)).migration.mark.version).toBe(2)
  }
  expect(await read('cyd', 'set_times', { key: 'changed' })).toBe(2)
  await set('cyd', 'late', 'second')
  await converge(world, shared.contextId, NAMES)
  const roots = await Promise.all(NAMES.map(async (name) => (await world.get(name).context(shared.contextId)).root))
  expect(new Set(roots).size).toBe(1)
  expect(await read('ada', 'entries')).toEqual({ ...entries, late: 'second' })
})
