// What a member had accepted from one that has lost its group counts, whatever happens before it could say so.
import { afterEach, expect, test, vi } from 'vitest'
import { appWasm } from '../../../../scripts/build-apps.ts'
import type { ContextId, GroupId } from '../../base/ids.ts'
import { converge, shareContext, TestWorld, type WorldOptions } from '../../testing/test-nodes.ts'
import { WITNESS_LAST_MS } from '../limits.ts'
import { govern } from '../namespaces/administration.ts'
import { removeMember } from '../namespaces/membership.ts'

const NAMES = ['ada', 'bob', 'cyd']
const NOTHING = new Uint8Array(0)

let world: TestWorld

afterEach(() => world.close())

/** A context of an open group, which bob and cyd inherit. */
async function openGroup(seed: string, names = NAMES, retention: WorldOptions['retention'] = {}) {
  world = await TestWorld.open({ seed, retention })
  const { namespaceId, contextId, groupId: root } = await shareContext(world, await appWasm('kv-store'), names)
  const { node } = world.get('ada')
  const groupId = await world.run(node.namespaces.createGroup(root, { visibility: 'open' }))
  const { applicationId } = (await world.get('ada').context(contextId)).record
  const { record } = await world.run(node.contexts.create({ applicationId, groupId, initParams: NOTHING }))
  for (const name of names.slice(1)) {
    const other = world.get(name).node
    await world.until(`${name} knows it`, () => other.namespaces.get(namespaceId).state.contexts.has(record.id))
    await world.run(other.joiner.ready(other.namespaces.get(namespaceId), record.id))
  }
  return { namespaceId, root, groupId, id: record.id }
}

const set = (name: string, id: ContextId, key: string) =>
  world.run(world.get(name).call(id, 'set', { key, value: name }))
const get = (name: string, id: ContextId, key: string) => world.run(world.get(name).call(id, 'get', { key }))
const account = (name: string) => world.get(name).node.account
const peers = (...names: string[]) => names.map((name) => world.get(name).peerId)

test('a member that restarts before it has said what it had accepted says it afterwards', async () => {
  const { namespaceId, root, id } = await openGroup('restart')
  await set('bob', id, 'before')
  await converge(world, id, NAMES)
  world.network.partition(peers('ada'), peers('bob', 'cyd'))
  await set('bob', id, 'late')
  await converge(world, id, ['bob', 'cyd'])
  const right = { kind: 'capabilities_set', groupId: root, account: account('bob'), capabilities: 0 } as const
  await world.run(govern(world.get('ada').node, root, right))
  const pinsAt = (name: string) => {
    const { state } = world.get(name).node.namespaces.get(namespaceId)
    return state.removalsIn(id).some(([, removal]) => removal.witnessed?.[id] !== undefined)
  }
  await world.until('ada has said what she had', () => pinsAt('ada'))
  await world.run(world.get('bob').stop())
  world.network.heal()
  await world.until('cyd has heard of it', () => pinsAt('cyd'))
  for (let waited = 0; (await get('cyd', id, 'late')) !== null && waited < 400; waited += 1) await world.pass(5)
  expect(await get('cyd', id, 'late')).toBeNull()
  await world.run(world.get('cyd').stop())
  await world.start('cyd', { boot: ['ada', 'cyd'] })
  await world.pass(120_000)
  await converge(world, id, ['ada', 'cyd'])
  expect([await get('ada', id, 'late'), await get('cyd', id, 'late')]).toEqual(['bob', 'bob'])
})

const add = (groupId: GroupId, name: string, role: 'Admin' | 'Member') => {
  return govern(world.get('ada').node, groupId, { kind: 'member_added', groupId, account: account(name), role })
}

test('what a closing takes only by an operation that sorts before it is said, too', async () => {
  const { groupId, id } = await openGroup('kept')
  await set('bob', id, 'early')
  await converge(world, id, NAMES)
  await world.run(add(groupId, 'bob', 'Member'))
  await world.run(add(groupId, 'cyd', 'Admin'))
  await set('bob', id, 'mid')
  await converge(world, id, NAMES)
  await world.pass(20_000)
  world.network.partition(peers('ada', 'cyd'), peers('bob'))
  await world.run(removeMember(world.get('bob').node, groupId, account('bob')))
  await world.pass(1000)
  await world.run(govern(world.get('ada').node, groupId, { kind: 'visibility_set', groupId, visibility: 'restricted' }))
  await world.pass(60_000)
  world.network.heal()
  await world.pass(120_000)
  await converge(world, id, ['ada', 'cyd'])
  for (const name of ['ada', 'cyd']) {
    expect([await get(name, id, 'early'), await get(name, id, 'mid')]).toEqual(['bob', 'bob'])
  }
})

test('what a witness kept to itself, because another had said it, is said when the word of that one is void', async () => {
  const names = [...NAMES, 'dan', 'eve']
  const { namespaceId, root, id } = await openGroup('said-again', names)
  await set('bob', id, 'before')
  await converge(world, id, names)
  const stateAt = (name: string) => world.get(name).node.namespaces.get(namespaceId).state
  const take = (name: string) => {
    const right = { kind: 'capabilities_set', groupId: root, account: account(name), capabilities: 0 } as const
    return world.run(govern(world.get('ada').node, root, right))
  }
  // Eve carries on what ada says, and has nothing to say of the context.
  await take('eve')
  await world.pass(60_000)
  world.network.partition(peers('ada', 'eve'), peers('bob', 'cyd', 'dan'))
  await set('bob', id, 'late')
  await converge(world, id, ['bob', 'cyd', 'dan'])
  await world.run(world.get('bob').stop())
  await take('bob')
  const ofBob = (name: string) => stateAt(name).removalsOf(account('bob'))[0]
  await world.until('ada has said what she had', () => ofBob('eve')?.said?.length === 1)
  const others = ['cyd', 'dan']
  world.network.partition(peers('ada'), peers('eve', ...others))
  await world.until('one of them has said what both had', () => ofBob('cyd')?.said?.length === 2)
  await world.pass(60_000)
  expect([ofBob('ada')?.said, ofBob('dan')?.said].map((said) => said?.length)).toEqual([1, 2])
  const [first = '', other = ''] = others.sort((one) =>
    ofBob('dan')?.said?.some(({ by }) => by === account(one)) ? -1 : 1,
  )
  await take(first)
  world.network.heal()
  await world.pass(120_000)
  await converge(world, id, ['ada', other])
  expect(stateAt('ada').canWrite(id, world.get(first).node.identity.publicKey)).toBe(false)
  for (const name of ['ada', other]) expect(await get(name, id, 'late')).toBe('bob')
})

test('nothing is void for good while a witness has still to say that it had accepted it', async () => {
  const names = [...NAMES, 'dan']
  const { namespaceId, root, id } = await openGroup('owing', names, { checkpointMin: 4 })
  await set('bob', id, 'before')
  await converge(world, id, names)
  world.network.partition(peers('ada', 'dan'), peers('bob', 'cyd'))
  for (let i = 0; i < 4; i += 1) await set('bob', id, `late ${i}`)
  await converge(world, id, ['bob', 'cyd'])
  await world.run(world.get('bob').stop())
  const right = { kind: 'capabilities_set', groupId: root, account: account('bob'), capabilities: 0 } as const
  await world.run(govern(world.get('ada').node, root, right))
  const namespace = (name: string) => world.get(name).node.namespaces.get(namespaceId)
  const saidAt = (name: string) => namespace(name).state.removalsOf(account('bob'))[0]?.said?.length
  await world.until('ada has heard what was accepted there', () => saidAt('ada') === 1)
  // The log cannot be written, and is tried again after longer than a checkpoint takes.
  const submit = vi.spyOn(namespace('cyd'), 'submit').mockRejectedValueOnce(new Error('no room'))
  world.network.heal()
  await world.until('cyd was to say it', () => submit.mock.calls.length === 1)
  await world.pass(WITNESS_LAST_MS - 1000)
  const left = ['ada', 'cyd', 'dan']
  const pruned = () => left.map((name) => world.get(name).node.contexts.opened(id)?.checkpoint()?.checkpoint.count)
  expect([saidAt('cyd'), await get('cyd', id, 'late 0'), ...pruned()]).toEqual([
    1,
    null,
    undefined,
    undefined,
    undefined,
  ])
  await world.pass(60_000)
  await converge(world, id, left)
  for (const name of left) expect([name, saidAt(name), await get(name, id, 'late 0')]).toEqual([name, 2, 'bob'])
  expect(pruned()).toEqual([4, 4, 4])
})
