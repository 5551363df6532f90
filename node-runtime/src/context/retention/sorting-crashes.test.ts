// A node dies at each write while deltas that came in another order than that of a checkpoint are brought beneath the others: all are there
// at the end, and every node holds the same as where nobody died.
import { expect, it } from 'vitest'
import { appWasm } from '../../../../scripts/build-apps.ts'
import { converge, shareContext, TestWorld } from '../../testing/test-nodes.ts'
import { countRows } from '../../testing/test-worlds.ts'
import { ContextStore } from '../context-store.ts'

const NAMES = ['ada', 'bob']
const NEVER = { atBatch: Number.POSITIVE_INFINITY, written: false }
const POINTS_MAX = 60
/** Of the driven clock: all that can be pruned is then. */
const PRUNE_MS = 30_000

it.each([
  ['in one batch', 1000, 0],
  ['in slices', 4, 3],
])('at any write, with what lies above %s', { timeout: 240_000 }, async (_, revisionMax, cutOffMin) => {
  const retention = { checkpointMin: 8, revisionMax }
  const origin = await TestWorld.open({ seed: 'sorted', retention: { checkpointMin: 1000 } })
  const shared = await shareContext(origin, await appWasm('mixed'), NAMES)
  const { contextId } = shared
  const call = (world: TestWorld, name: string, method: string, args = {}) =>
    world.run(world.get(name).call(contextId, method, args))
  await converge(origin, contextId, NAMES)
  origin.network.partition([origin.get('bob').peerId])
  for (let i = 0; i < 10; i += 1) {
    const name = i % 2 === 0 ? 'ada' : 'bob'
    await call(origin, name, i % 5 === 4 ? 'hit' : 'set', i % 5 === 4 ? {} : { key: `k${i % 3}`, value: `${i}` })
    await origin.pass(100)
  }
  origin.network.heal()
  await converge(origin, contextId, NAMES)
  for (const name of NAMES) await origin.run(origin.get(name).stop())
  const saved = await origin.save()
  await origin.close()
  const run = async (crash: { readonly atBatch: number; readonly written: boolean }) => {
    const world = await TestWorld.open({ seed: 'sorted', from: saved, retention })
    try {
      for (const name of NAMES) world.place(name)
      for (const name of NAMES) await world.start(name, { boot: NAMES })
      const ada = world.get('ada')
      ada.dieAt(crash)
      await world.pass(PRUNE_MS)
      const died = !ada.alive
      ada.dieAt(NEVER)
      const isCutOff = died && new ContextStore(ada.disk, contextId).judgement().digest === undefined
      if (died) await world.start('ada', { boot: NAMES })
      await world.pass(PRUNE_MS)
      const all = await converge(world, contextId, NAMES)
      const { checkpoint } = (await world.get('ada').context(contextId)).checkpoint() ?? {}
      const undos = await countRows(world.get('ada').disk, 'undo')
      const shown = [await call(world, 'ada', 'all_items'), await call(world, 'ada', 'hit_count')]
      return { died, isCutOff, seen: { all, shown, undos, count: checkpoint?.count, root: checkpoint?.root } }
    } finally {
      await world.close()
    }
  }
  const { seen } = await run(NEVER)
  expect(seen).toMatchObject({ count: 8, undos: 2, shown: [{ k0: '6', k1: '7', k2: '8' }, 2] })
  let [died, points, cutOff] = [true, 0, 0]
  for (let point = 0; died && point < POINTS_MAX; point += 1) {
    const crash = { atBatch: 1 + (point >> 1), written: point % 2 === 1 }
    const label = `batch ${crash.atBatch}, ${crash.written ? 'written' : 'not written'}`
    const one = await run(crash)
    died = one.died
    if (died) points += 1
    if (one.isCutOff) cutOff += 1
    expect([label, one.seen]).toEqual([label, seen])
  }
  expect(points).toBeGreaterThan(2)
  expect(cutOffMin > 0 ? cutOff >= cutOffMin : cutOff === 0, `${cutOff} times half-way`).toBe(true)
})
