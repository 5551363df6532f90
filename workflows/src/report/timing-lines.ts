// Percentiles as aligned lines of text.
import type { StepTiming } from '../run/events.ts'
import { formatDuration } from './format-duration.ts'

/** What was measured once says nothing about percentiles: only `count` 2 and more. */
export function timingLines(timings: readonly StepTiming[]): string[] {
  const rows = timings
    .filter(({ count }) => count > 1)
    .map((timing) => [
      // Of a step that ran many times: what changed from one time to the next.
      timing.label.replaceAll(/\{\{[^{}]*\}\}/g, '…'),
      `${timing.count} ×`,
      ...(['p50', 'p95', 'p99', 'max'] as const).map((name) => `${name} ${formatDuration(timing[`${name}Ms`])}`),
    ])
  const widths = [0, 1, 2, 3, 4, 5].map((at) => Math.max(0, ...rows.map((row) => row[at]?.length ?? 0)))
  return rows.map((row) => {
    const cells = row.map((text, at) => (at === 1 ? text.padStart(widths[at] ?? 0) : text.padEnd(widths[at] ?? 0)))
    return `  ${cells.join('  ')}`.trimEnd()
  })
}
