// Who comes to a context whose upgrade cannot be done, or was undone, goes on with the state as the others do.
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../base/bytes.ts'
import type { ApplicationId } from '../../base/ids.ts'
import { installOn, migrate } from '../../testing/migrating.ts'
import { converge, joinContext } from '../../testing/test-nodes.ts'
import { type Scene, testWorlds } from '../../testing/test-worlds.ts'
import { abortMigrations, upgradeGroup } from '../namespaces/code/upgrades.ts'

const { share } = testWorlds()
const NAMES = ['ada', 'bob']
const ALL = [...NAMES, 'dan']

type Of = Pick<Scene['shared'], 'contextId'>

const append = ({ world, shared }: Scene, name: string, { contextId }: Of = shared) =>
  world.run(world.get(name).call(contextId, 'append', { value: name }))
const logOf = ({ world, shared }: Scene, name: string, { contextId }: Of = shared) =>
  world.run(world.get(name).call(contextId, 'log', {}))
const refuseMigration = ({ world, shared }: Scene, name: string, { contextId }: Of = shared) =>
  world.run(world.get(name).call(contextId, 'set', { key: 'migration', value: 'trap' }))
const versionOf = async ({ world, shared }: Scene, name: string, { contextId }: Of = shared) =>
  (await world.get(name).context(contextId)).migration.mark.version
const peersOf = ({ world }: Scene, names: readonly string[]) => names.map((name) => world.get(name).peerId)

/** Bob may upgrade, and make contexts. */
async function shareWithAdmin(): Promise<Scene> {
  const scene = await share('order-sensitive', ['ada'])
  await scene.world.start('bob')
  await joinContext(scene.world, scene.shared, 'ada', 'bob', 'Admin')
  return scene
}

async function join({ world, shared }: Scene, name: string): Promise<void> {
  await world.start(name)
  await joinContext(world, shared, 'ada', name)
}

const codeOn = ({ world }: Scene, names: readonly string[], applicationId: ApplicationId) =>
  world.until('all to have its code', () =>
    names.every((name) => world.get(name).node.applications.get(applicationId) !== undefined),
  )

async function allWrite(scene: Scene, version: number): Promise<void> {
  const { world, shared } = scene
  const before = (await logOf(scene, 'ada')) as string[]
  for (const name of ALL) {
    await append(scene, name)
    await converge(world, shared.contextId, ALL)
  }
  for (const name of ALL) {
    expect(await logOf(scene, name)).toEqual([...before, ...ALL])
    expect(await versionOf(scene, name)).toBe(version)
  }
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
    await allWrite(scene, 1)
  })

  it('beside an upgrade that cannot be done writes by the earlier code', async () => {
    const scene = await shareWithAdmin()
    const { world, shared } = scene
    await refuseMigration(scene, 'ada')
    await converge(world, shared.contextId, NAMES)
    await world.start('dan')
    world.network.partition(peersOf(scene, ['ada', 'dan']), peersOf(scene, ['bob']))
    await joinContext(world, shared, 'ada', 'dan')
    const applicationId = await migrate(scene, 'bob')
    world.network.heal()
    await codeOn(scene, ALL, applicationId)
    await allWrite(scene, 1)
  })

  it('after an upgrade that was done and undone writes by the later code, where the state is', async () => {
    const scene = await share('order-sensitive', NAMES)
    const { world, shared } = scene
    await append(scene, 'bob')
    await converge(world, shared.contextId, NAMES)
    const applicationId = await migrate(scene, 'ada')
    await codeOn(scene, NAMES, applicationId)
    world.network.partition(peersOf(scene, ['ada']), peersOf(scene, ['bob']))
    await append(scene, 'bob')
    const { node } = world.get('ada')
    const namespace = node.namespaces.get(shared.namespaceId)
    expect(await world.run(abortMigrations(node, namespace, shared.namespaceId))).toBe(true)
    world.network.heal()
    await converge(world, shared.contextId, NAMES)
    await join(scene, 'dan')
    await allWrite(scene, 2)
  })
})

describe('a context that is made', () => {
  it('beside an upgrade that cannot be done is written by the code that has made it', async () => {
    const scene = await shareWithAdmin()
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
    await codeOn(scene, NAMES, applicationId)
    const ada = world.get('ada').node
    await world.run(ada.joiner.ready(ada.namespaces.get(shared.namespaceId), second.contextId))
    await converge(world, second.contextId, NAMES)
    for (const name of NAMES) {
      await append(scene, name, second)
      await converge(world, second.contextId, NAMES)
    }
    for (const name of NAMES) {
      expect(await logOf(scene, name, second)).toEqual(NAMES)
      expect(await versionOf(scene, name, second)).toBe(1)
    }
  })
})
