// What one absent member has kept from being pruned goes when it is back: at a cost that grows with what goes.
import { expect, it } from 'vitest'
import { fromUtf8 } from '../../base/bytes.ts'
import { KEY_PREFIXES } from '../../store/keys.ts'
import { converge } from '../../testing/test-nodes.ts'
import { NAMES, testWorlds } from '../../testing/test-worlds.ts'

const { share } = testWorlds()
const CHECKPOINT_MIN = 8
const BACKLOG = 96

it.each(['kv-store', 'order-sensitive'])(
  '%s: undo records are read a few times each, however many there are',
  async (app) => {
    const retention = { checkpointMin: CHECKPOINT_MIN, recentMax: 2 * CHECKPOINT_MIN }
    const { world, shared } = await share(app, NAMES, { retention })
    await converge(world, shared.contextId, NAMES)
    world.network.partition([world.get('cyd').peerId])
    for (let i = 0; i < BACKLOG; i += 1)
      await world.run(
        world.get(i % 2 === 0 ? 'ada' : 'bob').call(shared.contextId, 'set', { key: `k${i % 7}`, value: `${i}` }),
      )
    const { disk } = world.get('ada')
    const read = disk.get.bind(disk)
    let reads = 0
    disk.get = (key) => {
      if (fromUtf8(key.subarray(0, 2)) === KEY_PREFIXES.undo) reads += 1
      return read(key)
    }
    world.network.heal()
    await world.pass(120_000)
    const ada = await world.get('ada').context(shared.contextId)
    expect(ada.checkpoint()?.checkpoint.count).toBeGreaterThan(BACKLOG - 2 * CHECKPOINT_MIN)
    expect(reads).toBeGreaterThan(0)
    expect(reads).toBeLessThan(4 * BACKLOG)
    await converge(world, shared.contextId, NAMES)
  },
)
