// A node that dies at any of its writes, or stops, between a call and those that it has asked for: each is made once.
import { expect, it } from 'vitest'
import type { Node } from '../../node.ts'
import { Crossing, targetOf } from '../../testing/crossing.ts'
import { TestWorld } from '../../testing/test-nodes.ts'
import { testWorlds } from '../../testing/test-worlds.ts'

const { open } = testWorlds()
const ADA = ['ada']
const CALLS = 3
/** Of the call, and of each that it has asked for. */
const BATCHES = 1 + CALLS

it('a node that dies at any write makes all that a stored call has asked for, once each', async () => {
  const origin = await Crossing.open(await open(), ADA)
  const { here } = origin
  const there = await origin.another()
  const from = await origin.world.save()
  let deaths = 0
  for (let point = 0; point < 2 * BATCHES; point += 1) {
    const crash = { atBatch: 1 + Math.floor(point / 2), written: point % 2 === 1 }
    const label = `batch ${crash.atBatch}, ${crash.written ? 'written' : 'not written'}`
    const world = await TestWorld.open({ seed: point, from })
    try {
      const ada = await world.start('ada')
      await world.pass(2000)
      ada.dieAt(crash)
      // A call on a dead process gets no answer.
      ada.call(here, 'count', { ...targetOf(there), calls: CALLS }).catch(() => undefined)
      await world.until(`${label}: its death`, () => !ada.alive)
      deaths += 1
      const again = await world.start('ada')
      await world.pass(2000)
      const isStored = crash.atBatch > 1 || crash.written
      const heard = Array.from({ length: isStored ? CALLS : 0 }, (_, index) => `${index} from ${here}`)
      expect(await world.run(again.call(there, 'all_heard')), label).toEqual(heard)
      expect((await again.context(here)).waiting().xcalls, label).toBe(0)
    } finally {
      await world.close()
    }
  }
  expect(deaths).toBe(2 * BATCHES)
})

it('a node that stops ends the one that runs, and makes the others when it is started again', async () => {
  const world = await open({ lagMs: (of) => (of === 'guest' ? 1000 : 0) })
  const crossing = await Crossing.open(world, ADA)
  const { here } = crossing
  const there = await crossing.another()
  const seen = crossing.watch('ada')
  await crossing.call('ada', here, 'count', { ...targetOf(there), calls: CALLS })
  await world.pass(500)
  await world.run(world.get('ada').stop())
  expect(seen).toHaveLength(1)
  const told: Promise<number>[] = []
  const onOpened = ({ contexts }: Node) => told.push(contexts.get(here).then((context) => context.waiting().xcalls))
  await world.start('ada', { onOpened })
  // Before anything is looked at.
  expect(await Promise.all(told)).toEqual([CALLS - 1])
  await crossing.atRest([here])
  expect(await crossing.heard('ada', there)).toEqual([0, 1, 2].map((index) => `${index} from ${here}`))
})
