// A member that has heard everything over a way that is open in one direction only, and so has asked for a key in vain for long.
import { expect, it } from 'vitest'
import { converge, rotateKey } from '../testing/test-nodes.ts'
import { testWorlds } from '../testing/test-worlds.ts'
import { KEY_PATIENCE_MS, SYNC_EVERY_MS, SYNC_JITTER } from './limits.ts'

const { share } = testWorlds()
const NODES = ['ada', 'bob', 'cyd']
/** One may be silent. */
const ROUND_MS = SYNC_EVERY_MS * (1 + SYNC_JITTER) + KEY_PATIENCE_MS

it.each([40_000, 95_000, 170_000])(
  'gets it with the next round once that is open again after %i ms',
  async (lastsMs) => {
    const { world, shared } = await share('kv-store', NODES)
    const { contextId } = shared
    const peerOf = (name: string) => world.get(name).peerId
    const set = (name: string, key: string) => world.run(world.get(name).call(contextId, 'set', { key, value: name }))
    await set('ada', 'before')
    await converge(world, contextId, NODES)
    await world.pass(1000)
    for (const name of ['ada', 'bob']) world.network.block(peerOf('cyd'), peerOf(name))
    await rotateKey(world, shared, 'ada')
    await set('ada', 'after')
    const context = await world.get('cyd').context(contextId)
    await world.until('the delta to be parked', () => context.waiting().parked === 1)
    await world.pass(lastsMs)
    expect(context.waiting().parked).toBe(1)
    world.network.heal()
    const sinceMs = world.clock.nowMs()
    await world.until('the delta to be read', () => context.waiting().parked === 0)
    expect(world.clock.nowMs() - sinceMs).toBeLessThanOrEqual(ROUND_MS)
  },
)
