// The summary of a job, in Markdown: what passed, what failed and why, where the time went.
import type { FailureInfo } from '../../run/events.ts'
import { readableLine } from '../../steps/check/log-lines.ts'
import { briefFailures, type FileReport, failuresOf, faultLines, placeOf, type WholeReport } from '../file-report.ts'
import { formatDuration } from '../format-duration.ts'
import { FAILURES_SHOWN_MAX, SUMMARY_MAX_CHARS, SUMMARY_ROWS_MAX } from '../limits.ts'
import type { RunRecord } from '../run-record.ts'

export function githubSummary(report: WholeReport): string {
  const { files } = report
  const passed = files.filter((file) => file.kind === 'ran' && file.record.outcome === 'passed').length
  const mark = passed === files.length ? '✅' : '❌'
  const took = formatDuration(report.durationMs)
  const parts = [
    `### ${mark} calbox: ${passed} of ${files.length} ${files.length === 1 ? 'workflow' : 'workflows'} passed in ${took}`,
    table(['', 'workflow', 'steps', 'nodes ready', 'sync', 'time'], files.map(rowOf)),
    ...files.flatMap(detailsOf),
  ]
  const text = `${parts.join('\n\n')}\n`
  return text.length <= SUMMARY_MAX_CHARS ? text : `${text.slice(0, SUMMARY_MAX_CHARS)}\n\n… cut\n`
}

function rowOf(file: FileReport): string[] {
  if (file.kind !== 'ran') {
    const word = { invalid: 'invalid', broken: 'could not be run', not_run: 'not run' }[file.kind]
    return [file.kind === 'not_run' ? '⏭️' : '❌', code(file.label ?? file.file), word, '', '', '']
  }
  const { record } = file
  const mark = { passed: '✅', failed: '❌', interrupted: '⚠️', running: '⚠️' }[record.outcome]
  const steps = record.plannedSteps.length
  const done = record.steps.filter(({ outcome }) => outcome === 'passed').length
  const time = (label: string) => record.timings.find((timing) => timing.label === label)
  const [ready, sync] = [time('node start'), time('wait_for_sync')]
  return [
    mark,
    code(file.label ?? file.file),
    `${done} of ${steps}`,
    ready === undefined ? '' : formatDuration(ready.maxMs),
    sync === undefined ? '' : `${formatDuration(sync.meanMs * sync.count)}${sync.count > 1 ? ` in ${sync.count}` : ''}`,
    formatDuration(record.durationMs ?? 0),
  ]
}

function detailsOf(file: FileReport): string[] {
  if (file.kind === 'invalid') {
    const lines = file.problems
      .filter(({ severity }) => severity === 'error')
      .map(({ line, column, message, hint }) => `${file.file}:${line}:${column}: ${message}${hint ? ` (${hint})` : ''}`)
    return [`#### ❌ ${code(file.label ?? file.file)}`, fence(lines.slice(0, SUMMARY_ROWS_MAX).join('\n'))]
  }
  if (file.kind === 'broken') return [`#### ❌ ${code(file.label ?? file.file)}`, fence(file.message)]
  if (file.kind === 'not_run') return []
  return [...failureParts(file), ...timingParts(file.label ?? file.file, file.record)]
}

function failureParts({ file, label, record, rerun }: Extract<FileReport, { kind: 'ran' }>): string[] {
  const failures = failuresOf(record)
  if (failures.length === 0) return []
  const shown = failures.slice(0, FAILURES_SHOWN_MAX).flatMap(oneFailure)
  const brief = briefFailures(failures)
  return [
    `#### ❌ ${code(label ?? file)}`,
    ...shown,
    ...(brief.lines.length > 0 ? [fence(brief.lines.join('\n'))] : []),
    ...(brief.left > 0 ? [`and ${brief.left} more, in run.json`] : []),
    ...(rerun === undefined ? [] : [`Run it again: ${code(rerun)}`]),
    `Results and logs: ${code(record.runDir)}`,
  ]
}

function oneFailure(failure: FailureInfo): string[] {
  const { node, nodeExit, help, message, perNode = [], logTail = [] } = failure
  const place = placeOf(failure)
  const faults = faultLines(failure)
  const title = failure.steps?.join(' › ') ?? failure.during ?? 'the run'
  const columns = [...new Set(perNode.flatMap(({ facts }) => Object.keys(facts)))]
  const facts = perNode.map((each) => [each.node, ...columns.map((name) => each.facts[name] ?? '–')].map(code))
  return [
    `**${plain(title)}**${place === undefined ? '' : ` at ${code(place)}`}`,
    fence(message),
    ...(nodeExit === undefined || message.includes(nodeExit) ? [] : [`${code(node ?? '')} ended: ${plain(nodeExit)}`]),
    ...(faults.length === 0 ? [] : [faults.map(plain).join('<br>')]),
    ...(help === undefined ? [] : [`Help: ${plain(help)}`]),
    ...(facts.length === 0 ? [] : [table(['node', ...columns], facts)]),
    ...(logTail.length === 0
      ? []
      : [
          `<details><summary>last log lines of ${plain(node ?? 'the node')}</summary>`,
          fence(logTail.map(readableLine).join('\n')),
          '</details>',
        ]),
  ]
}

/** Where the time of a file went: what ran more than once. */
function timingParts(file: string, record: RunRecord): string[] {
  const inSteps = record.steps.flatMap((step) => (step.timings ?? []).map((timing) => ({ where: step.name, timing })))
  const all = [...record.timings.map((timing) => ({ where: '', timing })), ...inSteps]
  const rows = all
    .filter(({ timing }) => timing.count > 1)
    .slice(0, SUMMARY_ROWS_MAX)
    .map(({ where, timing }) => {
      const times = [timing.p50Ms, timing.p95Ms, timing.p99Ms, timing.maxMs].map(formatDuration)
      return [plain(where), plain(timing.label), String(timing.count), ...times]
    })
  if (rows.length === 0) return []
  const head = ['inside', 'what', 'count', 'p50', 'p95', 'p99', 'max']
  return [`<details><summary>timing of ${plain(file)}</summary>`, table(head, rows), '</details>']
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll(/\s*\n\s*/g, ' ')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** No mark-up of its own, also in a table. */
function plain(text: string): string {
  return text.replaceAll(/[&<>|*_`\\[\]]/g, (sign) => `&#${sign.charCodeAt(0)};`).replaceAll('\n', ' ')
}

function code(text: string): string {
  return `<code>${plain(text)}</code>`
}

/** Longer than any row of backticks in the text. */
function fence(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length))
  const ticks = '`'.repeat(longest + 1)
  return `${ticks}text\n${text}\n${ticks}`
}
