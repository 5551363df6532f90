// What a member had accepted from one that has lost its group counts, whatever happens before it could say so.
import { afterEach, expect, test, vi } from 'vitest'
import type { ContextId, GroupId } from '../../base/ids.ts'
import { shareOpenGroup } from '../../testing/open-group.ts'
import { converge, TestWorld, type WorldOptions } from '../../testing/test-nodes.ts'
import { WITNESS_LAST_MS } from '../limits.ts'
import { govern } from '../namespaces/administration.ts'
import { removeMember } from '../namespaces/membership.ts'

const NAMES = ['ada', 'bob', 'cyd']
/** All that there are. */
const CAPABILITIES = 511

let world: TestWorld

afterEach(() => world.close())

async function openGroup(seed: string, names = NAMES, retention: WorldOptions['retention'] = {}) {
  world = await TestWorld.open({ seed, retention })
  return shareOpenGroup(world, names)
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

test('nothing is void for good by what a witness had acknowledged before it accepted it', async () => {
  const names = [...NAMES, 'dan']
  const { namespaceId, root, id } = await openGroup('acknowledged before', names, { checkpointMin: 4 })
  const left = ['ada', 'cyd', 'dan']
  await set('bob', id, 'before')
  await converge(world, id, names)
  world.network.partition(peers('bob'), peers(...left))
  await set('bob', id, 'late')
  for (let i = 0; i < 6; i += 1) await set('ada', id, `later ${i}`)
  await converge(world, id, left)
  // All have acknowledged what sorts behind it, and bob keeps them from pruning.
  await world.pass(5000)
  world.network.partition(peers('ada', 'dan'), peers('bob', 'cyd'))
  await converge(world, id, ['bob', 'cyd'])
  await world.run(world.get('bob').stop())
  const right = { kind: 'capabilities_set', groupId: root, account: account('bob'), capabilities: 0 } as const
  await world.run(govern(world.get('ada').node, root, right))
  await world.pass(60_000)
  const pruned = () => left.map((name) => world.get(name).node.contexts.opened(id)?.checkpoint()?.checkpoint.count)
  expect(pruned()).toEqual([undefined, undefined, undefined])
  world.network.heal()
  await world.pass(60_000)
  await converge(world, id, left)
  const saidAt = (name: string) =>
    world.get(name).node.namespaces.get(namespaceId).state.removalsOf(account('bob'))[0]?.said?.length
  for (const name of left) expect([name, saidAt(name), await get(name, id, 'late')]).toEqual([name, 2, 'bob'])
  expect(pruned().every((count) => (count ?? 0) > 0)).toBe(true)
})

test('a witness that may write again says again what was void as it might not', async () => {
  const names = [...NAMES, 'dan', 'eve']
  const { namespaceId, root, id } = await openGroup('again', names)
  await set('bob', id, 'before')
  await converge(world, id, names)
  const namespace = (name: string) => world.get(name).node.namespaces.get(namespaceId)
  const saidAt = (name: string) =>
    namespace(name)
      .state.removalsOf(account('bob'))[0]
      ?.said?.map(({ by }) => by)
  const rights = (name: string, capabilities: number) =>
    world.run(
      govern(world.get('ada').node, root, {
        ...{ kind: 'capabilities_set', groupId: root },
        ...{ account: account(name), capabilities },
      }),
    )
  world.network.partition(peers('ada', 'dan', 'eve'), peers('bob', 'cyd'))
  await set('bob', id, 'late')
  await converge(world, id, ['bob', 'cyd'])
  await world.run(world.get('bob').stop())
  await rights('bob', 0)
  await world.until('ada has said', () => saidAt('ada')?.length === 1)
  world.network.heal()
  await world.until('cyd has heard', () => saidAt('cyd') !== undefined)
  world.network.partition(peers('ada', 'dan', 'eve'), peers('cyd'))
  await world.until('cyd has said', () => saidAt('cyd')?.includes(account('cyd')) ?? false)
  // Beside that: without a right it is no witness.
  await rights('cyd', 0)
  await world.pass(5000)
  world.network.heal()
  const key = world.get('cyd').node.identity.publicKey
  await world.until('cyd knows', () => !namespace('cyd').state.canWrite(id, key))
  await world.pass(30_000)
  expect([saidAt('ada')?.length, saidAt('ada')?.includes(account('cyd'))]).toEqual([1, false])
  await rights('cyd', CAPABILITIES)
  await world.until('cyd may write', () => namespace('cyd').state.canWrite(id, key))
  await world.pass(120_000)
  const left = ['ada', 'cyd', 'dan', 'eve']
  await converge(world, id, left)
  expect(saidAt('ada')?.includes(account('cyd'))).toBe(true)
  for (const name of left) expect([name, await get(name, id, 'late')]).toEqual([name, 'bob'])
})

test('a word that another covers is not said once both are in a checkpoint', async () => {
  const names = [...NAMES, 'dan', 'eve']
  const { namespaceId, root, id } = await openGroup('covered', names, { checkpointMin: 4 })
  await set('bob', id, 'first')
  await converge(world, id, names)
  world.network.partition(peers('ada', 'eve'), peers('bob', 'cyd', 'dan'))
  await set('bob', id, 'second')
  await converge(world, id, ['bob', 'cyd', 'dan'])
  world.network.partition(peers('ada', 'eve'), peers('bob', 'cyd'), peers('dan'))
  await set('bob', id, 'third')
  await converge(world, id, ['bob', 'cyd'])
  await world.run(world.get('bob').stop())
  const take = (name: string) => {
    const right = { kind: 'capabilities_set', groupId: root, account: account(name), capabilities: 0 } as const
    return world.run(govern(world.get('ada').node, root, right))
  }
  await take('bob')
  const saidAt = (name: string) =>
    world.get(name).node.namespaces.get(namespaceId).state.removalsOf(account('bob'))[0]?.said?.length
  await world.pass(2000)
  world.network.partition(peers('ada', 'eve', 'cyd'), peers('dan'))
  await world.until('cyd has said all', () => saidAt('ada') === 2)
  world.network.heal()
  const left = ['ada', 'cyd', 'dan', 'eve']
  await world.pass(60_000)
  for (let i = 0; i < 12; i += 1) await set('ada', id, `later ${i}`)
  await converge(world, id, left)
  await world.pass(60_000)
  for (const name of left) {
    const checkpoint = world.get(name).node.contexts.opened(id)?.checkpoint()?.checkpoint
    expect([name, checkpoint !== undefined]).toEqual([name, true])
  }
  await take('eve')
  await world.pass(120_000)
  expect(['ada', 'cyd', 'dan'].map(saidAt)).toEqual([2, 2, 2])
})
