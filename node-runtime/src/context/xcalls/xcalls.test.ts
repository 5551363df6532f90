// Calls to other contexts on whole nodes: what is made, where and as whose, and what is denied.
import { expect, it } from 'vitest'
import { appWasm } from '../../../../scripts/build-apps.ts'
import { Crossing, outcomesOf, targetOf } from '../../testing/crossing.ts'
import { converge, shareContext } from '../../testing/test-nodes.ts'
import { countRows, testWorlds } from '../../testing/test-worlds.ts'
import { XCALL_HOPS_MAX } from '../limits.ts'

const { open } = testWorlds()
const ALONE = ['ada']
const BOTH = ['ada', 'bob']

it('are made after the call, in their order, with the context that asked; all members have what they did', async () => {
  const crossing = await Crossing.open(await open(), BOTH)
  const { world, here } = crossing
  const there = await crossing.another()
  const seen = crossing.watch('ada')
  const others = crossing.watch('bob')
  await crossing.call('ada', here, 'count', { ...targetOf(there), calls: 8 })
  await crossing.ended(seen, 8)
  const heard = Array.from({ length: 8 }, (_, index) => `${index} from ${here}`)
  await converge(world, there, BOTH)
  for (const name of BOTH) expect(await crossing.heard(name, there)).toEqual(heard)
  expect(outcomesOf(seen)).toEqual(heard.map(() => ['hear', 'ok']))
  expect(seen[0]).toMatchObject({ contextId: here, xcall: { targetContextId: there } })
  expect(others).toEqual([])
  for (const name of BOTH) expect(await countRows(world.get(name).disk, 'xcall')).toBe(0)
})

it('of a client say that no context has asked', async () => {
  const crossing = await Crossing.open(await open(), ALONE)
  await crossing.call('ada', crossing.here, 'hear', { label: 'hello' })
  expect(await crossing.heard('ada', crossing.here)).toEqual(['hello from a client'])
})

it('into another namespace, another group of it, or a context that there is not are denied, and do nothing', async () => {
  const crossing = await Crossing.open(await open(), ALONE)
  const { world, here, shared } = crossing
  const { node, log } = world.get('ada')
  const far = await shareContext(world, await appWasm('cross-calls'), ALONE)
  const group = await world.run(node.namespaces.createGroup(shared.groupId, { visibility: 'open' }))
  const beneath = await crossing.another(group)
  const nowhere = shared.groupId as unknown as typeof here
  const seen = crossing.watch('ada')
  for (const target of [far.contextId, beneath, nowhere]) await crossing.ask('ada', target, 'hear', { label: 'x' })
  await crossing.ended(seen, 3)
  expect(outcomesOf(seen)).toEqual([1, 2, 3].map(() => ['hear', 'denied', 'owning group boundary']))
  expect(await crossing.heard('ada', far.contextId)).toEqual([])
  expect(await crossing.heard('ada', beneath)).toEqual([])
  const warned = log.entries.filter(({ message }) => message === 'xcall denied: owning group boundary')
  expect(warned.map(({ fields }) => fields.targetContextId)).toEqual([far.contextId, beneath, nowhere])
})

it('that lead to calls end at the depth limit: of a context that asks itself, and of two that ask each other', async () => {
  const crossing = await Crossing.open(await open(), ALONE)
  const { world, here } = crossing
  const there = await crossing.another()
  const seen = crossing.watch('ada')
  await crossing.call('ada', here, 'relay')
  await crossing.ended(seen, XCALL_HOPS_MAX + 1)
  expect(await crossing.call('ada', here, 'hop_count')).toBe(XCALL_HOPS_MAX + 1)
  await crossing.call('ada', here, 'bounce', { to: targetOf(there).target })
  await crossing.ended(seen, 2 * (XCALL_HOPS_MAX + 1))
  await crossing.atRest([here, there])
  const hops = [here, there].map((id) => crossing.call('ada', id, 'hop_count'))
  expect(await Promise.all(hops)).toEqual([XCALL_HOPS_MAX + 1 + 2, 2])
  const ended = (method: string) => outcomesOf(seen.filter(({ xcall }) => xcall.method === method))
  for (const method of ['relay', 'bounce']) {
    expect(ended(method)).toHaveLength(XCALL_HOPS_MAX + 1)
    expect(ended(method)).toContainEqual([method, 'denied', 'xcall depth limit'])
    expect(ended(method).filter(([, status]) => status === 'ok')).toHaveLength(XCALL_HOPS_MAX)
  }
  expect(world.get('ada').log.entries.map(({ message }) => message)).toEqual(
    [1, 2].map(() => 'xcall denied: depth limit reached'),
  )
})

it('asked by a view are made, by a call that fails are not; one that fails says why', async () => {
  const crossing = await Crossing.open(await open(), ALONE)
  const { here } = crossing
  const there = await crossing.another()
  const seen = crossing.watch('ada')
  await expect(crossing.call('ada', here, 'ask_and_fail', targetOf(there))).rejects.toThrow('asked in vain')
  await crossing.call('ada', here, 'look', targetOf(there))
  await crossing.ask('ada', there, 'refuse')
  await crossing.ask('ada', there, 'no_such_method')
  await crossing.ask('ada', there, '__calimero_sync_next')
  await crossing.ended(seen, 4)
  expect(outcomesOf(seen)).toEqual([
    ['hear', 'ok'],
    ['refuse', 'exec_error', expect.stringContaining('not today')],
    ['no_such_method', 'exec_error', expect.stringContaining('no_such_method')],
    ['__calimero_sync_next', 'denied', 'not an xcall entry point'],
  ])
  expect(await crossing.heard('ada', there)).toEqual([`a view from ${here}`])
})

it('reach what the ABI names only, where it names something; clients reach everything', async () => {
  const methods = [
    { name: 'hear', params: [], xcall_callable: true, xcall_callers: 'same_app' },
    { name: 'refuse', params: [], xcall_callable: true, xcall_callers: 'nobody_knows' },
    { name: 'bounce', params: [], xcall_callable: true },
    { name: 'relay', params: [] },
  ]
  const abi = { schema_version: 'wasm-abi/1', types: {}, methods, events: [] }
  const crossing = await Crossing.open(await open(), ALONE, { abi })
  const { here } = crossing
  const there = await crossing.another()
  const seen = crossing.watch('ada')
  for (const method of ['hear', 'refuse', 'bounce', 'relay']) {
    await crossing.ask('ada', there, method, method === 'hear' ? { label: 'same' } : {})
    await crossing.atRest([here, there])
  }
  const denied = ['denied', 'not an xcall entry point']
  const bounced = outcomesOf(seen.filter(({ contextId }) => contextId === here))
  expect(bounced).toEqual([
    ['hear', 'ok'],
    ['refuse', ...denied],
    ['bounce', 'ok'],
    ['bounce', 'ok'],
    ['relay', ...denied],
  ])
  await crossing.call('ada', there, 'relay')
  // The same program without an ABI is another application, which lets itself be called by all, and may not call all.
  const other = await crossing.another(crossing.shared.groupId, await appWasm('cross-calls'))
  await crossing.atRest([here, there])
  const since = crossing.watch('ada')
  await crossing.ask('ada', other, 'hear', { label: 'from afar' })
  await crossing.ended(since, 1)
  await crossing.call('ada', other, 'ask', { ...targetOf(there), method: 'hear', params: '{"label":"other"}' })
  await crossing.ended(since, 2)
  expect(outcomesOf(since)).toEqual([
    ['hear', 'ok'],
    ['hear', ...denied],
  ])
  expect(await crossing.heard('ada', there)).toEqual([`same from ${here}`])
})

it('asked by a handler are made by each node that runs it; those that cause handlers end as handlers do', async () => {
  const crossing = await Crossing.open(await open(), BOTH)
  const { world, here } = crossing
  const there = await crossing.another()
  await crossing.call('ada', here, 'announce', targetOf(there))
  const settled = async () => {
    await converge(world, here, BOTH)
    await crossing.atRest([here, there])
    await converge(world, there, BOTH)
  }
  await settled()
  expect(await crossing.heard('ada', there)).toEqual([`a handler from ${here}`])
  await crossing.call('ada', here, 'echo')
  const dead = async () => {
    const counts = await Promise.all(BOTH.map((name) => countRows(world.get(name).disk, 'deadLetter')))
    return counts.reduce((sum, count) => sum + count, 0)
  }
  for (let count = 0; count === 0; count = await dead()) await world.pass(100)
  await settled()
  // Heard of at the depths 1, 3, 5 and 7, each time asked for again; 9 is too deep.
  expect(await crossing.call('bob', here, 'hop_count')).toBe(5)
})

it('into a context that this node has left are denied, and wait for nobody', async () => {
  const crossing = await Crossing.open(await open(), ALONE)
  const there = await crossing.another()
  await crossing.world.run(crossing.world.get('ada').node.contexts.residence.leave(there))
  const seen = crossing.watch('ada')
  await crossing.ask('ada', there, 'hear', { label: 'gone' })
  await crossing.ended(seen, 1)
  expect(outcomesOf(seen)).toEqual([['hear', 'denied', 'no owned member']])
})
