import { expect, it } from 'vitest'
import { utf8 } from '../base/bytes.ts'
import { type ContextId, idBase58, parseHexId } from '../base/ids.ts'
import { SnapshotWriter } from '../storage/snapshot-writer.ts'
import { countRows, testWorlds } from '../testing/test-worlds.ts'

const { share } = testWorlds()

it('what a creation has left that died half-way is gone after the next start', async () => {
  const { world } = await share('kv-store', ['ada'])
  const kinds = ['contextMeta', 'state', 'merkle'] as const
  const rows = () => Promise.all(kinds.map((kind) => countRows(world.get('ada').disk, kind)))
  await world.run(world.get('ada').stop())
  const before = await rows()
  const writer = await SnapshotWriter.open(world.get('ada').disk, parseHexId<ContextId>('cc'.repeat(32)), utf8('token'))
  await writer.add([[utf8('key'), utf8('value')]])
  expect(await rows()).not.toEqual(before)
  await world.start('ada')
  expect(await rows()).toEqual(before)
})

it('takes it for no failure that a context which is to go on has been closed', async () => {
  const { world, shared } = await share('kv-store', ['ada'])
  const { node, log } = world.get('ada')
  const context = await world.run(node.contexts.get(shared.contextId))
  await world.run(context.close())
  await world.run(node.contexts.resume())
  expect(log.entries).toEqual([])
})

it('names a context as clients do where it is not to be had', async () => {
  const { world, shared } = await share('kv-store', ['ada'])
  const { contexts } = world.get('ada').node
  const why = (id: ContextId) => contexts.get(id).catch((error: Error) => error.message)
  const nowhere = parseHexId<ContextId>('cc'.repeat(32))
  expect(await why(nowhere)).toBe(`context ${idBase58(nowhere)} is not known to this node`)
  await world.run(contexts.residence.leave(shared.contextId))
  expect(await why(shared.contextId)).toBe(`this node has left context ${idBase58(shared.contextId)}`)
})
