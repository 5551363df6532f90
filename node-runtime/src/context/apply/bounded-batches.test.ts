// What one batch holds is bounded by all that is written with it, not by the bytes that its deltas have: a few of these take away, or
// bring back, what is large.
import { expect, it } from 'vitest'
import { KEY_PREFIXES } from '../../store/keys.ts'
import type { StoreOp } from '../../store/store.ts'
import { converge } from '../../testing/test-nodes.ts'
import { testWorlds } from '../../testing/test-worlds.ts'
import { APPLY_BATCH_BYTES } from '../limits.ts'
import { removeMember } from '../namespaces/membership.ts'

const { share } = testWorlds()
const LARGE = 900 * 1024
const COUNT = 14
/** One delta is always whole, and there is more to write than what it changes. */
const BATCH_MAX = APPLY_BATCH_BYTES + 2 * LARGE

/** The bytes, of rows of one kind or all, that each of them puts into the store in its largest batch since the last look. */
function watching(kind = '') {
  const seen = new Map<string, number>()
  const onBatch = (name: string, ops: readonly StoreOp[]) => {
    const isMeant = ({ key }: StoreOp) => String.fromCharCode(...key.subarray(0, kind.length)) === kind
    const bytes = ops.reduce((sum, op) => sum + (op.type === 'put' && isMeant(op) ? op.value.byteLength : 0), 0)
    seen.set(name, Math.max(seen.get(name) ?? 0, bytes))
  }
  const largest = (name: string) => {
    const bytes = seen.get(name)
    seen.clear()
    return bytes
  }
  return { observer: { onBatch }, largest }
}

it('small deltas that remove what is large are applied in batches of bounded size', async () => {
  const { observer, largest } = watching()
  const { world, shared } = await share('mixed', ['ada', 'bob'], { observer })
  const { contextId } = shared
  const call = (method: string, args: object) => world.run(world.get('ada').call(contextId, method, args))
  for (let i = 0; i < COUNT; i += 1) await call('set', { key: `k${i}`, value: 'v'.repeat(LARGE) })
  await converge(world, contextId, ['ada', 'bob'])
  world.network.partition([world.get('bob').peerId])
  for (let i = 0; i < COUNT; i += 1) await call('remove', { key: `k${i}` })
  largest('bob')
  world.network.heal()
  await converge(world, contextId, ['ada', 'bob'])
  expect(largest('bob')).toBeLessThan(BATCH_MAX)
})

it('and are taken down in such, where something beneath them is void', async () => {
  const { observer, largest } = watching()
  const names = ['ada', 'bob', 'cyd']
  const { world, shared } = await share('mixed', names, { observer, retention: { revisionMax: 200 } })
  const { contextId, namespaceId } = shared
  const call = (name: string, method: string, args: object) => world.run(world.get(name).call(contextId, method, args))
  for (let i = 0; i < COUNT; i += 1) await call('cyd', 'set', { key: `k${i}`, value: 'v'.repeat(LARGE) })
  await converge(world, contextId, names)
  world.network.partition([world.get('ada').peerId])
  await call('bob', 'set', { key: 'void', value: 'bob' })
  await converge(world, contextId, ['bob', 'cyd'])
  for (let i = 0; i < COUNT; i += 1) await call('cyd', 'remove', { key: `k${i}` })
  await world.run(world.get('bob').stop())
  await world.run(removeMember(world.get('ada').node, namespaceId, world.get('bob').node.account))
  largest('cyd')
  world.network.heal()
  await converge(world, contextId, ['ada', 'cyd'])
  expect(await call('cyd', 'all_items', {})).toEqual({})
  expect(largest('cyd')).toBeLessThan(BATCH_MAX)
})

it('large deltas that came in another order than that of a checkpoint are brought into it in such', async () => {
  const { observer, largest } = watching(KEY_PREFIXES.undo)
  const names = ['ada', 'bob']
  const { world, shared } = await share('mixed', names, { observer, retention: { checkpointMin: 8, absentMs: 1e9 } })
  const { contextId } = shared
  await converge(world, contextId, names)
  world.network.partition([world.get('bob').peerId])
  // Of these 8 lie in the checkpoint, and half of them above what does not.
  for (let i = 0; i < 20; i += 1) {
    const [name = 'ada'] = i % 2 === 0 ? names : ['bob']
    await world.run(world.get(name).call(contextId, 'set', { key: 'large', value: String(i % 10).repeat(LARGE) }))
    await world.pass(20)
  }
  world.network.heal()
  const context = await world.get('ada').context(contextId)
  await world.until('all that was pruned', () => context.checkpoint()?.checkpoint.count === 8)
  expect(largest('ada')).toBeLessThan(APPLY_BATCH_BYTES)
})
