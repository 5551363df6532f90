// Where the state is at code that the log names no more, as what brought it there is void or was overtaken: all go on with
// that, who joins since too, and the cut that names it is not looked for with each call.
import { describe, expect, it, vi } from 'vitest'
import { utf8 } from '../../base/bytes.ts'
import type { ApplicationId, ContextId, GroupId } from '../../base/ids.ts'
import { installOn, migrate } from '../../testing/migrating.ts'
import { installSecond } from '../../testing/second-version.ts'
import { converge, joinContext } from '../../testing/test-nodes.ts'
import { type Scene, testWorlds } from '../../testing/test-worlds.ts'
import { allWrite, append, codeOn, peersOf, shareWithAdmin, versionOf } from '../../testing/upgraded.ts'
import { upgradeGroup } from '../namespaces/code/upgrades.ts'
import { lowerMember } from '../namespaces/membership.ts'

const { share } = testWorlds()
const NAMES = ['ada', 'bob', 'cyd']
const ALL = [...NAMES, 'dan']

interface Sub {
  readonly groupId: GroupId
  readonly contextId: ContextId
}

interface Upgrade {
  readonly groupId: GroupId
  readonly applicationId: ApplicationId
  readonly cascade: boolean
}

const logOf = ({ world, shared }: Scene, name: string) => world.get(name).node.namespaces.get(shared.namespaceId)

const namedFor = (scene: Scene, name: string, contextId: ContextId) =>
  logOf(scene, name).state.contexts.get(contextId)?.applicationId

function firstOf(scene: Scene): ApplicationId {
  const first = namedFor(scene, 'ada', scene.shared.contextId)
  if (!first) throw new Error('there is no application')
  return first
}

const sameLog = (scene: Scene, names: readonly string[]) =>
  scene.world.until('the same log', () => new Set(names.map((name) => logOf(scene, name).heads().join())).size === 1)

const upgradeTo = ({ world }: Scene, name: string, upgrade: Upgrade) =>
  world.run(upgradeGroup(world.get(name).node, { ...upgrade, forceCodeOnly: true }))

async function joinSub(scene: Scene, name: string, { contextId }: Sub): Promise<void> {
  const { world } = scene
  await world.until('it to be known', () => logOf(scene, name).state.contexts.has(contextId))
  await world.run(world.get(name).node.joiner.ready(logOf(scene, name), contextId))
}

/** A context of the first version in an open subgroup, which all are in. */
async function makeSub(scene: Scene): Promise<Sub> {
  const { world, shared } = scene
  const { namespaces, contexts } = world.get('ada').node
  const groupId = await world.run(namespaces.createGroup(shared.groupId, { visibility: 'open' }))
  const what = { applicationId: firstOf(scene), groupId, initParams: utf8('{}') }
  const sub = { groupId, contextId: (await world.run(contexts.create(what))).record.id }
  for (const name of NAMES.slice(1)) await joinSub(scene, name, sub)
  return sub
}

async function danJoins(scene: Scene, sub?: Sub): Promise<void> {
  await scene.world.start('dan')
  await joinContext(scene.world, scene.shared, 'ada', 'dan')
  if (sub) await joinSub(scene, 'dan', sub)
}

/** All run the first version again, and the state is of the second, whoever has made it so. */
async function allAreAhead(scene: Scene, contextId: ContextId, named: ApplicationId): Promise<void> {
  await sameLog(scene, NAMES)
  await converge(scene.world, contextId, NAMES)
  for (const name of NAMES) {
    const seen = [namedFor(scene, name, contextId), await versionOf(scene, name, { contextId })]
    expect([name, ...seen]).toEqual([name, named, 2])
  }
}

describe('all write, and who joins then', () => {
  it('where the upgrade that the state has gone through is void', async () => {
    const scene = await shareWithAdmin(share, ['ada', 'cyd'])
    const { world, shared } = scene
    const { contextId, groupId } = shared
    const first = firstOf(scene)
    await append(scene, 'ada')
    await converge(world, contextId, NAMES)
    world.network.partition(peersOf(scene, ['ada']), peersOf(scene, ['bob', 'cyd']))
    const applicationId = await migrate(scene, 'bob')
    await codeOn(scene, ['cyd'], [applicationId])
    await append(scene, 'cyd')
    await world.run(lowerMember(world.get('ada').node, groupId, world.get('bob').node.account))
    world.network.heal()
    await allAreAhead(scene, contextId, first)
    await danJoins(scene)
    // Bob may only read by now.
    const writers = ['ada', 'cyd', 'dan']
    await allWrite(scene, { names: ALL, writers, version: 2 })
    // Once more, by one who may.
    await upgradeTo(scene, 'ada', { groupId, applicationId, cascade: false })
    await sameLog(scene, ALL)
    await allWrite(scene, { names: ALL, writers, version: 2 })
  })

  it('where another upgrade of the subgroup has overtaken a cascade', async () => {
    const scene = await shareWithAdmin(share, ['ada', 'cyd'])
    const { world, shared } = scene
    const sub = await makeSub(scene)
    await append(scene, 'ada', sub)
    await converge(world, sub.contextId, NAMES)
    world.network.partition(peersOf(scene, ['bob']), peersOf(scene, ['ada', 'cyd']))
    const patch = await installSecond(scene, 'bob')
    await upgradeTo(scene, 'bob', { groupId: sub.groupId, applicationId: patch, cascade: false })
    await world.pass(1000)
    const second = await installOn(scene, 'ada', 'order-sensitive-2')
    await upgradeTo(scene, 'ada', { groupId: shared.groupId, applicationId: second, cascade: true })
    await codeOn(scene, ['cyd'], [second])
    await append(scene, 'cyd', sub)
    world.network.heal()
    await codeOn(scene, NAMES, [patch, second])
    await allAreAhead(scene, sub.contextId, patch)
    await danJoins(scene, sub)
    await allWrite(scene, { names: ALL, version: 2, ...sub })
  })

  it('where its code was named only where two upgrades met', async () => {
    const scene = await shareWithAdmin(share, ['ada', 'cyd'])
    const { world, shared } = scene
    const first = firstOf(scene)
    const sub = await makeSub(scene)
    const { contextId, groupId } = sub
    const patch = await installSecond(scene, 'bob')
    await upgradeTo(scene, 'bob', { groupId, applicationId: patch, cascade: false })
    await codeOn(scene, NAMES, [patch])
    await append(scene, 'ada', sub)
    await converge(world, contextId, NAMES)
    // Bob: the subgroup back to what all others run. Ada: all that run it to the second version, the subgroup not.
    world.network.partition(peersOf(scene, ['bob']), peersOf(scene, ['ada', 'cyd']))
    await upgradeTo(scene, 'bob', { groupId, applicationId: first, cascade: false })
    await world.pass(1000)
    const second = await installOn(scene, 'ada', 'order-sensitive-2')
    await upgradeTo(scene, 'ada', { groupId: shared.groupId, applicationId: second, cascade: true })
    await codeOn(scene, ['cyd'], [second])
    await sameLog(scene, ['ada', 'cyd'])
    // Cyd hears of both, and ada sets all back before she does.
    world.network.heal()
    world.network.partition(peersOf(scene, ['ada']), peersOf(scene, ['bob', 'cyd']))
    await world.until('cyd to hear of both', () => namedFor(scene, 'cyd', contextId) === second)
    await append(scene, 'cyd', sub)
    await upgradeTo(scene, 'ada', { groupId: shared.groupId, applicationId: first, cascade: true })
    world.network.heal()
    await codeOn(scene, NAMES, [second])
    await allAreAhead(scene, contextId, first)
    expect(logOf(scene, 'ada').cutRunning(contextId, second)).toBeUndefined()
    await danJoins(scene, sub)
    await allWrite(scene, { names: ALL, version: 2, ...sub })
  })
})

describe('a cut that names the code', () => {
  it('is looked for once, until there is another upgrade', async () => {
    const scene = await share('order-sensitive', ['ada'])
    const { contextId, groupId } = scene.shared
    const first = firstOf(scene)
    await migrate(scene, 'ada')
    const log = logOf(scene, 'ada')
    const never = 'f'.repeat(64) as ApplicationId
    const asked = vi.spyOn(log, 'applicationAt')
    const found = log.cutRunning(contextId, first)
    expect([found && log.applicationAt(contextId, found), log.cutRunning(contextId, never)]).toEqual([first, undefined])
    const before = asked.mock.calls.length
    expect([log.cutRunning(contextId, first), log.cutRunning(contextId, never)]).toEqual([found, undefined])
    expect(asked.mock.calls.length - before).toBe(0)
    await upgradeTo(scene, 'ada', { groupId, applicationId: first, cascade: false })
    expect(log.cutRunning(contextId, first)).toEqual(log.heads())
  })

  it('is not looked for where the last delta names it', async () => {
    const scene = await share('order-sensitive', ['ada'])
    const { world, shared } = scene
    await world.run(world.get('ada').call(shared.contextId, 'set', { key: 'migration', value: 'trap' }))
    const log = logOf(scene, 'ada')
    const cut = log.heads()
    const second = await migrate(scene, 'ada')
    const [looked, asked] = [vi.spyOn(log, 'cutRunning'), vi.spyOn(log, 'applicationAt')]
    for (let call = 0; call < 3; call += 1) await append(scene, 'ada')
    expect([namedFor(scene, 'ada', shared.contextId), await versionOf(scene, 'ada')]).toEqual([second, 1])
    expect(asked).toHaveBeenCalledWith(shared.contextId, cut)
    expect(looked).not.toHaveBeenCalled()
  })
})
