// What is parked until its time has come, where the store cannot be read when it is looked at, or takes nothing when it comes.
import { expect, it, onTestFinished, vi } from 'vitest'
import { appWasm } from '../../../../scripts/build-apps.ts'
import { faultyStore } from '../../store/faulty-store.ts'
import { RecordingLogger } from '../../testing/recording-logger.ts'
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

it('is told once, when it is stored, however often that failed before and it is looked at afterwards', async () => {
  const world = await open()
  let refusal: Error | undefined
  const place = world.place('bob')
  Object.assign(place, { disk: faultyStore(place.disk, 'bob', { write: () => refusal }) })
  const { contextId } = await shareContext(world, await appWasm('kv-store'), ['ada', 'bob'])
  world.get('ada').kill()
  await world.start('ada', { boot: ['ada', 'bob'], skewMs: AHEAD_MS + 4 * RECONSIDER_MS })
  const { node } = world.get('bob')
  const info = vi.spyOn(RecordingLogger.prototype, 'info')
  onTestFinished(() => info.mockRestore())
  const told = () => info.mock.calls.flatMap(([fields, message]) => (message === 'delta parked' ? [fields] : []))
  const failed = () => node.contexts.failing.count
  refusal = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
  await world.run(world.get('ada').call(contextId, 'set', { key: 'k', value: 'v' }))
  await world.until('it to have failed some times', () => failed() >= 3)
  expect(told()).toEqual([])
  refusal = undefined
  const parked = () => node.contexts.opened(contextId)?.waiting().parked ?? 0
  await world.until('the delta to be parked', () => parked() === 1)
  await world.pass(2 * RECONSIDER_MS)
  expect(parked()).toBe(1)
  expect(told()).toEqual([expect.objectContaining({ reason: 'future' })])
})
