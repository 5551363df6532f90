import { describe, expect, it } from 'vitest'
import type { DeltaId } from '../../base/ids.ts'
import { EVERYTHING, idOfKey } from '../../reconcile/item-key.ts'
import { converge, handKeys, rotateKey, type SharedContext, type TestWorld } from '../../testing/test-nodes.ts'
import { countRows, testWorlds } from '../../testing/test-worlds.ts'
import type { Delta } from '../../wire/delta.ts'
import { AGED_AFTER_MS, SWEEP_MS } from '../limits.ts'

const { share } = testWorlds()
const NAMES = ['ada', 'bob']
const LONG_MS = AGED_AFTER_MS + 2 * SWEEP_MS
const PAGE = { offset: 0, limit: 100 }

describe('deltas that wait for their parents', () => {
  it('leave memory after a while, stay held, and are applied when the first of them comes', async () => {
    const { world, shared } = await share('kv-store', NAMES)
    const [first, ...others] = await writtenApart(world, shared, 30)
    const bob = await world.get('bob').context(shared.contextId)
    await world.run(bob.receive(others))
    const [seen] = bob.waitingRows.pending(PAGE)
    expect(seen).toMatchObject({ id: others[0]?.id, missing: [first?.id], sinceMs: undefined })
    await world.pass(LONG_MS)
    expect(bob.waiting()).toMatchObject({ pending: 0, parked: 29, forgotten: 0 })
    const [aged] = (await bob.waitingRows.parked(PAGE)).filter(({ id }) => id === others[0]?.id)
    expect(aged).toMatchObject({ reason: 'parents', missing: [first?.id] })
    expect(others.every(({ id }) => bob.holds(id))).toBe(true)
    expect(bob.missing(100)).toEqual([])
    await world.run(bob.reconsider())
    expect(bob.waiting()).toMatchObject({ pending: 0, parked: 29 })
    await world.run(bob.receive(first ? [first] : []))
    expect(bob.waiting()).toMatchObject({ pending: 0, parked: 0 })
    expect(bob.heads()).toEqual([others.at(-1)?.id])
    expect([
      await countRows(world.get('bob').disk, 'parked'),
      await countRows(world.get('bob').disk, 'awaited'),
    ]).toEqual([0, 0])
    world.network.heal()
    await converge(world, shared.contextId, NAMES)
  })

  it('are found again after a restart, also when what they waited for had come just before it', async () => {
    const { world, shared } = await share('kv-store', NAMES)
    const [first, ...others] = await writtenApart(world, shared, 5)
    const before = await world.get('bob').context(shared.contextId)
    await world.run(before.receive(others))
    await world.pass(LONG_MS)
    expect(before.waiting()).toMatchObject({ pending: 0, parked: 4 })
    world.get('bob').kill()
    await world.start('bob', { boot: [] })
    const bob = await world.get('bob').context(shared.contextId)
    expect(bob.waiting()).toMatchObject({ pending: 0, parked: 4 })
    world.get('bob').dieAt({ atBatch: 2, written: false })
    await bob.receive(first ? [first] : []).catch(() => undefined)
    await world.until('bob to die', () => !world.get('bob').alive)
    await world.start('bob', { boot: [] })
    await world.pass(SWEEP_MS + 1000)
    const again = await world.get('bob').context(shared.contextId)
    expect(again.waiting()).toMatchObject({ pending: 0, parked: 0 })
    expect(again.heads()).toEqual([others.at(-1)?.id])
  })

  it('are forgotten, the oldest first and counted, where there are too many, and a pull brings them', async () => {
    const { world, shared } = await share('kv-store', NAMES, { retention: { agedMax: 3 } })
    const [, early, ...later] = await writtenApart(world, shared, 6)
    const bob = await world.get('bob').context(shared.contextId)
    await world.run(bob.receive(early ? [early] : []))
    await world.pass(2 * SWEEP_MS)
    await world.run(bob.receive(later))
    await world.pass(LONG_MS)
    expect(bob.waiting()).toMatchObject({ pending: 0, parked: 3, forgotten: 2 })
    expect(bob.holds(early?.id ?? ('' as DeltaId))).toBe(false)
    world.network.heal()
    await converge(world, shared.contextId, NAMES)
    expect(await countRows(world.get('bob').disk, 'parked')).toBe(0)
  })
})

describe('deltas that wait for a key', () => {
  it('leave memory after a while, and are applied when it comes', async () => {
    const { world, shared } = await share('kv-store', NAMES)
    await rotateKey(world, shared, 'ada')
    const deltas = await writtenApart(world, shared, 4)
    const bob = await world.get('bob').context(shared.contextId)
    await world.run(bob.receive(deltas))
    const [parked] = await bob.waitingRows.parked(PAGE)
    expect(parked).toMatchObject({ reason: 'key', missing: [], sinceMs: expect.any(Number) })
    await world.pass(LONG_MS)
    expect(bob.waiting()).toMatchObject({ pending: 0, parked: 4 })
    await world.run(bob.receive(deltas))
    expect(bob.waiting()).toMatchObject({ pending: 0, parked: 4 })
    await handKeys(world, shared, 'ada', 'bob')
    await world.run(bob.reconsider())
    expect(bob.waiting()).toMatchObject({ pending: 0, parked: 0, refused: 0 })
    expect(bob.heads()).toEqual([deltas.at(-1)?.id])
    expect(await countRows(world.get('bob').disk, 'parked')).toBe(0)
  })
})

/** What ada writes while nobody hears it, ancestors first. */
async function writtenApart(world: TestWorld, { contextId }: SharedContext, count: number): Promise<Delta[]> {
  const ada = await world.get('ada').context(contextId)
  world.network.partition([world.get('ada').peerId])
  for (let i = 0; i < count; i += 1) {
    await world.run(world.get('ada').call(contextId, 'set', { key: `k${i}`, value: `v${i}` }))
  }
  const keys = ada.readHeld((view) => view.keys(EVERYTHING, 1000))
  return keys.flatMap((key) => ada.delta(idOfKey<DeltaId>(key)) ?? [])
}
