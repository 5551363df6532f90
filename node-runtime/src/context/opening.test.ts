// What a crash has left of the history behind a checkpoint goes when the rows are next read.
import { expect, it } from 'vitest'
import { idFromBytes } from '../base/ids.ts'
import { converge } from '../testing/test-nodes.ts'
import { countRows, testWorlds } from '../testing/test-worlds.ts'
import { ContextStore } from './context-store.ts'

const { share } = testWorlds()
const NAMES = ['ada', 'bob']

it('nothing that waited for what is pruned stays, nor that it was to be sent', async () => {
  const { world, shared } = await share('kv-store', NAMES, { retention: { checkpointMin: 8 } })
  const { contextId } = shared
  const set = (name: string, key: string) => world.run(world.get(name).call(contextId, 'set', { key, value: name }))
  await set('ada', 'first')
  await converge(world, contextId, NAMES)
  await set('bob', 'second')
  const { heads } = await converge(world, contextId, NAMES)
  const pruned = (await world.get('ada').context(contextId)).delta(heads[0] ?? idFromBytes(new Uint8Array(32)))
  if (!pruned) throw new Error('nothing was written')
  for (let i = 0; i < 12; i += 1) await set(NAMES[i % 2] ?? 'ada', `${i}`)
  await world.pass(30_000)
  const bob = world.get('bob')
  expect((await bob.context(contextId)).delta(pruned.id)).toBeUndefined()
  const kinds = ['parked', 'awaited', 'outbox'] as const
  const left = () => Promise.all(kinds.map((kind) => countRows(bob.disk, kind)))
  await world.run(bob.stop())
  expect(await left()).toEqual([0, 0, 0])
  const rows = new ContextStore(bob.disk, contextId)
  const awaited = pruned.parents.map((parent) => rows.putAwaited(parent, pruned.id))
  await bob.disk.batch([rows.park(pruned, 'parents', 0), ...awaited, rows.markOutgoing(pruned.id)])
  expect(await left()).toEqual([1, 1, 1])
  await world.start('bob', { boot: NAMES })
  await converge(world, contextId, NAMES)
  expect(await left()).toEqual([0, 0, 0])
})
