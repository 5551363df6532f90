// What the seeds of one invocation went through. A pair of faults counts when both did something in one run.
import type { RunReport } from '../run/run-seed.ts'
import { FAULT_KINDS, type FaultKind } from '../scenario/scenario.ts'

/** The share of seeds that each must reach. */
export const WANTED_SHARE = 0.05
const DEEP_UNDO = 10
/** As many say something of a share. */
const TELLING_SEEDS = 200

export interface CoverageLine {
  readonly what: string
  /** Of all seeds, 0 to 1. */
  readonly share: number
}

export interface Coverage {
  readonly seeds: number
  readonly kinds: readonly CoverageLine[]
  readonly pairs: readonly CoverageLine[]
  readonly mechanisms: readonly CoverageLine[]
}

type Seen = Pick<
  RunReport,
  'faults' | 'deepestUndo' | 'voids' | 'prunings' | 'overtaken' | 'redoneAfterAdoption' | 'sweeps' | 'writtenAbove'
>

export function coverageOf(reports: readonly Seen[]): Coverage {
  const share = (holds: (report: Seen) => boolean) =>
    reports.length === 0 ? 0 : reports.filter(holds).length / reports.length
  const kindLine = (...kinds: FaultKind[]): CoverageLine => {
    return { what: kinds.join(' + '), share: share(({ faults }) => kinds.every((kind) => faults.includes(kind))) }
  }
  return {
    seeds: reports.length,
    kinds: FAULT_KINDS.map((kind) => kindLine(kind)),
    pairs: FAULT_KINDS.flatMap((a, index) => FAULT_KINDS.slice(index + 1).map((b) => kindLine(a, b))),
    mechanisms: [
      { what: `undo deeper than ${DEEP_UNDO}`, share: share(({ deepestUndo }) => deepestUndo > DEEP_UNDO) },
      { what: 'history pruned', share: share(({ prunings }) => prunings > 0) },
      { what: 'redo after a snapshot', share: share((report) => report.redoneAfterAdoption) },
      { what: 'frontier moved past an absent member', share: share(({ overtaken }) => overtaken > 0) },
      { what: 'tombstones swept', share: share(({ sweeps }) => sweeps > 0) },
      { what: 'written again above a sweep', share: share(({ writtenAbove }) => writtenAbove > 0) },
      { what: 'void deltas', share: share(({ voids }) => voids > 0) },
    ],
  }
}

/** What stays under the wanted share. Of few seeds nothing is: most pairs are missing there by chance. */
export function shortOf({ seeds, kinds, pairs, mechanisms }: Coverage): CoverageLine[] {
  if (seeds < TELLING_SEEDS) return []
  return [...kinds, ...pairs, ...mechanisms].filter(({ share }) => share < WANTED_SHARE)
}

export function coverageText(coverage: Coverage): string {
  const percent = ({ share }: CoverageLine) => `${(100 * share).toFixed(0)} %`
  const lines = [`coverage of ${coverage.seeds} seeds`]
  lines.push(`  faults: ${coverage.kinds.map((line) => `${line.what} ${percent(line)}`).join(', ')}`)
  const present = coverage.pairs.toSorted((a, b) => a.share - b.share)
  const rarest = present.slice(0, 5).map((line) => `${line.what} ${percent(line)}`)
  lines.push(`  pairs of faults: ${present.length}, the rarest ${rarest.join(', ')}`)
  for (const line of coverage.mechanisms) lines.push(`  ${line.what}: ${percent(line)}`)
  const short = shortOf(coverage)
  if (short.length > 0) lines.push(`  under ${100 * WANTED_SHARE} %: ${short.map(({ what }) => what).join(', ')}`)
  return `${lines.join('\n')}\n`
}
