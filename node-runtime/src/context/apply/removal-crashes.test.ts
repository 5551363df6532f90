// A node dies at each write while it judges a long history again after a removal, slice by slice: in the end it holds what
// the others hold, and no event was handled twice.
import { afterAll, describe, expect, it, vi } from 'vitest'
import { appWasm } from '../../../../scripts/build-apps.ts'
import { KEY_PREFIXES } from '../../store/keys.ts'
import { converge, type SavedWorld, type SharedContext, shareContext, TestWorld } from '../../testing/test-nodes.ts'
import { countRows, NAMES } from '../../testing/test-worlds.ts'
import { ContextStore } from '../context-store.ts'
import { removeMember } from '../namespaces/membership.ts'

const NEVER = { atBatch: Number.POSITIVE_INFINITY, written: false }
const KEPT = ['ada', 'cyd']
/** Odd, so that every other death is after its write. */
const POINT_STEP = 3
/** Small: a history of some tens is long. */
const retention = { revisionMax: 4 }

const origins: TestWorld[] = []
afterAll(async () => {
  for (const world of origins) await world.close()
})

/** Bob was removed while cyd took what it wrote on; both wrote much. Cyd has not heard yet. All are stopped. */
async function beforeCydHears(app: string): Promise<{ shared: SharedContext; saved: SavedWorld }> {
  const world = await TestWorld.open({ seed: app, retention })
  origins.push(world)
  const shared = await shareContext(world, await appWasm(app), NAMES)
  const set = (name: string, key: string) =>
    world.run(world.get(name).call(shared.contextId, 'set', { key, value: `${name}:${key}` }))
  await set('bob', 'start')
  await converge(world, shared.contextId, NAMES)
  world.network.partition([world.get('ada').peerId], [world.get('bob').peerId, world.get('cyd').peerId])
  for (let i = 0; i < 14; i += 1) await set(i % 3 === 0 ? 'bob' : 'cyd', `k${i}`)
  await converge(world, shared.contextId, ['bob', 'cyd'])
  await world.run(world.get('bob').stop())
  await world.run(removeMember(world.get('ada').node, shared.namespaceId, world.get('bob').node.account))
  for (const name of KEPT) await world.run(world.get(name).stop())
  return { shared, saved: await world.save() }
}

/** Undefined when the node died between two slices. */
function judgementOf(world: TestWorld, { contextId }: SharedContext) {
  return new ContextStore(world.get('cyd').disk, contextId).judgement().digest
}

describe.each(['kv-store-with-handlers', 'order-sensitive'])('a node that runs %s', (app) => {
  it('and dies at any write of judging again holds what others hold', { timeout: 120_000 }, async () => {
    const { shared, saved } = await beforeCydHears(app)
    const ends = new Set<string>()
    let died = true
    let points = 0
    let cutOff = 0
    for (let point = 0; died && point < 160; point += POINT_STEP) {
      const crash = { atBatch: 1 + (point >> 1), written: point % 2 === 1 }
      const label = `${app}: batch ${crash.atBatch}, ${crash.written ? 'written' : 'not written'}`
      const world = await TestWorld.open({ seed: `${app} ${point}`, from: saved, retention })
      try {
        for (const name of KEPT) world.place(name)
        for (const name of KEPT) await world.start(name, { boot: KEPT, ...(name === 'cyd' ? { crash } : {}) })
        await world.pass(15_000)
        died = !world.get('cyd').alive
        world.get('cyd').dieAt(NEVER)
        if (died) points += 1
        if (died && judgementOf(world, shared) === undefined) cutOff += 1
        if (died) await world.start('cyd', { boot: KEPT })
        const { entries } = await converge(world, shared.contextId, KEPT)
        ends.add(entries.join())
        for (const kind of ['handler', 'deadLetter', 'reissue'] as const) {
          expect(await countRows(world.get('cyd').disk, kind), `${label}: ${kind}`).toBe(0)
        }
      } catch (error) {
        throw new Error(`${label}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
      } finally {
        await world.close()
      }
    }
    expect(points).toBeGreaterThan(5)
    expect(cutOff).toBeGreaterThan(1)
    // Each event was handled once whatever the point, so what its handlers count is the same, too.
    expect(ends.size).toBe(1)
  })
})

it('what was judged is not looked at again at the next start', async () => {
  const { shared, saved } = await beforeCydHears('kv-store')
  const world = await TestWorld.open({ seed: 1, from: saved, retention })
  origins.push(world)
  for (const name of KEPT) world.place(name)
  for (const name of KEPT) await world.start(name, { boot: KEPT })
  await world.pass(15_000)
  await converge(world, shared.contextId, KEPT)
  await world.run(world.get('cyd').stop())
  const entries = vi.spyOn(world.place('cyd').disk, 'entries')
  await world.start('cyd', { boot: KEPT })
  await world.pass(15_000)
  const walks = entries.mock.calls.filter(
    ([{ gte }]) => String.fromCharCode(...gte.subarray(0, 2)) === KEY_PREFIXES.delta,
  )
  expect(walks.length).toBe(1)
  expect((await world.get('cyd').context(shared.contextId)).beat()).toBeDefined()
})
