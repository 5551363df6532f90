// The last screen of a run: the failure in full, or one line, and where everything is.
import { failureReport, formatDuration, type HistoryLines, historyLines, type RunResult } from '@calbox/workflows'
import { visibleText } from '@calbox/workflows/visible-text'
import { parseLogLine } from '../commands/network/log-line.ts'
import type { Style } from './style.ts'

export interface RunEndParts {
  readonly result: RunResult
  readonly durationMs: number
  /** Said with the outcome where nothing before it names the file. */
  readonly name?: string | undefined
  /** The text of the file a place is in, for the code frame. */
  readonly sourceOf: (file: string) => string | undefined
  readonly runDir: string
  /** The command that runs it again; said after a failure or an interruption. */
  readonly rerun?: string
  /** Steps that passed and should be looked at. */
  readonly warnings?: number
  readonly nodesLeftRunning: readonly string[]
  readonly style: Style
  readonly columns?: number | undefined
}

export function renderRunEnd(parts: RunEndParts): string {
  const { result, style } = parts
  const took = `${formatDuration(parts.durationMs)}${whereTimeWent(result)}`
  const history: HistoryLines = result.record.history ? historyLines(result.record.history) : { warnings: [] }
  const warnings = (parts.warnings ?? 0) + history.warnings.length
  const lines: string[] = []
  if (result.failure) {
    lines.push(
      '',
      ...failureReport({
        failure: result.failure,
        sourceOf: parts.sourceOf,
        readLog,
        paint: style,
        symbol: style.failed,
        ...(parts.columns !== undefined && { columns: parts.columns }),
      }),
      '',
      style.bad(`failed after ${took}`),
    )
  } else if (result.outcome === 'interrupted') lines.push('', style.warn(`interrupted after ${took}`))
  else
    lines.push(`${style.good(`${style.passed} ${parts.name === undefined ? '' : `${parts.name} `}passed`)} in ${took}`)
  if (history.summary !== undefined) lines.push(style.faint(visibleText(history.summary)))
  for (const warning of history.warnings) {
    const text = warning.split('\n').map(visibleText).join('\n')
    lines.push(style.warn(`${style.warning} ${text}`))
  }
  if (warnings > 0) lines.push(style.warn(`${style.warning} ${warnings === 1 ? '1 warning' : `${warnings} warnings`}`))
  if (parts.nodesLeftRunning.length > 0) {
    const names = parts.nodesLeftRunning.join(', ')
    lines.push(style.faint(`left running: ${names} (calbox down stops them)`))
  }
  lines.push(`${style.faint('results and logs:')} ${style.place(parts.runDir)}`)
  const isUnfinished = result.failure !== undefined || result.outcome === 'interrupted'
  if (isUnfinished && parts.rerun !== undefined) lines.push(`${style.faint('run it again:')} ${parts.rerun}`)
  return `${lines.join('\n')}\n`
}

/** ` (nodes 1.2 s, sync 0.8 s)`: what a run waits for besides its own steps. */
function whereTimeWent({ record }: RunResult): string {
  const timing = (label: string) => record.timings.find((each) => each.label === label)
  const [nodes, sync] = [timing('node start'), timing('wait_for_sync')]
  const parts = [
    // They start at the same time.
    ...(nodes === undefined ? [] : [`nodes ${formatDuration(nodes.maxMs)}`]),
    ...(sync === undefined ? [] : [`sync ${formatDuration(sync.meanMs * sync.count)}`]),
  ]
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`
}

/** Nodes log JSON; on the last screen it is read by people. */
function readLog(line: string): { text: string; isOdd: boolean } {
  const { timeMs, level, text, fields } = parseLogLine(line)
  const time = timeMs === undefined ? undefined : new Date(timeMs).toISOString().slice(11, 23)
  const parts = [time, level?.padEnd(5), text, fields].filter((part) => part !== undefined && part !== '')
  return { text: parts.join(' '), isOdd: level === 'error' || level === 'fatal' }
}
