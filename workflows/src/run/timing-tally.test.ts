import { expect, test } from 'vitest'
import { TIMING_LABELS_MAX, TIMING_SAMPLES_MAX } from './limits.ts'
import { TimingTally } from './timing-tally.ts'

test('percentiles are durations that were measured', () => {
  const tally = new TimingTally()
  for (let ms = 100; ms >= 1; ms -= 1) tally.add('call', ms)
  tally.add('once', 7)
  expect(tally.timings()).toEqual([
    { label: 'call', count: 100, minMs: 1, meanMs: 50.5, p50Ms: 50, p95Ms: 95, p99Ms: 99, maxMs: 100 },
    { label: 'once', count: 1, minMs: 7, meanMs: 7, p50Ms: 7, p95Ms: 7, p99Ms: 7, maxMs: 7 },
  ])
})

test('a run without end keeps an even part of the durations, and all of the extremes', () => {
  const tally = new TimingTally()
  const count = TIMING_SAMPLES_MAX * 10
  for (let at = 0; at < count; at += 1) tally.add('call', at)
  const [timing] = tally.timings()
  expect(timing).toMatchObject({ count, minMs: 0, maxMs: count - 1 })
  expect(Math.abs((timing?.p50Ms ?? 0) / count - 0.5)).toBeLessThan(0.01)
  expect(Math.abs((timing?.p99Ms ?? 0) / count - 0.99)).toBeLessThan(0.01)
})

test('labels beyond the limit are left out', () => {
  const tally = new TimingTally()
  for (let at = 0; at <= TIMING_LABELS_MAX; at += 1) tally.add(`l${at}`, 1)
  expect(tally.timings()).toHaveLength(TIMING_LABELS_MAX)
})
