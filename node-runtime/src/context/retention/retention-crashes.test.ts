// A node dies at each write while it prunes, and while it takes a snapshot and writes its own deltas again: whatever was
// acknowledged is there at the end, and every node holds the same.
import { afterAll, describe, expect, it } from 'vitest'
import { appWasm } from '../../../../scripts/build-apps.ts'
import { converge, type SavedWorld, type SharedContext, shareContext, TestWorld } from '../../testing/test-nodes.ts'
import { countRows, NAMES } from '../../testing/test-worlds.ts'

const ABSENT_MS = 120_000
const retention = { checkpointMin: 8, absentMs: ABSENT_MS }
const KEYS = 5
const NEVER = { atBatch: Number.POSITIVE_INFINITY, written: false }
/** Of the driven clock: the writes of a return are done long before, or a round of sync is due that makes them. */
const RETURN_MS = 20_000
const STEP_MS = 6000
const REST_MS = 60_000
/** So many points for one at which it is seen that nothing more happens in `REST_MS`. */
const POINTS_PER_REST = 8

interface Setting {
  readonly shared: SharedContext
  readonly saved: SavedWorld
}

const origins: TestWorld[] = []
afterAll(async () => {
  for (const world of origins) await world.close()
})

const set = (world: TestWorld, { contextId }: SharedContext, name: string, key: string) =>
  world.run(world.get(name).call(contextId, 'set', { key, value: `${name}:${key}` }))

/** Cyd was away too long with writes of its own; the others have pruned. All are stopped. */
async function afterAbsence(app: string): Promise<Setting> {
  const world = await TestWorld.open({ seed: app, retention })
  origins.push(world)
  const shared = await shareContext(world, await appWasm(app), NAMES)
  await set(world, shared, 'cyd', 'start')
  await converge(world, shared.contextId, NAMES)
  world.network.partition([world.get('cyd').peerId])
  await world.pass(1000)
  for (let i = 0; i < KEYS; i += 1) await set(world, shared, 'cyd', `cyd-${i}`)
  await world.pass(2 * ABSENT_MS)
  for (let i = 0; i < 30; i += 1) await set(world, shared, i % 2 === 0 ? 'ada' : 'bob', `k${i}`)
  await world.pass(30_000)
  expect(await countRows(world.get('ada').disk, 'checkpoint')).toBe(1)
  for (const name of NAMES) await world.run(world.get(name).stop())
  return { shared, saved: await world.save() }
}

/** Everything is done within `REST_MS`, and stays so: the rest of that time is spent if `rests`. */
async function expectAll(
  world: TestWorld,
  { contextId }: SharedContext,
  { label, rests }: { readonly label: string; readonly rests: boolean },
): Promise<void> {
  const writesAgain = async () => {
    const counts = await Promise.all(NAMES.map((name) => countRows(world.get(name).disk, 'reissue')))
    return counts.some((count) => count > 0)
  }
  const endMs = world.clock.nowMs() + REST_MS
  do await world.pass(STEP_MS)
  while (world.clock.nowMs() < endMs && (rests || (await writesAgain())))
  await converge(world, contextId, NAMES)
  for (const name of NAMES) {
    for (const key of [...Array(KEYS).keys()].map((i) => `cyd-${i}`)) {
      const value = await world.run(world.get(name).call(contextId, 'get', { key }))
      expect(value, `${label}: ${key} at ${name}`).toBe(`cyd:${key}`)
    }
    for (const kind of ['reissue', 'handler', 'deadLetter'] as const) {
      expect(await countRows(world.get(name).disk, kind), `${label}: ${kind} at ${name}`).toBe(0)
    }
  }
}

describe.each(['kv-store-with-handlers', 'order-sensitive'])('a node that runs %s', (app) => {
  const whether = { timeout: 120_000 }
  it.each([
    ['not reach', false],
    ['reach', true],
  ])(
    'and dies at any write of its return from a long absence, which does %s the disk, loses nothing',
    whether,
    async (_, written) => {
      const { shared, saved } = await afterAbsence(app)
      let died = true
      let points = 0
      const handledCounts = new Set<number>()
      for (let point = 0; died && point < 40; point += 1) {
        const crash = { atBatch: 1 + point, written }
        const label = `${app}: batch ${crash.atBatch}, ${crash.written ? 'written' : 'not written'}`
        const world = await TestWorld.open({ seed: `${app} ${point}`, from: saved, retention })
        try {
          for (const name of NAMES) world.place(name)
          for (const name of ['ada', 'bob']) await world.start(name, { boot: NAMES })
          const cyd = world.prepare('cyd', { boot: NAMES, crash })
          const opened = cyd.open(world.addressesOf('cyd', { boot: NAMES }), { crash }).catch(() => undefined)
          let settled = false
          opened.then(() => {
            settled = true
          })
          await world.until('cyd to start or die', () => settled || !cyd.alive)
          const endMs = world.clock.nowMs() + RETURN_MS
          await world.until('cyd to return or die', () => !cyd.alive || world.clock.nowMs() >= endMs)
          died = !cyd.alive
          cyd.dieAt(NEVER)
          if (died) points += 1
          if (died) await world.start('cyd', { boot: NAMES })
          await expectAll(world, shared, { label, rests: point % POINTS_PER_REST === 0 })
          if (app === 'kv-store-with-handlers') {
            const handled = await world.run(world.get('bob').call(shared.contextId, 'get_handler_execution_count'))
            handledCounts.add(Number(handled))
          }
        } catch (error) {
          throw new Error(`${label}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
        } finally {
          await world.close()
        }
      }
      expect(points).toBeGreaterThan(5)
      // Each event once on each node that applied it: the same whatever the point.
      expect(handledCounts.size).toBe(app === 'kv-store-with-handlers' ? 1 : 0)
    },
  )

  it('and dies at any write of its pruning has the same state, root and heads', { timeout: 120_000 }, async () => {
    const origin = await TestWorld.open({ seed: app, retention: { ...retention, checkpointMin: 1000 } })
    origins.push(origin)
    const shared = await shareContext(origin, await appWasm(app), NAMES)
    for (let i = 0; i < 20; i += 1) await set(origin, shared, NAMES[i % 3] ?? 'ada', `k${i}`)
    const before = await converge(origin, shared.contextId, NAMES)
    await origin.pass(30_000)
    for (const name of NAMES) await origin.run(origin.get(name).stop())
    const saved = await origin.save()
    let died = true
    let points = 0
    for (let point = 0; died && point < 40; point += 1) {
      const crash = { atBatch: 1 + (point >> 1), written: point % 2 === 1 }
      const label = `${app}: batch ${crash.atBatch}, ${crash.written ? 'written' : 'not written'}`
      const world = await TestWorld.open({ seed: `${app} ${point}`, from: saved, retention })
      try {
        for (const name of NAMES) world.place(name)
        for (const name of NAMES) await world.start(name, { boot: NAMES })
        const ada = world.get('ada')
        ada.dieAt(crash)
        await world.pass(30_000)
        died = !ada.alive
        ada.dieAt(NEVER)
        if (died) points += 1
        if (died) await world.start('ada', { boot: NAMES })
        await world.pass(30_000)
        expect(await converge(world, shared.contextId, NAMES), label).toEqual(before)
        expect(await countRows(world.get('ada').disk, 'checkpoint'), label).toBe(1)
        expect(await countRows(world.get('ada').disk, 'delta'), label).toBeLessThan(20)
      } finally {
        await world.close()
      }
    }
    expect(points).toBeGreaterThan(2)
  })
})
