// Code that a context of a service should not be upgraded to: who asks for it is refused, and where somebody asks who does not
// refuse it by itself, all who hear of it judge alike, by what they hold in common.
import { expect, test } from 'vitest'
import { appWasm } from '../../../../../scripts/build-apps.ts'
import { utf8 } from '../../../base/bytes.ts'
import type { ApplicationId, GroupId } from '../../../base/ids.ts'
import { converge, joinContext, type TestWorld } from '../../../testing/test-nodes.ts'
import { testWorlds } from '../../../testing/test-worlds.ts'
import { twoServices } from '../../../testing/two-services.ts'
import { govern } from '../administration.ts'
import { progressOf, upgradeGroup } from './upgrades.ts'

const NAMES = ['ada', 'bob']
const { open } = testWorlds()

async function install(world: TestWorld, bytes: Uint8Array): Promise<ApplicationId> {
  const { ports, applications } = world.get('ada').node
  const { id } = await world.run(ports.blobs.put([bytes]))
  return (await world.run(applications.installBlob(id, { source: 'test', metadata: new Uint8Array(0) }))).id
}

/** Both are in a context that runs the service `store`. */
async function contextOfService() {
  const world = await open()
  for (const name of NAMES) await world.start(name, { boot: NAMES })
  const { node } = world.get('ada')
  const applicationId = await install(world, await twoServices())
  const namespace = await world.run(node.namespaces.create(applicationId))
  const groupId = namespace.id as GroupId
  const made = { applicationId, groupId, initParams: utf8('{}'), serviceName: 'store' }
  const { record } = await world.run(node.contexts.create(made))
  await joinContext(world, { contextId: record.id, namespaceId: namespace.id, groupId }, 'ada', 'bob')
  await converge(world, record.id, NAMES)
  /** Without the checks of who asks, as another release of the node might. */
  const upgradeTo = async (target: ApplicationId) => {
    await expect(
      world.run(upgradeGroup(node, { groupId, applicationId: target, cascade: false, forceCodeOnly: true })),
    ).rejects.toMatchObject({
      code: 'UPGRADE_REFUSED',
    })
    await world.run(node.namespaces.announceApplication(namespace, target))
    await world.run(govern(node, groupId, { kind: 'application_set', groupId, applicationId: target, cascade: false }))
    await world.until('bob to have its code', () => world.get('bob').node.applications.get(target) !== undefined)
  }
  const seen = (name: string) => {
    const { contexts, applications, namespaces } = world.get(name).node
    return {
      runs: contexts.record(record.id)?.applicationId,
      progress: progressOf({ contexts, applications }, namespaces.get(namespace.id), groupId),
    }
  }
  const set = (name: string, key: string) => world.run(world.get(name).call(record.id, 'set', { key, value: name }))
  const all = (name: string) => world.run(world.get(name).call(record.id, 'entries', {}))
  return { world, contextId: record.id, applicationId, upgradeTo, seen, set, all }
}

test('code without names is run by all members alike, under whatever name', async () => {
  const { world, contextId, upgradeTo, seen, set, all } = await contextOfService()
  await set('bob', 'before')
  await converge(world, contextId, NAMES)
  const target = await install(world, await appWasm('kv-store-with-handlers'))
  await upgradeTo(target)
  await world.until('all to run it', () => NAMES.every((name) => seen(name).runs === target))
  expect(NAMES.map(seen)).toMatchObject(NAMES.map(() => ({ progress: { total: 1, swapped: 1, failed: 0 } })))
  await Promise.all(NAMES.map((name) => set(name, `after, by ${name}`)))
  await converge(world, contextId, NAMES)
  expect(await Promise.all(NAMES.map(all))).toEqual(
    NAMES.map(() => ({ before: 'bob', 'after, by ada': 'ada', 'after, by bob': 'bob' })),
  )
})

test('code that keeps its state in another way is run by nobody, and all go on with what there was', async () => {
  const { world, contextId, applicationId, upgradeTo, seen, set, all } = await contextOfService()
  await upgradeTo(await install(world, await appWasm('order-sensitive')))
  await Promise.all(NAMES.map((name) => set(name, `by ${name}`)))
  await converge(world, contextId, NAMES)
  const behind = { runs: applicationId, progress: { total: 1, swapped: 0, failed: 1 } }
  expect(NAMES.map(seen)).toMatchObject([behind, behind])
  expect(await Promise.all(NAMES.map(all))).toEqual(NAMES.map(() => ({ 'by ada': 'ada', 'by bob': 'bob' })))
})
