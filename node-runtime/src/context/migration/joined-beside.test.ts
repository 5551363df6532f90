// Who comes to a context whose upgrade cannot be done, or was undone, goes on with the state as the others do.
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../base/bytes.ts'
import { installOn, migrate } from '../../testing/migrating.ts'
import { converge, joinContext } from '../../testing/test-nodes.ts'
import { type Scene, testWorlds } from '../../testing/test-worlds.ts'
import { allWrite, append, codeOn, peersOf, shareWithAdmin } from '../../testing/upgraded.ts'
import { abortMigrations, upgradeGroup } from '../namespaces/code/upgrades.ts'

const { share } = testWorlds()
const NAMES = ['ada', 'bob']
const ALL = [...NAMES, 'dan']

const refuseMigration = (
  { world, shared }: Scene,
  name: string,
  { contextId }: Pick<Scene['shared'], 'contextId'> = shared,
) => world.run(world.get(name).call(contextId, 'set', { key: 'migration', value: 'trap' }))

async function join({ world, shared }: Scene, name: string): Promise<void> {
  await world.start(name)
  await joinContext(world, shared, 'ada', name)
}

describe('who joins', () => {
  it('after an upgrade that cannot be done writes by the earlier code', async () => {
    const scene = await share('order-sensitive', NAMES)
    const { world, shared } = scene
    await refuseMigration(scene, 'bob')
    await converge(world, shared.contextId, NAMES)
    await migrate(scene, 'ada')
    await append(scene, 'ada')
    await join(scene, 'dan')
    await allWrite(scene, { names: ALL, version: 1 })
  })

  it('beside an upgrade that cannot be done writes by the earlier code', async () => {
    const scene = await shareWithAdmin(share)
    const { world, shared } = scene
    await refuseMigration(scene, 'ada')
    await converge(world, shared.contextId, NAMES)
    await world.start('dan')
    world.network.partition(peersOf(scene, ['ada', 'dan']), peersOf(scene, ['bob']))
    await joinContext(world, shared, 'ada', 'dan')
    const applicationId = await migrate(scene, 'bob')
    world.network.heal()
    await codeOn(scene, ALL, [applicationId])
    await allWrite(scene, { names: ALL, version: 1 })
  })

  it('after an upgrade that was done and undone writes by the later code, where the state is', async () => {
    const scene = await share('order-sensitive', NAMES)
    const { world, shared } = scene
    await append(scene, 'bob')
    await converge(world, shared.contextId, NAMES)
    const applicationId = await migrate(scene, 'ada')
    await codeOn(scene, NAMES, [applicationId])
    world.network.partition(peersOf(scene, ['ada']), peersOf(scene, ['bob']))
    await append(scene, 'bob')
    const { node } = world.get('ada')
    const namespace = node.namespaces.get(shared.namespaceId)
    expect(await world.run(abortMigrations(node, namespace, shared.namespaceId))).toBe(true)
    world.network.heal()
    await converge(world, shared.contextId, NAMES)
    await join(scene, 'dan')
    await allWrite(scene, { names: ALL, version: 2 })
  })
})

describe('a context that is made', () => {
  it('beside an upgrade that cannot be done is written by the code that has made it', async () => {
    const scene = await shareWithAdmin(share)
    const { world, shared } = scene
    const applicationId = await installOn(scene, 'ada', 'order-sensitive-2')
    await converge(world, shared.contextId, NAMES)
    const { node } = world.get('bob')
    const { groupId } = shared
    const before = node.namespaces.get(shared.namespaceId).state.contexts.get(shared.contextId)?.applicationId
    if (!before) throw new Error('there is no application')
    world.network.partition(peersOf(scene, ['ada']), peersOf(scene, ['bob']))
    const made = await world.run(node.contexts.create({ applicationId: before, groupId, initParams: utf8('{}') }))
    const second = { contextId: made.record.id }
    await refuseMigration(scene, 'bob', second)
    await world.pass(1000)
    const request = { groupId, applicationId, cascade: false, forceCodeOnly: false }
    await world.run(upgradeGroup(world.get('ada').node, request))
    world.network.heal()
    await codeOn(scene, NAMES, [applicationId])
    const ada = world.get('ada').node
    await world.run(ada.joiner.ready(ada.namespaces.get(shared.namespaceId), second.contextId))
    await converge(world, second.contextId, NAMES)
    await allWrite(scene, { names: NAMES, version: 1, ...second })
  })
})
