// Somebody who writes below what others have pruned may be taken by one and refused by another: then two checkpoints at
// the same place differ, and no later one would tell which of them was meant.
import { expect, it } from 'vitest'
import type { RootHash } from '../../base/ids.ts'
import { converge } from '../../testing/test-nodes.ts'
import { NAMES, testWorlds } from '../../testing/test-worlds.ts'
import { ContextStore } from '../context-store.ts'

const { share } = testWorlds()

it.each(['00', 'ff'])('of two checkpoints at one place the one of several members stays: root %s', async (byte) => {
  const { world, shared } = await share('kv-store', NAMES, { retention: { checkpointMin: 4 } })
  for (let i = 0; i < 9; i += 1) {
    const name = NAMES[i % 3] ?? 'ada'
    await world.run(world.get(name).call(shared.contextId, 'set', { key: `k${i}`, value: name }))
  }
  const { root } = await converge(world, shared.contextId, NAMES)
  await world.pass(30_000)
  const bob = world.get('bob')
  await world.run(bob.stop())
  const rows = new ContextStore(bob.disk, shared.contextId)
  const pruned = rows.checkpoint()
  if (!pruned) throw new Error('bob has pruned nothing')
  const other = { count: pruned.checkpoint.count + 1, root: byte.repeat(32) as RootHash }
  await bob.disk.batch([rows.putCheckpoint({ ...pruned.checkpoint, ...other }, pruned.base)])
  await world.start('bob')
  await world.pass(30_000)
  for (const name of NAMES) {
    const { checkpoint } = (await world.get(name).context(shared.contextId)).checkpoint() ?? {}
    expect([name, checkpoint?.count, checkpoint?.root]).toEqual([name, pruned.checkpoint.count, pruned.checkpoint.root])
  }
  expect((await converge(world, shared.contextId, NAMES)).root).toBe(root)
})
