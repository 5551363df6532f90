// A node dies at each write while what was removed goes from its state with history: whatever was acknowledged is there at the end, and
// every node holds the same as where nobody died.
import { expect, it } from 'vitest'
import { appWasm } from '../../../../scripts/build-apps.ts'
import { converge, shareContext, TestWorld } from '../../testing/test-nodes.ts'
import { countRows, NAMES } from '../../testing/test-worlds.ts'

const NEVER = { atBatch: Number.POSITIVE_INFINITY, written: false }
const POINTS_MAX = 60
/** Of the driven clock: all that can be pruned is then. */
const PRUNE_MS = 30_000

it.each([
  ['in one batch', 1000],
  ['in slices', 2],
])('at any write, with what lies above %s', { timeout: 240_000 }, async (_, revisionMax) => {
  const never = { checkpointMin: 1000 }
  const retention = { checkpointMin: 8, sweepEvery: 8, revisionMax }
  const origin = await TestWorld.open({ seed: 'swept', retention: never })
  const shared = await shareContext(origin, await appWasm('mixed'), NAMES)
  const call = (world: TestWorld, name: string, method: string, args = {}) =>
    world.run(world.get(name).call(shared.contextId, method, args))
  for (let i = 0; i < 10; i += 1) {
    const [one = 'ada', other = 'bob'] = [NAMES[i % 3], NAMES[(i + 1) % 3]]
    await call(origin, one, 'set', { key: `k${i}`, value: one })
    await origin.pass(100)
    await call(origin, other, i % 5 === 4 ? 'hit' : 'remove', i % 5 === 4 ? {} : { key: `k${i}` })
    await origin.pass(100)
    // Above the removal, what takes its place.
    if (i === 2) await call(origin, one, 'set', { key: 'k1', value: 'again' })
  }
  await converge(origin, shared.contextId, NAMES)
  for (const name of NAMES) await origin.run(origin.get(name).stop())
  const saved = await origin.save()
  await origin.close()
  const run = async (crash: { readonly atBatch: number; readonly written: boolean }) => {
    const world = await TestWorld.open({ seed: 'swept', from: saved, retention })
    try {
      for (const name of NAMES) world.place(name)
      for (const name of NAMES) await world.start(name, { boot: NAMES })
      const ada = world.get('ada')
      ada.dieAt(crash)
      await world.pass(PRUNE_MS)
      const died = !ada.alive
      ada.dieAt(NEVER)
      if (died) await world.start('ada', { boot: NAMES })
      await world.pass(PRUNE_MS)
      const all = await converge(world, shared.contextId, NAMES)
      const checkpoint = (await world.get('ada').context(shared.contextId)).checkpoint()?.checkpoint
      const undos = await countRows(world.get('ada').disk, 'undo')
      const shown = [await call(world, 'ada', 'all_items'), await call(world, 'ada', 'hit_count')]
      return { died, seen: { all, shown, undos, count: checkpoint?.count, root: checkpoint?.root } }
    } finally {
      await world.close()
    }
  }
  const { seen } = await run(NEVER)
  expect(seen).toMatchObject({ count: 16, shown: [{ k1: 'again', k4: 'bob', k9: 'ada' }, 2] })
  let died = true
  let points = 0
  for (let point = 0; died && point < POINTS_MAX; point += 1) {
    const crash = { atBatch: 1 + (point >> 1), written: point % 2 === 1 }
    const label = `batch ${crash.atBatch}, ${crash.written ? 'written' : 'not written'}`
    const one = await run(crash)
    died = one.died
    if (died) points += 1
    expect([label, one.seen]).toEqual([label, seen])
  }
  expect(points).toBeGreaterThan(6)
})
