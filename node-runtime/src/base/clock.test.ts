import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { systemClock } from './clock.ts'

const MONTH_MS = 30 * 24 * 3_600_000

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

test('a timer of months rings after months, or never where it is cancelled', async () => {
  const rings = vi.fn()
  const never = vi.fn()
  systemClock.setTimer(rings, 2 * MONTH_MS)
  const cancel = systemClock.setTimer(never, 2 * MONTH_MS)
  await vi.advanceTimersByTimeAsync(2 * MONTH_MS - 1)
  expect(rings).not.toHaveBeenCalled()
  cancel()
  await vi.advanceTimersByTimeAsync(1)
  expect(rings).toHaveBeenCalledOnce()
  expect(never).not.toHaveBeenCalled()
})
