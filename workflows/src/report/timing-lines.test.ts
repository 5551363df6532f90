import { expect, test } from 'vitest'
import { timingLines } from './timing-lines.ts'

test('a step that ran many times is named without what changed from one time to the next', () => {
  const times = { count: 3, minMs: 1, meanMs: 2, p50Ms: 2, p95Ms: 3, p99Ms: 3, maxMs: 3 }
  expect(timingLines([{ label: 'write {{iteration}} of {{ n }}', ...times }])).toEqual([
    '  write … of …  3 ×  p50 2 ms  p95 3 ms  p99 3 ms  max 3 ms',
  ])
})
