// What goes wrong when, in a chaos: drawn from a seed, and from nothing else. Pure.
import type { SeededRandom } from '../../control/seeded-random.ts'
import type { FaultKind, FaultValues } from '../making/fault-kinds.ts'

export interface ChaosOptions {
  /** In one order, whatever the file says: the same seed gives the same schedule. */
  readonly nodes: readonly string[]
  readonly kinds: readonly FaultKind[]
  /** Mean time from the start of one to that of the next. */
  readonly everyMs: number
  /** The longest. */
  readonly lastMs: number
  /** How many at most. */
  readonly atOnce: number
}

export interface ChaosEntry extends FaultValues {
  readonly kind: FaultKind
  readonly node: string
  /** From the start of the chaos. */
  readonly startMs: number
  readonly endMs: number
}

/** Without an end. A node has one fault at a time. */
export function* chaosSchedule(options: ChaosOptions, random: SeededRandom): Generator<ChaosEntry> {
  let entries: ChaosEntry[] = []
  let atMs = 0
  for (;;) {
    // At least a moment: without one the schedule would never come to its end.
    atMs += Math.max(1, Math.round(options.everyMs * (0.5 + random.next())))
    entries = entries.filter(({ endMs }) => endMs > atMs)
    const free = options.nodes.filter((node) => entries.every((entry) => entry.node !== node))
    // Drawn also where they are not used: what comes after it stays the same.
    const lasting = Math.max(1, Math.round(options.lastMs * (0.3 + 0.7 * random.next())))
    if (free.length === 0 || entries.length >= options.atOnce) {
      const firstEnd = Math.min(...entries.map(({ endMs }) => endMs))
      atMs = Math.max(atMs, firstEnd)
      continue
    }
    const kind = random.pick(options.kinds)
    const node = random.pick(free)
    const entry = { kind, node, startMs: atMs, endMs: atMs + lasting, ...valuesOf(kind, random) }
    entries.push(entry)
    yield entry
  }
}

function valuesOf(kind: FaultKind, random: SeededRandom): FaultValues {
  switch (kind) {
    case 'delay':
    case 'jitter':
      return { ms: random.int(20, 300) }
    case 'clock_skew':
      return { ms: random.int(-3_000, 3_000) }
    case 'loss':
      return { percent: random.int(5, 30) }
    case 'reset':
      return { percent: random.int(1, 5) }
    case 'bandwidth':
      return { bytes_per_second: random.int(20_000, 200_000) }
    case 'drop':
    case 'duplicate':
    case 'reorder':
      return { percent: random.int(20, 80) }
    default:
      return {}
  }
}
