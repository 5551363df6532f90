import { beforeEach, expect, it } from 'vitest'
import { DrivenClock } from '../testing/driven-clock.ts'
import { DueWork } from './due-work.ts'

const RETRY_MS = 500
const settled = () => new Promise<void>((resolve) => setImmediate(resolve))

let clock: DrivenClock
let work: DueWork
/** When it was looked, and what comes of each look. */
let looks: number[]
let results: (() => Promise<number>)[]
let failures: unknown[]

beforeEach(() => {
  clock = new DrivenClock()
  looks = []
  results = []
  failures = []
  work = new DueWork({
    nowMs: () => clock.nowMs(),
    setTimer: (fn, delayMs) => clock.setTimer(fn, delayMs),
    retryMs: RETRY_MS,
    look: async () => {
      looks.push(clock.nowMs())
      return (await results.shift()?.()) ?? Number.POSITIVE_INFINITY
    },
    onFailed: (error) => failures.push(error),
  })
})

it('many wakings make one look, and one while it looks makes one more', async () => {
  work.wake()
  work.wake()
  work.wake()
  expect(looks).toHaveLength(1)
  await settled()
  expect(looks).toHaveLength(2)
  expect([work.isAtRest, clock.step()]).toEqual([true, false])
})

it('looks again when the next is due, and not before', async () => {
  const startMs = clock.nowMs()
  results = [async () => startMs + 70]
  work.wake()
  await settled()
  expect([looks.length, work.isAtRest]).toEqual([1, false])
  clock.step()
  await settled()
  expect(looks).toEqual([startMs, startMs + 70])
  expect(work.isAtRest).toBe(true)
})

it('a look that fails is told, and comes again', async () => {
  const startMs = clock.nowMs()
  results = [() => Promise.reject(new Error('full'))]
  work.wake()
  await settled()
  expect(failures.map(String)).toEqual(['Error: full'])
  clock.step()
  await settled()
  expect(looks).toEqual([startMs, startMs + RETRY_MS])
})

it('closing waits for the look under way, and there is none after it', async () => {
  const { promise, resolve } = Promise.withResolvers<number>()
  results = [() => promise]
  work.wake()
  work.wake()
  let isClosed = false
  const closed = work.close().then(() => {
    isClosed = true
  })
  await settled()
  expect(isClosed).toBe(false)
  resolve(clock.nowMs() + 10)
  await closed
  work.wake()
  expect([looks.length, clock.step()]).toEqual([1, false])
})
