// Nodes with a mock of a trusted environment join, replicate and are put out again, on real nodes in driven time.
import { expect, test } from 'vitest'
import { utf8 } from '../../base/bytes.ts'
import type { ContextId, GroupId } from '../../base/ids.ts'
import type { TeePolicy, Visibility } from '../../base/operations.ts'
import { converge, type TestNode } from '../../testing/test-nodes.ts'
import { type Scene, testWorlds } from '../../testing/test-worlds.ts'
import { MEASUREMENT_BYTES } from '../../wire/limits.ts'
import { govern } from '../namespaces/administration.ts'
import { removeMember } from '../namespaces/membership.ts'
import type { GroupEvent } from '../ports.ts'

const { share } = testWorlds()
const { signal } = new AbortController()
const zero = new Uint8Array(MEASUREMENT_BYTES)
const mocks: TeePolicy = { acceptMock: true, mrtds: [zero], rtmrs: [[], [], [], []], tcbStatuses: [] }

/** Ada owns the namespace, bob is a member of it. The node `tee` is started, and attests itself with a mock. */
async function fleet(policy: TeePolicy | undefined = mocks): Promise<Scene & { tee: TestNode }> {
  const scene = await share('kv-store', ['ada', 'bob'])
  if (policy) await setPolicy(scene, policy)
  const tee = await scene.world.start('tee', { mockTee: true, boot: ['ada', 'bob', 'tee'] })
  return { ...scene, tee }
}

async function setPolicy({ world, shared }: Scene, policy: TeePolicy | undefined): Promise<void> {
  const body = { kind: 'tee_policy_set', ...(policy && { policy }) } as const
  await world.run(govern(world.get('ada').node, shared.groupId, body))
}

const join = async ({ world }: Scene, name: string, groupId: GroupId) =>
  await world.run(world.get(name).node.fleet.join(groupId, { signal }))

async function why(scene: Scene, name: string, groupId: GroupId): Promise<string> {
  const joined = await join(scene, name, groupId)
  if (joined.namespace) throw new Error(`${name} was let in`)
  return joined.why
}

const makeGroup = ({ world, shared }: Scene, visibility: Visibility, parentId = shared.groupId): Promise<GroupId> =>
  world.run(world.get('ada').node.namespaces.createGroup(parentId, { visibility }))

async function makeContext({ world, shared }: Scene, groupId: GroupId): Promise<ContextId> {
  const { node } = world.get('ada')
  const { applicationId } = node.namespaces.get(shared.namespaceId).state
  if (!applicationId) throw new Error('no application')
  const context = await world.run(node.contexts.create({ applicationId, groupId, initParams: utf8('{}') }))
  return context.record.id
}

const set = ({ world }: Scene, name: string, id: ContextId, [key, value]: readonly [string, string]) =>
  world.run(world.get(name).call(id, 'set', { key, value }))
const get = ({ world }: Scene, name: string, id: ContextId, key: string) =>
  world.run(world.get(name).call(id, 'get', { key }))

const arrives = ({ world }: Scene, name: string, id: ContextId) =>
  world.until(`${name} to have ${id}`, () => world.get(name).node.contexts.has(id))

const roleOn = ({ world, shared }: Scene, name: string, who: string, groupId: GroupId = shared.groupId) =>
  world.get(name).node.namespaces.get(shared.namespaceId).state.roleIn(groupId, world.get(who).node.account)

test('a node with a mock is let in where mocks are accepted, has what was there before, and follows what comes', async () => {
  const scene = await fleet()
  const { world, shared } = scene
  const groups = [await makeGroup(scene, 'restricted'), await makeGroup(scene, 'open')] as const
  const before = [await makeContext(scene, groups[0]), await makeContext(scene, groups[1])]
  for (const id of before) await set(scene, 'ada', id, ['key', 'early'])
  const joined = await join(scene, 'tee', shared.groupId)
  expect(joined.namespace?.id).toBe(shared.namespaceId)
  for (const group of [shared.groupId, ...groups]) expect(roleOn(scene, 'ada', 'tee', group)).toBe('ReadOnlyTee')
  const after = [
    await makeContext(scene, groups[0]),
    await makeContext(scene, await makeGroup(scene, 'restricted', groups[0])),
  ]
  for (const id of after) await set(scene, 'ada', id, ['key', 'late'])
  for (const id of [shared.contextId, ...before, ...after]) {
    await arrives(scene, 'tee', id)
    await converge(world, id, ['ada', 'tee'])
  }
  expect(await get(scene, 'tee', before[0] as ContextId, 'key')).toBe('early')
  await expect(set(scene, 'tee', shared.contextId, ['key', 'mine'])).rejects.toThrow()
})

test('it asks once: a second time it is a member already; by the id of a group of the namespace it finds that, too', async () => {
  const scene = await fleet()
  const { world, shared } = scene
  const group = await makeGroup(scene, 'restricted')
  for (const id of [group, shared.groupId])
    expect((await join(scene, 'tee', id)).namespace?.id).toBe(shared.namespaceId)
  const admissions = world
    .get('ada')
    .node.namespaces.get(shared.namespaceId)
    .opsNotIn([], 1000)
    .filter(({ body }) => body.kind === 'tee_admitted')
  expect(admissions).toHaveLength(1)
  await expect(join(scene, 'bob', group)).rejects.toThrow('no trusted execution environment')
})

test('a node without an environment is refused, and says that the mock is for tests', async () => {
  const scene = await fleet()
  await scene.world.start('cyd', { boot: ['ada', 'bob', 'cyd'] })
  await expect(join(scene, 'cyd', scene.shared.groupId)).rejects.toMatchObject({ code: 'NOT_ATTESTED' })
})

test('a mock is not let in where there is no policy, or one that does not accept it, and is told why', async () => {
  const scene = await fleet({ ...mocks, acceptMock: false })
  const { shared } = scene
  expect(await why(scene, 'tee', shared.groupId)).toContain('does not accept mock attestations')
  await setPolicy(scene, { ...mocks, mrtds: [zero.map(() => 1)] })
  expect(await why(scene, 'tee', shared.groupId)).toContain('does not name this MRTD')
  await setPolicy(scene, undefined)
  expect(await why(scene, 'tee', shared.groupId)).toContain('lets no attested nodes in')
  expect(await why(scene, 'tee', '7'.repeat(64) as GroupId)).toContain('is not known to this node')
  expect(roleOn(scene, 'ada', 'tee')).toBeUndefined()
  expect(scene.tee.node.namespaces.list()).toEqual([])
})

test('asked before the policy is there, it is let in once it is', async () => {
  const scene = await fleet(undefined)
  await setPolicy(scene, undefined)
  const joining = scene.tee.node.fleet.join(scene.shared.groupId, { signal })
  await scene.world.pass(3000)
  await setPolicy(scene, mocks)
  expect((await scene.world.run(joining)).namespace?.id).toBe(scene.shared.namespaceId)
})

test('what it has it still has after a restart, and what came meanwhile it gets', async () => {
  const scene = await fleet()
  const { world, shared, tee } = scene
  await join(scene, 'tee', shared.groupId)
  await arrives(scene, 'tee', shared.contextId)
  await world.run(tee.stop())
  const group = await makeGroup(scene, 'restricted')
  const id = await makeContext(scene, group)
  await set(scene, 'ada', id, ['key', 'while it was away'])
  await world.start('tee', { mockTee: true, boot: ['ada', 'bob', 'tee'] })
  await arrives(scene, 'tee', id)
  await converge(world, id, ['ada', 'tee'])
  expect(await get(scene, 'tee', id, 'key')).toBe('while it was away')
})

test('it gives others what it has, while who wrote it is away', async () => {
  const scene = await fleet()
  const { world, shared } = scene
  await join(scene, 'tee', shared.groupId)
  await arrives(scene, 'tee', shared.contextId)
  const peers = (...names: string[]) => names.map((name) => world.get(name).peerId)
  world.network.partition(peers('ada', 'tee'), peers('bob'))
  await set(scene, 'ada', shared.contextId, ['key', 'by way of the replica'])
  await converge(world, shared.contextId, ['ada', 'tee'])
  await world.run(world.get('ada').stop())
  world.network.heal()
  await converge(world, shared.contextId, ['bob', 'tee'])
  expect(await get(scene, 'bob', shared.contextId, 'key')).toBe('by way of the replica')
})

const ENDINGS: readonly (readonly [string, (scene: Scene) => Promise<unknown>])[] = [
  [
    'removed by name',
    ({ world, shared }) =>
      world.run(removeMember(world.get('ada').node, shared.groupId, world.get('tee').node.account)),
  ],
  ['named by the policy no more', (scene) => setPolicy(scene, undefined)],
]

test.each(ENDINGS)('%s, it reads nothing that is written from then on', async (_how, end) => {
  const scene = await fleet()
  const { world, shared, tee } = scene
  const group = await makeGroup(scene, 'restricted')
  const id = await makeContext(scene, group)
  await join(scene, 'tee', shared.groupId)
  for (const each of [shared.contextId, id]) {
    await set(scene, 'ada', each, ['key', 'before'])
    await arrives(scene, 'tee', each)
    await converge(world, each, ['ada', 'tee'])
  }
  await end(scene)
  for (const each of [shared.groupId, group]) expect(roleOn(scene, 'ada', 'tee', each)).toBeUndefined()
  for (const each of [shared.contextId, id]) await set(scene, 'ada', each, ['key', 'after'])
  await converge(world, shared.contextId, ['ada', 'bob'])
  await world.pass(60_000)
  const held = tee.node.namespaces.get(shared.namespaceId)
  for (const groupId of [shared.groupId, group]) {
    const [fitting] = world.get('ada').node.namespaces.get(shared.namespaceId).state.fittingKeys(groupId)
    expect(fitting && held.openingKey(groupId, fitting)).toBeUndefined()
    expect([
      ...world.get('ada').node.namespaces.get(shared.namespaceId).sealedKeysFor(groupId, tee.node.identity.publicKey),
    ]).toEqual([])
  }
  for (const each of [shared.contextId, id]) {
    const heads = (await world.get('ada').context(each)).heads()
    const has = tee.node.contexts.has(each) ? (await tee.context(each)).heads() : []
    expect(has).not.toEqual(heads)
  }
})

test('removed by name it does not come back; left out by a policy it does, once one names it again', async () => {
  const scene = await fleet()
  const { shared } = scene
  await join(scene, 'tee', shared.groupId)
  await setPolicy(scene, undefined)
  await scene.world.until(
    'it to hear of that',
    () => !scene.tee.node.namespaces.get(shared.namespaceId).isOwnMember(shared.groupId),
  )
  await setPolicy(scene, mocks)
  expect((await join(scene, 'tee', shared.groupId)).namespace).toBeDefined()
  await arrives(scene, 'tee', shared.contextId)
  await set(scene, 'ada', shared.contextId, ['key', 'again'])
  await converge(scene.world, shared.contextId, ['ada', 'bob', 'tee'])
  await scene.world.run(removeMember(scene.world.get('ada').node, shared.groupId, scene.tee.node.account))
  await scene.world.until(
    'it to hear of that',
    () => !scene.tee.node.namespaces.get(shared.namespaceId).isOwnMember(shared.groupId),
  )
  expect(await why(scene, 'tee', shared.groupId)).toContain('removed: only an addition lifts that')
})

test('who comes and goes is told to who watches', async () => {
  const scene = await fleet()
  const { world, shared, tee } = scene
  const seen: GroupEvent[] = []
  const unwatch = world.get('bob').node.events.watch((event) => {
    if ('groupId' in event) seen.push(event)
  })
  const { account } = tee.node
  await join(scene, 'tee', shared.groupId)
  await setPolicy(scene, undefined)
  await world.until('bob to hear of the policy', () => roleOn(scene, 'bob', 'tee') === undefined)
  unwatch()
  expect(seen).toEqual([
    { groupId: shared.groupId, type: 'MemberJoined', data: { memberAccount: account, role: 'ReadOnlyTee' } },
    { groupId: shared.groupId, type: 'MemberRemoved', data: { memberAccount: account } },
  ])
})
