// The last screen of a failed run: cause, place with code frame, the node and how it ended, what each node showed side
// by side, its last log lines, where everything is. Pure: lines of text, painted by the caller.

import type { FailureInfo, NodeFacts } from '../../run/events.ts'
import { visibleText } from '../../values/visible-text.ts'
import { briefFailures, faultLines } from '../file-report.ts'
import { BESIDE_LOG_LINES, FAILURES_SHOWN_MAX } from '../limits.ts'
import { codeFrame, type FrameLine } from './code-frame.ts'
import { comparisonLines } from './comparison-lines.ts'
import { type Paint, plainPaint } from './paint.ts'

/** Begins the last line of a message that shows a reply. */
const REPLY = '  the reply: '

/** Where nobody says how wide the screen is. */
const DEFAULT_COLUMNS = 160

export interface FailureReportParts {
  readonly failure: FailureInfo
  /** The text of the file a place is in, for the code frame. */
  readonly sourceOf?: (file: string) => string | undefined
  readonly runDir?: string
  readonly paint?: Paint
  readonly symbol?: string
  /** Columns of the terminal; a longer line is cut where it is a log line or a table cell. */
  readonly columns?: number
  /** A log line as people read it; `isOdd` marks it. */
  readonly readLog?: (line: string) => { readonly text: string; readonly isOdd: boolean }
}

export function failureReport(parts: FailureReportParts): string[] {
  const { failure, paint = plainPaint, symbol = '✗' } = parts
  const { failures = [] } = failure
  // What several failures have in common is where they stand: the step around them.
  const title = titleOf(failures.length > 1 ? { ...failure, steps: commonPath(failures) } : failure)
  const lines = [paint.bad(`${symbol} ${title}`) + (failures.length > 1 ? '' : placeText(failure, paint)), '']
  if (failures.length > 1) lines.push(...besideEachOther(failures, parts, paint))
  else lines.push(...indented(body(failure, { ...parts, paint })))
  if (parts.runDir !== undefined) lines.push('', `  logs and results: ${paint.place(parts.runDir)}`)
  return lines
}

/** Several, each with its own place: the first lines say which, then one after the other. */
function besideEachOther(failures: readonly FailureInfo[], parts: FailureReportParts, paint: Paint): string[] {
  const shown = failures.slice(0, FAILURES_SHOWN_MAX)
  const lines = [`  ${failures.length} steps failed beside each other:`]
  const logged = new Set<string>()
  const common = commonPath(failures).length
  for (const [at, failure] of shown.entries()) {
    const steps = failure.steps?.slice(common)
    const own = { ...failure, ...(steps && steps.length > 0 && { steps }) }
    const isNew = failure.node === undefined || !logged.has(failure.node)
    if (failure.node !== undefined) logged.add(failure.node)
    // Of all of them they are the same; said at the end.
    const { logTail = [], faultsOn: _said, ...rest } = failure
    const short = isNew ? { ...rest, logTail: logTail.slice(-BESIDE_LOG_LINES) } : rest
    lines.push('', `  ${paint.bad(`${at + 1}) ${titleOf(own)}`)}${placeText(failure, paint)}`, '')
    lines.push(...indented(body(short, { ...parts, paint, frame: { before: 1, after: 1 } }), '     '))
  }
  const own = failures.map((each) => ({ ...each, ...(each.steps && { steps: each.steps.slice(common) }) }))
  const brief = briefFailures(own)
  if (brief.lines.length > 0) lines.push('')
  for (const [at, line] of brief.lines.entries()) lines.push(`  ${shown.length + at + 1}) ${visibleText(line)}`)
  if (brief.left > 0) lines.push('', `  and ${brief.left} more`)
  if (failures.length > shown.length) lines.push('', '  all in full are in run.json')
  const faultsOn = new Map(failures.flatMap((each) => each.faultsOn ?? []).map((fault) => [fault.what, fault]))
  const faults = faultLines({ faultsOn: [...faultsOn.values()] })
  return faults.length === 0 ? lines : [...lines, '', ...faults.map((line) => `  ${paint.bad(visibleText(line))}`)]
}

type BodyParts = FailureReportParts & { readonly paint: Paint; readonly frame?: { before: number; after: number } }

/** Cause, values, nodes, frame, log; nothing is indented. */
function body(failure: FailureInfo, parts: BodyParts): string[] {
  const { paint } = parts
  const columns = parts.columns ?? DEFAULT_COLUMNS
  const lines = cause(failure, paint, columns)
  if (failure.node !== undefined && failure.nodeExit !== undefined && !failure.message.includes(failure.nodeExit)) {
    lines.push('', paint.bad(`${failure.node} ended: ${failure.nodeExit}`))
  }
  const faults = faultLines(failure)
  if (faults.length > 0) lines.push('', ...faults.map((line) => paint.bad(visibleText(line))))
  if (failure.help !== undefined) lines.push('', `${paint.strong('help:')} ${failure.help}`)
  if (failure.perNode && failure.perNode.length > 0) lines.push('', ...factsTable(failure.perNode, paint))
  const source = failure.place && parts.sourceOf?.(failure.place.file)
  if (source !== undefined && failure.place) {
    const frame = codeFrame(source, failure.place, { ...parts.frame, columns: columns - 2 })
    if (frame.length > 0) lines.push('', ...frame.map((line) => paintFrame(line, paint)))
  }
  if (failure.logTail && failure.logTail.length > 0) {
    lines.push('', paint.strong(`last log lines of ${failure.node ?? 'the node'}`))
    const width = Math.max(40, columns - 6)
    for (const line of failure.logTail) {
      const { text, isOdd } = parts.readLog?.(line) ?? { text: line, isOdd: false }
      const shown = `| ${cut(visibleText(text), width)}`
      lines.push(isOdd ? paint.bad(shown) : paint.faint(shown))
    }
  }
  return lines
}

/** Where values were compared they are shown themselves, instead of the words about them. */
function cause(failure: FailureInfo, paint: Paint, columns: number): string[] {
  const { comparisons = [] } = failure
  const lines = failure.message.split('\n')
  const [head = ''] = lines
  if (comparisons.length === 0) return lines.map(visibleText)
  const reply = lines.at(-1)?.startsWith(REPLY) === true ? ['', ...lines.slice(-1)] : []
  return [
    visibleText(head),
    '',
    ...indented(comparisonLines(comparisons, paint, columns - 4)),
    ...reply.map(visibleText),
  ]
}

function indented(lines: readonly string[], indent = '  '): string[] {
  return lines.map((line) => (line === '' ? '' : `${indent}${line}`))
}

function titleOf(failure: FailureInfo): string {
  const steps = failure.steps ?? []
  return steps.length > 0 ? visibleText(steps.join(' › ')) : (failure.during ?? 'the run')
}

/** The steps that are around all of them. */
function commonPath(failures: readonly FailureInfo[]): readonly string[] {
  const [first, ...others] = failures.map(({ steps }) => steps ?? [])
  let count = 0
  while (first?.[count] !== undefined && others.every((steps) => steps[count] === first[count])) count += 1
  return first?.slice(0, count) ?? []
}

function placeText(failure: FailureInfo, paint: Paint): string {
  if (!failure.place) return ''
  const { file, line, column } = failure.place
  return `  ${paint.place(`${file}:${line}:${column}`)}`
}

function paintFrame(line: FrameLine, paint: Paint): string {
  if (line.kind === 'line') return paint.faint(line.text)
  return line.kind === 'marked' ? line.text : paint.bad(line.text)
}

const NOTHING = '–'

/** One row a node, one column a fact. A cell that is not what most nodes have is marked with `≠`, if they have anything. */
export function factsTable(nodes: readonly NodeFacts[], paint: Paint = plainPaint): string[] {
  const columns = [...new Set(nodes.flatMap((node) => Object.keys(node.facts)))]
  const usual = new Map(
    columns.map((column) => [column, mostCommon(nodes.map((node) => node.facts[column] ?? NOTHING))]),
  )
  const cells = nodes.map((node) => [
    { text: node.node, odd: false },
    ...columns.map((column) => {
      const text = node.facts[column] ?? NOTHING
      const common = usual.get(column)
      return { text: cut(text, 60), odd: common !== undefined && common !== NOTHING && text !== common }
    }),
  ])
  const header = ['node', ...columns]
  const widths = header.map((title, at) =>
    Math.max(title.length, ...cells.map((row) => (row[at]?.text.length ?? 0) + 2)),
  )
  const rows = [
    paint.faint(
      header
        .map((title, at) => title.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    ),
  ]
  for (const row of cells) {
    const texts = row.map((cell, at) => {
      const padded = `${cell.text}${cell.odd ? ' ≠' : ''}`.padEnd(widths[at] ?? 0)
      return cell.odd ? paint.bad(padded) : padded
    })
    rows.push(texts.join('  ').trimEnd())
  }
  return rows
}

/** Undefined when no two agree and there are several: then all are odd, and none is marked. */
function mostCommon(texts: readonly string[]): string | undefined {
  const counts = new Map<string, number>()
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1)
  const [best] = [...counts].sort((a, b) => b[1] - a[1])
  return best && (best[1] > 1 || texts.length === 1) ? best[0] : undefined
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`
}
