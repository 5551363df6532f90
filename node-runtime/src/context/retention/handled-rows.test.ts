// What counted here before a peer's state took its place may come back by its id.
import { expect, it } from 'vitest'
import type { ContextId } from '../../base/ids.ts'
import { stamped } from '../../dag/nodes.fixture.ts'
import { memoryStore } from '../../store/memory.ts'
import { converge } from '../../testing/test-nodes.ts'
import { countRows, testWorlds } from '../../testing/test-worlds.ts'
import { idOf } from '../../wire/messages.fixture.ts'
import { handledFrom, putHandled } from './handled-rows.ts'

const { share } = testWorlds()
const ABSENT_MS = 120_000

it('a delta that comes back is applied, and neither handled nor shown again', async () => {
  const { world, shared } = await share('kv-store-with-handlers', ['ada', 'bob'])
  await converge(world, shared.contextId, ['ada', 'bob'])
  world.network.partition([world.get('bob').peerId])
  const set = (key: string) => world.run(world.get('ada').call(shared.contextId, 'set', { key, value: key }))
  const deltas = []
  for (const key of ['before', 'new']) {
    await set(key)
    const ada = await world.get('ada').context(shared.contextId)
    const [head] = ada.heads()
    deltas.push(head && ada.delta(head))
  }
  const [before, fresh] = deltas
  if (!before || !fresh) throw new Error('ada has written nothing')
  await world.run(world.get('bob').stop())
  await world.get('bob').disk.batch([putHandled(shared.contextId, before.id)])
  world.network.heal()
  await world.start('bob')
  await converge(world, shared.contextId, ['ada', 'bob'])
  await world.pass(5000)
  const shown = world.get('bob').events.map(({ deltaId }) => deltaId)
  expect([shown.includes(before.id), shown.includes(fresh.id)]).toEqual([false, true])
  expect(await world.run(world.get('ada').call(shared.contextId, 'get_handler_execution_count', {}))).toBe(1)
})

it('who takes a peer’s state notes what had counted, however much is written before it comes back', async () => {
  const names = ['ada', 'bob', 'cyd']
  const scene = await share('order-sensitive', names, {
    retention: { checkpointMin: 8, recentMax: 16, absentMs: ABSENT_MS },
  })
  const { world, shared } = scene
  const set = (name: string, key: string) =>
    world.run(world.get(name).call(shared.contextId, 'set', { key, value: key }))
  await set('ada', 'old')
  await converge(world, shared.contextId, names)
  world.network.partition([world.get('cyd').peerId])
  await set('cyd', 'below')
  await world.pass(2 * ABSENT_MS)
  for (let i = 0; i < 24; i += 1) await set(i % 2 === 0 ? 'ada' : 'bob', `k${i}`)
  await world.pass(30_000)
  await set('cyd', 'above')
  world.network.heal()
  await world.pass(60_000)
  await converge(world, shared.contextId, names)
  const noted = () => countRows(world.get('cyd').disk, 'handled')
  expect(await noted()).toBe(1)
  for (let i = 0; i < 24; i += 1) await set(names[i % 3] ?? 'ada', `l${i}`)
  await world.pass(30_000)
  await world.run(world.get('cyd').stop())
  await world.start('cyd')
  await world.get('cyd').context(shared.contextId)
  // With what it wrote above, which went with later history.
  expect(await noted()).toBe(2)
})

it('of too many the oldest are forgotten', async () => {
  const store = memoryStore()
  const contextId = idOf<ContextId>('context')
  const ids = Array.from({ length: 5 }, (_, at) => stamped(`${at}`, at + 1).id)
  await store.batch([
    ...ids.map((id) => putHandled(contextId, id)),
    putHandled(idOf<ContextId>('other'), idOf('delta')),
  ])
  const { ids: kept, gone } = await handledFrom(store, contextId, 3)
  expect([...kept].sort()).toEqual(ids.slice(2))
  await store.batch(gone)
  expect((await handledFrom(store, contextId, 5)).ids).toHaveLength(3)
})
