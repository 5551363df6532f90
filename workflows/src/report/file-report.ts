// What became of one workflow file of a command: what all reports of several files start from.
import type { Problem } from '../plan/problem.ts'
import type { FailureInfo, PlannedStepRef } from '../run/events.ts'
import { readableLine } from '../steps/check/log-lines.ts'
import { FAILURE_LINE_MAX_CHARS, FAILURE_LINES_MAX, FAILURES_SHOWN_MAX, FAULTS_SHOWN_MAX } from './limits.ts'
import type { RunRecord } from './run-record.ts'

export type FileReport = {
  readonly file: string
  /** The file, with its combination where it has a matrix. */
  readonly label?: string
  readonly problems: readonly Problem[]
} & (
  | {
      readonly kind: 'ran'
      readonly record: RunRecord
      /** The command that runs this file again. */
      readonly rerun?: string
    }
  /** It could not be planned: `problems` says why. */
  | { readonly kind: 'invalid' }
  /** Not begun: another file failed or was invalid, or somebody interrupted. */
  | { readonly kind: 'not_run'; readonly why: string; readonly plannedSteps: readonly PlannedStepRef[] }
  /** The run ended without results. */
  | { readonly kind: 'broken'; readonly message: string }
)

export interface WholeReport {
  readonly files: readonly FileReport[]
  readonly exitCode: number
  readonly startedAtMs: number
  readonly durationMs: number
}

/** Each by itself, where several steps failed beside each other. */
export function failuresOf(record: RunRecord): readonly FailureInfo[] {
  const { failure } = record
  if (failure === undefined) return []
  const { failures } = failure
  return failures !== undefined && failures.length > 0 ? failures : [failure]
}

export function placeOf({ place }: Pick<FailureInfo, 'place'>): string | undefined {
  return place && `${place.file}:${place.line}:${place.column}`
}

/** Those that are not shown in full: where, and the first line of why. `left` are beyond the limit. */
export function briefFailures(failures: readonly FailureInfo[]): { readonly lines: string[]; readonly left: number } {
  const rest = failures.slice(FAILURES_SHOWN_MAX)
  const lines = rest.slice(0, FAILURE_LINES_MAX).map((failure) => {
    const [head = '', next = ''] = failure.message.split('\n')
    const why = head.endsWith(':') ? `${head} ${next.trim()}` : head
    const title = failure.steps?.join(' › ') ?? failure.during ?? 'the run'
    return shortened([title, placeOf(failure), why].filter((part) => part !== undefined).join('  '))
  })
  return { lines, left: rest.length - lines.length }
}

function shortened(line: string): string {
  return line.length <= FAILURE_LINE_MAX_CHARS ? line : `${line.slice(0, FAILURE_LINE_MAX_CHARS - 1)}…`
}

/** What was wrong with the nodes by then, a line each. */
export function faultLines({ faultsOn = [] }: Pick<FailureInfo, 'faultsOn'>): string[] {
  const shown = faultsOn.slice(0, FAULTS_SHOWN_MAX).map(({ what, place }) => {
    return `a fault was on: ${what}${place === undefined ? '' : `  ${place.file}:${place.line}:${place.column}`}`
  })
  const left = faultsOn.length - shown.length
  return left === 0 ? shown : [...shown, `and ${left} more faults`]
}

/** Everything a reader without the terminal needs of it, in words. */
export function failureText(failure: FailureInfo): string {
  const { node, nodeExit, help, perNode = [], logTail = [] } = failure
  const place = placeOf(failure)
  const facts = perNode.map((each) => {
    const texts = Object.entries(each.facts).map(([name, text]) => `${name} ${text}`)
    return `  ${each.node}: ${texts.join(', ')}`
  })
  const lines = [
    ...(place === undefined ? [] : [`at ${place}`]),
    ...(failure.steps && failure.steps.length > 1 ? [`in ${failure.steps.join(' › ')}`] : []),
    failure.message,
    ...(nodeExit === undefined || failure.message.includes(nodeExit) ? [] : [`${node} ended: ${nodeExit}`]),
    ...(help === undefined ? [] : [`help: ${help}`]),
    ...faultLines(failure),
    ...facts,
    ...(logTail.length === 0
      ? []
      : [`last log lines of ${node ?? 'the node'}:`, ...logTail.map((line) => `  ${readableLine(line)}`)]),
  ]
  return lines.join('\n')
}
