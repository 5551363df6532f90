// An upgrade to a later version of the state: all members come to the same state, in whatever order things reach them, and
// nothing that was written before it or beside it is lost.
import { describe, expect, it } from 'vitest'
import { migrate } from '../../testing/migrating.ts'
import { converge } from '../../testing/test-nodes.ts'
import { NAMES, type Scene, testWorlds } from '../../testing/test-worlds.ts'
import { migrationReport } from '../namespaces/code/migration-report.ts'

const { share } = testWorlds()

const append = ({ world, shared }: Scene, name: string, value = name) =>
  world.run(world.get(name).call(shared.contextId, 'append', { value }))
const logOf = ({ world, shared }: Scene, name: string) => world.run(world.get(name).call(shared.contextId, 'log', {}))
const apart = ({ world }: Scene, ...sides: string[][]) =>
  world.network.partition(...sides.map((side) => side.map((name) => world.get(name).peerId)))
const versionOf = async ({ world, shared }: Scene, name: string) =>
  (await world.get(name).context(shared.contextId)).migration.mark.version
const rootOf = async ({ world, shared }: Scene, name: string) => (await world.get(name).context(shared.contextId)).root

async function equal(scene: Scene, names: readonly string[]): Promise<void> {
  await converge(scene.world, scene.shared.contextId, names)
  const roots = await Promise.all(names.map((name) => rootOf(scene, name)))
  expect(new Set(roots).size).toBe(1)
}

describe('an upgrade to a later version of the state', () => {
  it('is done at the first access, and all members have it with what was there', async () => {
    const scene = await share('order-sensitive')
    const { world, shared } = scene
    await append(scene, 'bob')
    await converge(world, shared.contextId, NAMES)
    const applicationId = await migrate(scene, 'ada')
    const runs = (name: string) => world.get(name).node.contexts.record(shared.contextId)?.applicationId
    expect([await versionOf(scene, 'ada'), runs('ada') === applicationId]).toEqual([1, false])
    expect(await logOf(scene, 'ada')).toEqual(['bob'])
    await world.until('all to run it', () => NAMES.every((name) => runs(name) === applicationId))
    await append(scene, 'cyd')
    await equal(scene, NAMES)
    for (const name of NAMES) {
      expect(await versionOf(scene, name)).toBe(2)
      expect(await logOf(scene, name)).toEqual(['bob', 'cyd'])
    }
  })

  it('comes behind what others wrote who had not heard of it', async () => {
    const scene = await share('order-sensitive')
    const { world, shared } = scene
    await append(scene, 'cyd', 'first')
    await converge(world, shared.contextId, NAMES)
    apart(scene, ['ada', 'cyd'], ['bob'])
    const applicationId = await migrate(scene, 'ada')
    await append(scene, 'ada', 'new')
    await world.until(
      'cyd to run it',
      () => world.get('cyd').node.contexts.record(shared.contextId)?.applicationId === applicationId,
    )
    await append(scene, 'bob', 'late')
    await append(scene, 'bob', 'later')
    expect(await logOf(scene, 'ada')).toEqual(['first', 'new'])
    world.network.heal()
    await equal(scene, NAMES)
    await append(scene, 'bob', 'last')
    await equal(scene, NAMES)
    for (const name of NAMES) expect(await logOf(scene, name)).toEqual(['first', 'late', 'later', 'new', 'last'])
  })

  it('is done at once where it is a cascade, and watchers hear how far it is', async () => {
    const scene = await share('order-sensitive', ['ada', 'bob'])
    const { world, shared } = scene
    await append(scene, 'bob')
    await converge(world, shared.contextId, ['ada', 'bob'])
    const told: string[] = []
    world.get('ada').node.events.watch((event) => {
      if ('type' in event && !event.type.startsWith('Member')) told.push(`${event.type} ${JSON.stringify(event.data)}`)
    })
    const applicationId = await migrate(scene, 'ada', true)
    const runs = (name: string) => world.get(name).node.contexts.record(shared.contextId)?.applicationId
    await world.until('both to run it', () => ['ada', 'bob'].every((name) => runs(name) === applicationId))
    await world.until('bob to have said so', () => told.some((text) => text.includes('"migrated":2')))
    const kinds = told.map((text) => text.slice(0, text.indexOf(' ')))
    expect(kinds[0]).toBe('MigrationStarted')
    expect(told[0]).toContain('"toStateVersion":2,"localContextsTotal":1')
    expect(new Set(kinds)).toEqual(
      new Set(['MigrationStarted', 'MigrationProgress', 'CascadeProgress', 'MigrationCompleted']),
    )
    expect(told).toContain(
      `CascadeProgress ${JSON.stringify({ subgroupId: shared.groupId, localContextsSwapped: 1, localContextsTotal: 1 })}`,
    )
    expect(await logOf(scene, 'bob')).toEqual(['bob'])
  })

  it('that members do at the same time, apart, is one', async () => {
    const scene = await share('order-sensitive')
    const { world, shared } = scene
    await append(scene, 'cyd', 'first')
    await converge(world, shared.contextId, NAMES)
    const applicationId = await migrate(scene, 'ada')
    const has = (name: string) => world.get(name).node.applications.get(applicationId) !== undefined
    await world.until('all to have its code', () => NAMES.every(has))
    apart(scene, ['ada'], ['bob'], ['cyd'])
    for (const name of NAMES) await append(scene, name, `${name} has migrated`)
    world.network.heal()
    await equal(scene, NAMES)
    const log = (await logOf(scene, 'cyd')) as string[]
    expect([log[0], log.slice(1).sort()]).toEqual(['first', NAMES.map((name) => `${name} has migrated`)])
  })

  it('is not written twice by a node that dies after it', async () => {
    const scene = await share('order-sensitive', ['ada', 'bob'])
    const { world, shared } = scene
    await append(scene, 'bob', 'first')
    await converge(world, shared.contextId, ['ada', 'bob'])
    await migrate(scene, 'ada')
    await append(scene, 'ada', 'second')
    await world.run(world.get('ada').stop())
    await world.start('ada', { boot: ['bob'] })
    expect(await logOf(scene, 'ada')).toEqual(['first', 'second'])
    expect(await versionOf(scene, 'ada')).toBe(2)
    await equal(scene, ['ada', 'bob'])
    await append(scene, 'bob', 'third')
    await equal(scene, ['ada', 'bob'])
    expect(await logOf(scene, 'bob')).toEqual(['first', 'second', 'third'])
  })

  it('leaves to each owner what only that one can convert, and says how much that is', async () => {
    const scene = await share('order-sensitive', ['ada', 'bob'])
    const { world, shared } = scene
    await migrate(scene, 'ada')
    const { node } = world.get('ada')
    const own = () => {
      const namespace = node.namespaces.get(shared.namespaceId)
      const { members } = migrationReport(node, namespace, [...namespace.state.members.values()])
      return members.map(({ said }) => said?.own ?? 0)
    }
    await append(scene, 'ada')
    await converge(world, shared.contextId, ['ada', 'bob'])
    await append(scene, 'bob')
    await world.until(
      'both to have counted',
      () => own().join() === '2,2',
      () => JSON.stringify(own()),
    )
    const convert = (name: string) => world.run(world.get(name).call(shared.contextId, 'migrate_my_entries', {}))
    expect(await convert('bob')).toEqual({ converted: 2, remaining: 0 })
    expect(await convert('bob')).toEqual({ converted: 0, remaining: 0 })
    await world.until('bob to have none left', () => own().toSorted().join() === '0,2')
    await convert('ada')
    await world.until('nobody to have any left', () => own().join() === '0,0')
    await equal(scene, ['ada', 'bob'])
  })
})
