import { constants, PerformanceObserver } from 'node:perf_hooks'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { BODY_GARBAGE_BYTES, BODY_GARBAGE_LOOK_MS, BODY_GARBAGE_LOOKS_MAX, LARGE_BODY_BYTES } from '../limits.ts'
import { BodyGarbage } from './body-garbage.ts'

function request(headers: Record<string, string>) {
  return { headers, complete: false, socket: { bytesRead: 100, destroyed: false } }
}

describe('what bodies leave behind', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('is collected for every so many bytes of all that come, to their end', () => {
    const collect = vi.fn()
    const garbage = new BodyGarbage(collect)
    const told = request({ 'content-length': `${LARGE_BODY_BYTES}` })
    const untold = request({ 'transfer-encoding': 'chunked' })
    garbage.add(told)
    garbage.add(untold)
    told.socket.bytesRead += BODY_GARBAGE_BYTES / 2
    vi.advanceTimersByTime(BODY_GARBAGE_LOOK_MS)
    expect(collect).not.toHaveBeenCalled()
    untold.socket.bytesRead += BODY_GARBAGE_BYTES / 2
    told.complete = true
    vi.advanceTimersByTime(BODY_GARBAGE_LOOK_MS)
    expect(collect).toHaveBeenCalledTimes(1)
    // The next request of a connection is another one.
    told.socket.bytesRead += 2 * BODY_GARBAGE_BYTES
    vi.advanceTimersByTime(BODY_GARBAGE_LOOK_MS)
    expect(collect).toHaveBeenCalledTimes(1)
    untold.socket.bytesRead += BODY_GARBAGE_BYTES
    untold.socket.destroyed = true
    vi.advanceTimersByTime(BODY_GARBAGE_LOOK_MS)
    expect(collect).toHaveBeenCalledTimes(2)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('of very many is found in turns', () => {
    const collect = vi.fn()
    const garbage = new BodyGarbage(collect)
    const all = Array.from({ length: BODY_GARBAGE_LOOKS_MAX + 1 }, () => request({ 'transfer-encoding': 'chunked' }))
    for (const each of all) garbage.add(each)
    const last = all.at(-1)
    if (last) last.socket.bytesRead += BODY_GARBAGE_BYTES
    vi.advanceTimersByTime(BODY_GARBAGE_LOOK_MS)
    expect(collect).not.toHaveBeenCalled()
    vi.advanceTimersByTime(BODY_GARBAGE_LOOK_MS)
    expect(collect).toHaveBeenCalledTimes(1)
  })

  test('of small ones, and of none, is left to the engine', () => {
    const garbage = new BodyGarbage(vi.fn())
    garbage.add(request({ 'content-length': `${LARGE_BODY_BYTES - 1}` }))
    garbage.add(request({}))
    expect(vi.getTimerCount()).toBe(0)
  })
})

test('by itself it collects what is young, and nothing else', async () => {
  const forced: (number | undefined)[] = []
  const observer = new PerformanceObserver((list) => {
    for (const { detail } of list.getEntries() as unknown as { detail: { kind?: number; flags?: number } }[]) {
      if ((detail.flags ?? 0) & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) forced.push(detail.kind)
    }
  })
  observer.observe({ entryTypes: ['gc'] })
  const arriving = request({ 'transfer-encoding': 'chunked' })
  new BodyGarbage().add(arriving)
  arriving.socket.bytesRead += BODY_GARBAGE_BYTES
  arriving.complete = true
  await vi.waitFor(() => expect(forced).toEqual([constants.NODE_PERFORMANCE_GC_MINOR]), { timeout: 60_000 })
  observer.disconnect()
  expect('gc' in globalThis).toBe(false)
})
