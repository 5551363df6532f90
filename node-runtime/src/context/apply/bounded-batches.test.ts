// What one batch holds is bounded by all that is written with it, not by the bytes that its deltas have: a few of these take away, or
// bring back, what is large.
import { expect, it } from 'vitest'
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

/** The bytes that each of them puts into the store in its largest batch since the last look. */
function watching() {
  const seen = new Map<string, number>()
  const onBatch = (name: string, ops: readonly StoreOp[]) => {
    const bytes = ops.reduce((sum, op) => sum + (op.type === 'put' ? op.value.byteLength : 0), 0)
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
