// The last screen of a failed run: cause, place with code frame, the node and how it ended, what each node showed side
// by side, its last log lines, where everything is. Pure: lines of text, painted by the caller.

import type { FailureInfo, NodeFacts } from '../run/events.ts'
import { codeFrame, type FrameLine } from './code-frame.ts'

export interface Paint {
  readonly bad: (text: string) => string
  readonly strong: (text: string) => string
  readonly faint: (text: string) => string
  readonly place: (text: string) => string
}

export const plainPaint: Paint = {
  bad: (text) => text,
  strong: (text) => text,
  faint: (text) => text,
  place: (text) => text,
}

export interface FailureReportParts {
  readonly failure: FailureInfo
  /** The workflow file's text, for the code frame. */
  readonly source?: string
  readonly runDir?: string
  readonly paint?: Paint
  readonly symbol?: string
  /** Columns of the terminal; a longer line is cut where it is a log line or a table cell. */
  readonly columns?: number
}

export function failureReport(parts: FailureReportParts): string[] {
  const { failure, paint = plainPaint, symbol = '✗' } = parts
  const title = failure.steps?.join(' › ') ?? failure.during ?? 'the run'
  const lines = [`${paint.bad(`${symbol} ${title}`)}${placeText(failure, paint)}`, '']
  for (const line of failure.message.split('\n')) lines.push(`  ${line}`)
  if (failure.node !== undefined && failure.nodeExit !== undefined && !failure.message.includes(failure.nodeExit)) {
    lines.push('', `  ${paint.bad(`${failure.node} ended: ${failure.nodeExit}`)}`)
  }
  if (failure.help !== undefined) lines.push('', `  ${paint.strong('help:')} ${failure.help}`)
  if (failure.perNode && failure.perNode.length > 0) {
    lines.push('', ...factsTable(failure.perNode, paint).map((row) => `  ${row}`))
  }
  if (parts.source !== undefined && failure.place) {
    const frame = codeFrame(parts.source, failure.place)
    if (frame.length > 0) lines.push('', ...frame.map((line) => `  ${paintFrame(line, paint)}`))
  }
  if (failure.logTail && failure.logTail.length > 0) {
    lines.push('', `  ${paint.strong(`last log lines of ${failure.node ?? 'the node'}`)}`)
    const width = Math.max(40, (parts.columns ?? 160) - 6)
    for (const line of failure.logTail) lines.push(`    ${paint.faint(cut(line, width))}`)
  }
  if (parts.runDir !== undefined) lines.push('', `  logs and results: ${paint.place(parts.runDir)}`)
  return lines
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

/** One row a node, one column a fact. A cell that is not what most nodes have is marked with `≠`. */
export function factsTable(nodes: readonly NodeFacts[], paint: Paint = plainPaint): string[] {
  const columns = [...new Set(nodes.flatMap((node) => Object.keys(node.facts)))]
  const usual = new Map(columns.map((column) => [column, mostCommon(nodes.map((node) => node.facts[column] ?? '–'))]))
  const cells = nodes.map((node) => [
    { text: node.node, odd: false },
    ...columns.map((column) => {
      const text = node.facts[column] ?? '–'
      const common = usual.get(column)
      return { text: cut(text, 60), odd: common !== undefined && text !== common }
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
