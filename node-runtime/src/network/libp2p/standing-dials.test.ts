import { expect, it } from 'vitest'
import type { Clock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import { PUBLIC_RETRY_FIRST_MS, PUBLIC_RETRY_MAX_MS } from '../limits.ts'
import { StandingDials } from './standing-dials.ts'

/** Time that passes when it is told to. */
function drivenClock() {
  let now = 0
  const timers = new Set<{ at: number; run: () => void }>()
  const clock: Clock = {
    nowMs: () => now,
    setTimer(run, ms) {
      const timer = { at: now + ms, run }
      timers.add(timer)
      return () => timers.delete(timer)
    },
  }
  /** To the next timer; false where there is none. */
  const step = async () => {
    const next = [...timers].toSorted((a, b) => a.at - b.at)[0]
    if (next === undefined) return false
    timers.delete(next)
    now = next.at
    next.run()
    await new Promise(setImmediate)
    return true
  }
  return { clock, step, now: () => now, waiting: () => timers.size }
}

function standing(connect: () => Promise<string>) {
  const time = drivenClock()
  const lines: string[] = []
  const log = { ...silentLogger, info: (_: object, line: string) => lines.push(line) }
  const dials = new StandingDials(connect, {
    addresses: ['/ip4/192.0.2.1/tcp/4001'],
    what: 'public boot node',
    firstMs: PUBLIC_RETRY_FIRST_MS,
    maxMs: PUBLIC_RETRY_MAX_MS,
    clock: time.clock,
    random: { bytes: (length) => new Uint8Array(length), float: () => 1 },
    log,
  })
  return { dials, time, lines }
}

it('an address that never answers costs one line, and at most a dozen attempts an hour in the end', async () => {
  let attempts = 0
  const { dials, time, lines } = standing(async () => {
    attempts += 1
    throw new Error('no route')
  })
  dials.start()
  await new Promise(setImmediate)
  while (time.now() < 10 * 3_600_000) await time.step()
  expect(lines).toEqual([
    'dialling each public boot node',
    'public boot node not reached; trying again with growing pauses',
  ])
  expect(attempts).toBeLessThan(10 * 13)
  expect(attempts).toBeGreaterThan(100)
  dials.close()
  expect(time.waiting()).toBe(0)
})

it('one that was reached is dialled again when its connection is gone', async () => {
  let attempts = 0
  const { dials, time } = standing(async () => {
    attempts += 1
    return 'peer'
  })
  dials.start()
  await new Promise(setImmediate)
  expect(time.waiting()).toBe(0)
  dials.disconnected('peer')
  expect(await time.step()).toBe(true)
  expect(attempts).toBe(2)
  dials.disconnected('another')
  expect(time.waiting()).toBe(0)
  dials.close()
})
