import { describe, expect, it } from 'vitest'
import { appWasm } from '../../../scripts/build-apps.ts'
import type { GuestExecutor } from '../runtime/guest-executor.ts'
import { type SharedContext, shareContext, type TestWorld } from '../testing/test-nodes.ts'
import { testWorlds } from '../testing/test-worlds.ts'
import type { Delta } from '../wire/delta.ts'

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
    const offered = bob.idsNotIn([], 100)
    expect(offered.filter((id) => bob.delta(id) === undefined)).toEqual([])
    gate.open()
    await world.run(receiving)
    expect(bob.idsNotIn([], 100)).toEqual(deltas.map(({ id }) => id))
    expect(bob.idsNotIn([], 2)).toEqual(deltas.slice(0, 2).map(({ id }) => id))
  })
})

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
  const before = ada.heads()
  world.network.partition([world.get('ada').peerId])
  for (let i = 0; i < count; i += 1) {
    await world.run(world.get('ada').call(contextId, 'set', { key: `k${i}`, value: `v${i}` }))
  }
  return ada.idsNotIn(before, count).flatMap((id) => ada.delta(id) ?? [])
}
