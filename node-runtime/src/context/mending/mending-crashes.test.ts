// A node dies at each write while its state is made anew, from its disk or from a member: in the end all hold the same, with every
// write that was acknowledged, and each event was handled once.
import { expect, it } from 'vitest'
import { appWasm } from '../../../../scripts/build-apps.ts'
import { call, type Damage, damage, goneAt, set, unreadableIndexes } from '../../testing/bad-disk.ts'
import { converge, type SavedWorld, type SharedContext, shareContext, TestWorld } from '../../testing/test-nodes.ts'
import { NAMES } from '../../testing/test-worlds.ts'

const retention = { checkpointMin: 8, absentMs: 120_000 }
const NEVER = { atBatch: Number.POSITIVE_INFINITY, written: false }

interface Setting {
  readonly shared: SharedContext
  readonly saved: SavedWorld
}

/** Bob has written alone, and its disk is damaged then. All are stopped. */
async function damaged(prunes: boolean): Promise<Setting> {
  const world = await TestWorld.open({ retention })
  const shared = await shareContext(world, await appWasm('mixed'), NAMES)
  const scene = { world, shared }
  await call(scene, 'ada', 'say', { id: 'before' })
  for (let i = 0; i < (prunes ? 24 : 3); i += 1) await set(scene, NAMES[i % 3] ?? 'ada', `k${i}`)
  await world.pass(30_000)
  await converge(world, shared.contextId, NAMES)
  expect((await world.get('bob').context(shared.contextId)).checkpoint() !== undefined).toBe(prunes)
  world.network.partition([world.get('bob').peerId])
  await set(scene, 'bob', 'alone')
  await call(scene, 'bob', 'say', { id: 'alone' })
  await world.pass(1000)
  for (const name of NAMES) await world.run(world.get(name).stop())
  const both: Damage = unreadableIndexes
  await damage(scene, 'state', both)
  await damage(scene, 'undo', goneAt(0))
  const saved = await world.save()
  await world.close()
  return { shared, saved }
}

async function untilMended(world: TestWorld, { contextId }: SharedContext): Promise<void> {
  const bob = () => world.get('bob').node.contexts.opened(contextId)
  await world.until('bob to have a state', () => bob()?.waiting().damaged === false)
}

it.each([
  ['its disk', false, true],
  ['its disk, with nobody there', false, false],
  ['a member', true, true],
])('while the state comes from %s', { timeout: 120_000 }, async (_whence, prunes, areThere) => {
  const { shared, saved } = await damaged(prunes)
  const run = async (crash = NEVER) => {
    const world = await TestWorld.open({ retention, from: saved })
    const scene = { world, shared }
    const startOthers = async () => {
      for (const name of ['ada', 'cyd']) await world.start(name, { boot: NAMES })
    }
    if (areThere) await startOthers()
    const bob = world.prepare('bob', { boot: NAMES, crash })
    const starting = world.run(bob.open(world.addressesOf('bob', { boot: NAMES }), { crash })).catch(() => undefined)
    await starting
    await world.pass(15_000)
    const batches = bob.running ? bob.batches : 0
    if (!bob.running) await world.start('bob', { boot: NAMES })
    await untilMended(world, shared)
    if (!areThere) await startOthers()
    await converge(world, shared.contextId, NAMES)
    expect(await call(scene, 'bob', 'heard_count')).toBe(4)
    expect(await call(scene, 'ada', 'all_items')).toMatchObject({ alone: 'v', k0: 'v', k2: 'v' })
    expect(await call(scene, 'bob', 'all_items')).toEqual(await call(scene, 'ada', 'all_items'))
    await world.close()
    return batches
  }
  const batches = await run()
  expect(batches).toBeGreaterThan(5)
  for (let atBatch = 1; atBatch <= Math.min(batches, 24); atBatch += 1) {
    for (const written of [false, true]) await run({ atBatch, written })
  }
})
