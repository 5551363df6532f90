// What is parked until its time has come, where the store cannot be read when it is looked at.
import { expect, it } from 'vitest'
import { appWasm } from '../../../../scripts/build-apps.ts'
import { faultyStore } from '../../store/faulty-store.ts'
import { shareContext } from '../../testing/test-nodes.ts'
import { testWorlds } from '../../testing/test-worlds.ts'
import { FUTURE_MAX_MS, RECONSIDER_MS } from '../limits.ts'

const { open } = testWorlds()
const AHEAD_MS = FUTURE_MAX_MS + RECONSIDER_MS / 2

it('is looked at again a minute later', async () => {
  const world = await open()
  let isShut = false
  const read = () => (isShut ? new Error('the database is not open') : undefined)
  const place = world.place('bob')
  Object.assign(place, { disk: faultyStore(place.disk, 'bob', { read }) })
  const { contextId } = await shareContext(world, await appWasm('kv-store'), ['ada', 'bob'])
  world.get('ada').kill()
  await world.start('ada', { boot: ['ada', 'bob'], skewMs: AHEAD_MS })
  await world.run(world.get('ada').call(contextId, 'set', { key: 'k', value: 'v' }))
  const bob = await world.get('bob').context(contextId)
  const parked = () => bob.waiting().parked
  await world.until('the delta to be parked', () => parked() === 1)
  await world.pass(RECONSIDER_MS - 1000)
  expect(parked()).toBe(1)
  isShut = true
  await world.pass(2000)
  isShut = false
  expect(parked()).toBe(1)
  await world.pass(RECONSIDER_MS)
  expect(parked()).toBe(0)
})
