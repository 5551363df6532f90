import { describe, expect, it } from 'vitest'
import { appWasm } from '../../../../scripts/build-apps.ts'
import type { DeltaId } from '../../base/ids.ts'
import { EVERYTHING, idOfKey } from '../../reconcile/item-key.ts'
import type { GuestExecutor } from '../../runtime/guest-executor.ts'
import { handKeys, rotateKey, type SharedContext, shareContext, type TestWorld } from '../../testing/test-nodes.ts'
import { countRows, testWorlds } from '../../testing/test-worlds.ts'
import type { Delta } from '../../wire/delta.ts'
import type { Context } from '../context.ts'

const { open } = testWorlds()

describe('deltas that are being applied', () => {
  it('are offered to others only once they are in the store', async () => {
    const gate = new Gate()
    const { world, shared } = await pair('order-sensitive', gate)
    const deltas = await writtenApart(world, shared, 3)
    const bob = await world.get('bob').context(shared.contextId)
    gate.close()
    const receiving = bob.receive(deltas)
    await world.until('the guest to be asked', () => gate.waiting > 0)
    expect(heldBy(bob).filter((id) => bob.delta(id) === undefined)).toEqual([])
    gate.open()
    await world.run(receiving)
    expect(heldBy(bob)).toEqual(deltas.map(({ id }) => id))
  })
})

describe('an arrival that breaks off half-way', () => {
  it('gives the context up, so that what the graph had of it is not taken for stored', async () => {
    const { world, shared } = await pair('kv-store')
    const deltas = await writtenApart(world, shared, 3)
    const broken = await world.get('bob').context(shared.contextId)
    const [first, second] = deltas
    if (!first || !second) throw new Error('no deltas')
    await expect(world.run(broken.receive([first, unreadable(second)]))).rejects.toThrow('out of memory')
    const bob = await world.get('bob').context(shared.contextId)
    expect(bob).not.toBe(broken)
    await world.run(bob.receive(deltas))
    expect(bob.heads()).toEqual([deltas.at(-1)?.id])
    expect(heldBy(bob)).toEqual(deltas.map(({ id }) => id))
  })
})

describe('deltas that come one by one while the context is busy', () => {
  it('are taken together: in one batch', async () => {
    const { world, shared } = await pair('kv-store')
    const deltas = await writtenApart(world, shared, 5)
    const bob = await world.get('bob').context(shared.contextId)
    const { batches } = world.get('bob')
    await world.run(Promise.all(deltas.map((delta) => bob.receive([delta]))))
    expect(world.get('bob').batches - batches).toBe(1)
    expect(bob.heads()).toEqual([deltas.at(-1)?.id])
  })
})

describe('many deltas at once', () => {
  const COUNT = 150
  const TURNS = 2

  it('leave everything else its turn while they are looked at and applied', async () => {
    const { world, shared } = await pair('kv-store')
    const deltas = await writtenApart(world, shared, COUNT)
    const bob = await world.get('bob').context(shared.contextId)
    const turns = await turnsDuring(world, bob.receive(deltas))
    expect(turns).toBeGreaterThanOrEqual(TURNS)
    expect(bob.heads()).toEqual([deltas.at(-1)?.id])
  })

  it('leave everything else its turn while one delta completes all that waited for it', async () => {
    const { world, shared } = await pair('kv-store')
    const [first, ...others] = await writtenApart(world, shared, COUNT)
    const bob = await world.get('bob').context(shared.contextId)
    await world.run(bob.receive(others))
    expect(bob.waiting()).toMatchObject({ pending: COUNT - 1 })
    const turns = await turnsDuring(world, bob.receive(first ? [first] : []))
    // Read, opened and merged each in slices of 64, after the graph has told of all of them in one go.
    expect(turns).toBeGreaterThanOrEqual(1 + 2 * Math.floor(COUNT / 64))
    expect(bob.heads()).toEqual([others.at(-1)?.id])
  })

  it('that are parked leave everything else its turn when they are looked at again, after a restart', async () => {
    const { world, shared } = await pair('kv-store')
    await rotateKey(world, shared, 'ada')
    const deltas = await writtenApart(world, shared, COUNT)
    const parking = await world.get('bob').context(shared.contextId)
    await world.run(parking.receive(deltas))
    expect(parking.waiting()).toMatchObject({ parked: COUNT, refused: 0 })
    world.get('bob').kill()
    await world.start('bob')
    const bob = await world.get('bob').context(shared.contextId)
    expect(bob.waiting()).toMatchObject({ parked: COUNT })
    expect(await turnsDuring(world, bob.reconsider())).toBeGreaterThanOrEqual(TURNS)
    expect(bob.waiting()).toMatchObject({ parked: COUNT, pending: 0 })
    await handKeys(world, shared, 'ada', 'bob')
    await turnsDuring(world, bob.reconsider())
    expect(bob.waiting()).toMatchObject({ parked: 0, pending: 0, refused: 0 })
    expect(bob.heads()).toEqual([deltas.at(-1)?.id])
    expect(await countRows(world.get('bob').disk, 'parked')).toBe(0)
  })
})

/** How often something else could do its work before `work` was done. */
async function turnsDuring(world: TestWorld, work: Promise<unknown>): Promise<number> {
  let turns = 0
  let isOver = false
  const tick = () => {
    if (isOver) return
    turns += 1
    world.clock.setTimer(tick, 0)
  }
  world.clock.setTimer(tick, 0)
  await world.run(
    work.finally(() => {
      isOver = true
    }),
  )
  return turns
}

/** Stands for whatever may fail on a machine between two deltas. */
function unreadable(delta: Delta): Delta {
  return {
    ...delta,
    get sealed(): never {
      throw new Error('out of memory')
    },
  }
}

/** Holds every run of a guest while it is closed. */
class Gate {
  #opened: Promise<void> = Promise.resolve()
  #open = () => {}
  waiting = 0

  close(): void {
    this.#opened = new Promise((resolve) => {
      this.#open = resolve
    })
  }

  open(): void {
    this.#open()
  }

  readonly wrap = (executor: GuestExecutor): GuestExecutor => ({
    run: async (...args) => {
      this.waiting += 1
      await this.#opened
      this.waiting -= 1
      return executor.run(...args)
    },
    inspect: (module) => executor.inspect(module),
    close: () => executor.close(),
  })
}

async function pair(app: string, gate?: Gate): Promise<{ world: TestWorld; shared: SharedContext }> {
  const world = await open()
  const names = ['ada', 'bob']
  await world.start('bob', { boot: names, ...(gate ? { wrapExecutor: gate.wrap } : {}) })
  return { world, shared: await shareContext(world, await appWasm(app), names) }
}

/** What ada writes while nobody hears it. */
async function writtenApart(world: TestWorld, { contextId }: SharedContext, count: number): Promise<Delta[]> {
  const ada = await world.get('ada').context(contextId)
  const before = new Set(heldBy(ada))
  world.network.partition([world.get('ada').peerId])
  for (let i = 0; i < count; i += 1) {
    await world.run(world.get('ada').call(contextId, 'set', { key: `k${i}`, value: `v${i}` }))
  }
  return heldBy(ada).flatMap((id) => (before.has(id) ? [] : (ada.delta(id) ?? [])))
}

/** Offered to others, ancestors first. */
function heldBy(context: Context): DeltaId[] {
  const keys = context.readHeld((view) => view.keys(EVERYTHING, 10_000))
  return keys.map((key) => idOfKey<DeltaId>(key))
}
