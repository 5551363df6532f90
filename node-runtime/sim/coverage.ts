// What the seeds of one invocation went through. A pair of faults counts when both did something in one run.
import { ABSENT_MECHANISMS } from './mechanisms.ts'
import type { RunReport } from './run-seed.ts'
import { FAULT_KINDS, type FaultKind } from './scenario.ts'

/** The share of seeds that each must reach. */
export const WANTED_SHARE = 0.05
const DEEP_UNDO = 10

export interface CoverageLine {
  readonly what: string
  /** Of all seeds, 0 to 1; undefined where the node has no such mechanism. */
  readonly share: number | undefined
  readonly absent?: string
}

export interface Coverage {
  readonly seeds: number
  readonly kinds: readonly CoverageLine[]
  readonly pairs: readonly CoverageLine[]
  readonly mechanisms: readonly CoverageLine[]
}

type Seen = Pick<RunReport, 'faults' | 'deepestUndo' | 'voids'>

export function coverageOf(reports: readonly Seen[]): Coverage {
  const share = (holds: (report: Seen) => boolean) =>
    reports.length === 0 ? 0 : reports.filter(holds).length / reports.length
  const kindLine = (...kinds: FaultKind[]): CoverageLine => {
    return { what: kinds.join(' + '), share: share(({ faults }) => kinds.every((kind) => faults.includes(kind))) }
  }
  const missing = (what: string, absent: string | undefined): CoverageLine =>
    absent === undefined ? { what, share: 0 } : { what, share: undefined, absent }
  return {
    seeds: reports.length,
    kinds: FAULT_KINDS.map((kind) => kindLine(kind)),
    pairs: FAULT_KINDS.flatMap((a, index) => FAULT_KINDS.slice(index + 1).map((b) => kindLine(a, b))),
    mechanisms: [
      { what: `undo deeper than ${DEEP_UNDO}`, share: share(({ deepestUndo }) => deepestUndo > DEEP_UNDO) },
      missing('redo after a snapshot', ABSENT_MECHANISMS.checkpoints),
      missing('frontier moved past an absent member', ABSENT_MECHANISMS.checkpoints),
      { what: 'void deltas', share: share(({ voids }) => voids > 0) },
    ],
  }
}

/** What stays under the wanted share although the node could do it. */
export function shortOf({ kinds, pairs, mechanisms }: Coverage): CoverageLine[] {
  return [...kinds, ...pairs, ...mechanisms].filter(({ share }) => share !== undefined && share < WANTED_SHARE)
}

export function coverageText(coverage: Coverage): string {
  const percent = (line: CoverageLine) => (line.share === undefined ? 'absent' : `${(100 * line.share).toFixed(0)} %`)
  const lines = [`coverage of ${coverage.seeds} seeds`]
  lines.push(`  faults: ${coverage.kinds.map((line) => `${line.what} ${percent(line)}`).join(', ')}`)
  const present = coverage.pairs
    .filter(({ share }) => share !== undefined)
    .sort((a, b) => (a.share ?? 0) - (b.share ?? 0))
  const rarest = present.slice(0, 5).map((line) => `${line.what} ${percent(line)}`)
  lines.push(`  pairs of faults: ${present.length}, the rarest ${rarest.join(', ')}`)
  for (const line of coverage.mechanisms) lines.push(`  ${line.what}: ${line.absent ?? percent(line)}`)
  const short = shortOf(coverage)
  if (short.length > 0) lines.push(`  under ${100 * WANTED_SHARE} %: ${short.map(({ what }) => what).join(', ')}`)
  return `${lines.join('\n')}\n`
}
