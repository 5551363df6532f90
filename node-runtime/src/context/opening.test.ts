// What a crash has left of the history behind a checkpoint goes when the rows are next read, each once.
import { expect, it } from 'vitest'
import { toHex } from '../base/bytes.ts'
import { HybridClock } from '../base/clock.ts'
import { type DeltaId, idBytes, idFromBytes } from '../base/ids.ts'
import { keyOf } from '../store/keys.ts'
import { memoryStore } from '../store/memory.ts'
import type { Store } from '../store/store.ts'
import { converge } from '../testing/test-nodes.ts'
import { countRows, testWorlds } from '../testing/test-worlds.ts'
import { ContextStore } from './context-store.ts'
import { openRows } from './opening.ts'

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

it('each delta that is parked is read once', async () => {
  const { world, shared } = await share('kv-store', ['ada'])
  const { contextId } = shared
  await world.run(world.get('ada').call(contextId, 'set', { key: 'a', value: '1' }))
  const context = await world.get('ada').context(contextId)
  const written = context.delta(context.heads()[0] ?? idFromBytes(new Uint8Array(32)))
  if (!written) throw new Error('nothing was written')
  const memory = memoryStore()
  const prefix = toHex(keyOf('parked'))
  let reads = 0
  const entries: Store['entries'] = async function* (range) {
    for await (const entry of memory.entries(range)) {
      if (toHex(entry[0]).startsWith(prefix)) reads += 1
      yield entry
    }
  }
  const store: Store = {
    get: (key) => memory.get(key),
    batch: (ops) => memory.batch(ops),
    snapshot: () => memory.snapshot(),
    close: () => memory.close(),
    entries,
  }
  const open = () =>
    openRows({
      ...{ contextId, store, hlc: new HybridClock(world.clock), retention: { pendingMax: 1 } },
      authority: { mayWrite: () => true },
    })
  await open()
  const rows = new ContextStore(store, contextId)
  const numbered = [1, 2, 3].map((at) => idFromBytes<DeltaId>(idBytes(written.id).with(31, at)))
  await store.batch(numbered.map((id) => rows.park({ ...written, id }, 'key', 0)))
  const { parked } = await open()
  expect([[...parked.keys()].sort(), reads]).toEqual([[...numbered].sort(), numbered.length])
})
