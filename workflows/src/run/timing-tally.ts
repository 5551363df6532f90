// Durations of what runs many times inside a step (iterations, groups, operations, and each step in them) as percentiles.
// Pure. Bounded: beyond TIMING_SAMPLES_MAX every second sample is left out, again and again, so that those that stay are
// spread evenly over the run.
import type { StepTiming } from './events.ts'
import { TIMING_LABELS_MAX, TIMING_SAMPLES_MAX } from './limits.ts'

interface Samples {
  count: number
  sumMs: number
  minMs: number
  maxMs: number
  /** Every `stride`-th duration. */
  kept: number[]
  stride: number
}

export class TimingTally {
  readonly #byLabel = new Map<string, Samples>()

  add(label: string, durationMs: number): void {
    let samples = this.#byLabel.get(label)
    if (samples === undefined) {
      if (this.#byLabel.size >= TIMING_LABELS_MAX) return
      samples = { count: 0, sumMs: 0, minMs: durationMs, maxMs: durationMs, kept: [], stride: 1 }
      this.#byLabel.set(label, samples)
    }
    if (samples.count % samples.stride === 0) samples.kept.push(durationMs)
    samples.count += 1
    samples.sumMs += durationMs
    samples.minMs = Math.min(samples.minMs, durationMs)
    samples.maxMs = Math.max(samples.maxMs, durationMs)
    if (samples.kept.length > TIMING_SAMPLES_MAX) {
      samples.kept = samples.kept.filter((_, at) => at % 2 === 0)
      samples.stride *= 2
    }
  }

  timings(): StepTiming[] {
    return [...this.#byLabel].map(([label, samples]) => {
      const sorted = samples.kept.toSorted((a, b) => a - b)
      return {
        label,
        count: samples.count,
        minMs: samples.minMs,
        meanMs: samples.sumMs / samples.count,
        p50Ms: percentile(sorted, 50),
        p95Ms: percentile(sorted, 95),
        p99Ms: percentile(sorted, 99),
        maxMs: samples.maxMs,
      }
    })
  }
}

/** Nearest rank: always a duration that was measured. */
function percentile(sorted: readonly number[], percent: number): number {
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? 0
}
