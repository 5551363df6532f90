import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { sleep, startTimer } from './until.ts'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

const MONTH_MS = 30 * 24 * 3_600_000

test('a wait of months lasts months', async () => {
  let slept = false
  const sleeping = sleep(3 * MONTH_MS).then(() => {
    slept = true
  })
  let rang = false
  startTimer(3 * MONTH_MS, () => {
    rang = true
  })
  await vi.advanceTimersByTimeAsync(3 * MONTH_MS - 1)
  expect([slept, rang]).toEqual([false, false])
  await vi.advanceTimersByTimeAsync(1)
  await sleeping
  expect([slept, rang]).toEqual([true, true])
})

test('a wait without end is one, and ends with its signal', async () => {
  const stop = new AbortController()
  const sleeping = sleep(Number.POSITIVE_INFINITY, stop.signal)
  await vi.advanceTimersByTimeAsync(MONTH_MS)
  stop.abort(new Error('stop'))
  await expect(sleeping).rejects.toThrow('stop')
  expect(vi.getTimerCount()).toBe(0)
})

test('a timer that is cancelled late never rings', async () => {
  const rings = vi.fn()
  const cancel = startTimer(2 * MONTH_MS, rings)
  await vi.advanceTimersByTimeAsync(MONTH_MS)
  cancel()
  expect(vi.getTimerCount()).toBe(0)
})
