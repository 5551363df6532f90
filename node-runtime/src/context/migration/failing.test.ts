// Migrations that cannot be done: the state stays as it was and is called as before, and who is asked says why.
import { describe, expect, it } from 'vitest'
import type { GroupId } from '../../base/ids.ts'
import { installOn, migrate } from '../../testing/migrating.ts'
import { converge } from '../../testing/test-nodes.ts'
import { type Scene, testWorlds } from '../../testing/test-worlds.ts'
import { migrationReport } from '../namespaces/code/migration-report.ts'
import { abortMigrations, progressOf, retryUpgrade, upgradeGroup } from '../namespaces/code/upgrades.ts'

const { share } = testWorlds()
const NAMES = ['ada', 'bob'] as const

const append = ({ world, shared }: Scene, name: string, value = name) =>
  world.run(world.get(name).call(shared.contextId, 'append', { value }))
const logOf = ({ world, shared }: Scene, name: string) => world.run(world.get(name).call(shared.contextId, 'log', {}))
const wish = ({ world, shared }: Scene, name: string, value: string) =>
  world.run(world.get(name).call(shared.contextId, 'set', { key: 'migration', value }))
const contextOf = ({ world, shared }: Scene, name: string) => world.get(name).context(shared.contextId)

function statesOn({ world, shared }: Scene, name: string) {
  const { node } = world.get(name)
  const namespace = node.namespaces.get(shared.namespaceId)
  const { members } = migrationReport(node, namespace, [...namespace.state.members.values()])
  return members.map(({ state, said }) => [state, said?.failed])
}

function progressOn({ world, shared }: Scene, name: string) {
  const { node } = world.get(name)
  const { total, swapped, failed, waiting } =
    progressOf(node, node.namespaces.get(shared.namespaceId), shared.groupId) ?? {}
  return { total, swapped, failed, waiting }
}

describe.each([
  ['trap', /^migrate_v1_to_v2 failed: trap$/],
  ['refuse', /migration_check failed: it does not hold/],
  ['nothing', /migrate_v1_to_v2 returned no state/],
])('a migration that fails (%s)', (how, why) => {
  it('leaves the state to the earlier version, which goes on, and all know of it', async () => {
    const scene = await share('order-sensitive', NAMES)
    const { world, shared } = scene
    await append(scene, 'bob')
    await wish(scene, 'ada', how)
    await converge(world, shared.contextId, NAMES)
    const applicationId = await migrate(scene, 'ada')
    await world.until('bob to have its code', () => world.get('bob').node.applications.get(applicationId) !== undefined)
    expect(progressOn(scene, 'ada')).toEqual({ total: 1, swapped: 0, failed: 0, waiting: 1 })
    for (const name of NAMES) {
      await append(scene, name, `${name} again`)
      await converge(world, shared.contextId, NAMES)
    }
    for (const name of NAMES) {
      expect(await logOf(scene, name)).toEqual(['bob', 'ada again', 'bob again'])
      const { mark, failed } = (await contextOf(scene, name)).migration
      expect([mark.version, failed?.why]).toEqual([1, expect.stringMatching(why)])
    }
    expect(progressOn(scene, 'ada')).toEqual({ total: 1, swapped: 0, failed: 1, waiting: 0 })
    const failed = ['failed', expect.stringMatching(why)]
    for (const name of NAMES) {
      await world.until('both to have said so', () => statesOn(scene, name).every(([state]) => state === 'failed'))
      expect(statesOn(scene, name)).toEqual([failed, failed])
    }
    // What it did not like is gone.
    await wish(scene, 'bob', 'fine')
    await converge(world, shared.contextId, NAMES)
    const group = world.get('ada').node.namespaces.get(shared.namespaceId).state.groups.get(shared.groupId)
    if (!group) throw new Error('no group')
    await world.run(retryUpgrade(world.get('ada').node, group))
    await converge(world, shared.contextId, NAMES)
    await world.until('both to be there', () =>
      NAMES.every((name) => statesOn(scene, name).every(([state]) => state === 'migrated')),
    )
    expect(await logOf(scene, 'bob')).toEqual(['bob', 'ada again', 'bob again'])
  })
})

describe('a migration that is aborted', () => {
  it('was before anybody has done it: all go on with what they had', async () => {
    const scene = await share('order-sensitive', NAMES)
    const { world, shared } = scene
    await append(scene, 'bob')
    await converge(world, shared.contextId, NAMES)
    await migrate(scene, 'ada')
    const { node } = world.get('ada')
    const namespace = node.namespaces.get(shared.namespaceId)
    const abort = (groupId: GroupId) => world.run(abortMigrations(node, namespace, groupId))
    const other = '00'.repeat(32) as GroupId
    expect([await abort(other), await abort(shared.groupId), await abort(shared.groupId)]).toEqual([false, true, false])
    const heads = () => NAMES.map((name) => world.get(name).node.namespaces.get(shared.namespaceId).heads().join())
    await world.until('bob to hear of it', () => new Set(heads()).size === 1)
    for (const name of NAMES) {
      await append(scene, name)
      await converge(world, shared.contextId, NAMES)
    }
    for (const name of NAMES) {
      expect((await contextOf(scene, name)).migration.mark.version).toBe(1)
      expect(await logOf(scene, name)).toEqual(['bob', 'ada', 'bob'])
    }
  })

  it('goes on where it was done, beside what was aborted by who had not heard of that', async () => {
    const scene = await share('order-sensitive', NAMES)
    const { world, shared } = scene
    await append(scene, 'bob', 'first')
    await converge(world, shared.contextId, NAMES)
    const applicationId = await migrate(scene, 'ada')
    const runs = () => world.get('bob').node.applications.get(applicationId) !== undefined
    await world.until('bob to have its code', runs)
    world.network.partition([world.get('ada').peerId], [world.get('bob').peerId])
    await append(scene, 'bob', 'migrated')
    const { node } = world.get('ada')
    expect(await world.run(abortMigrations(node, node.namespaces.get(shared.namespaceId), shared.namespaceId))).toBe(
      true,
    )
    await append(scene, 'ada', 'not migrated')
    world.network.heal()
    await converge(world, shared.contextId, NAMES)
    for (const name of NAMES) {
      await append(scene, name, `${name} goes on`)
      await converge(world, shared.contextId, NAMES)
    }
    for (const name of NAMES) {
      expect((await contextOf(scene, name)).migration.mark.version).toBe(2)
      expect(await logOf(scene, name)).toEqual(['first', 'not migrated', 'migrated', 'ada goes on', 'bob goes on'])
    }
  })
})

describe('an upgrade is refused', () => {
  it('to an earlier version of the state, and to one that no migration leads to', async () => {
    const scene = await share('order-sensitive-2', NAMES)
    const { world, shared } = scene
    const applicationId = await installOn(scene, 'ada', 'order-sensitive')
    const { node } = world.get('ada')
    const request = { groupId: shared.groupId, applicationId, cascade: false, forceCodeOnly: false }
    await expect(world.run(upgradeGroup(node, request))).rejects.toThrow('no embedded ABI')
    expect((await contextOf(scene, 'bob')).migration.mark.version).toBe(2)
    await append(scene, 'bob')
    await converge(world, shared.contextId, NAMES)
    expect(await logOf(scene, 'ada')).toEqual(['bob'])
  })
})
