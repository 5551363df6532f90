// The last screen of a run: the failure in full, or one line, and where everything is.
import { type FailureInfo, failureReport, formatDuration, type RunResult } from '@calbox/workflows'
import { parseLogLine } from '../commands/network/log-line.ts'
import type { Style } from './style.ts'

export interface RunEndParts {
  readonly result: RunResult
  readonly durationMs: number
  /** Said with the outcome where nothing before it names the file. */
  readonly name?: string | undefined
  /** The workflow file's text, for the code frame. */
  readonly source: string
  readonly runDir: string
  /** Steps that passed and should be looked at. */
  readonly warnings?: number
  readonly nodesLeftRunning: readonly string[]
  readonly style: Style
  readonly columns?: number | undefined
}

export function renderRunEnd(parts: RunEndParts): string {
  const { result, style } = parts
  const took = formatDuration(parts.durationMs)
  const warnings = parts.warnings ?? 0
  const lines: string[] = []
  if (result.failure) {
    lines.push(
      '',
      ...failureReport({
        failure: withReadableLog(result.failure),
        source: parts.source,
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
  if (warnings > 0) lines.push(style.warn(`${style.warning} ${warnings === 1 ? '1 warning' : `${warnings} warnings`}`))
  if (parts.nodesLeftRunning.length > 0) {
    const names = parts.nodesLeftRunning.join(', ')
    lines.push(style.faint(`left running: ${names} (calbox down stops them)`))
  }
  lines.push(`${style.faint('results and logs:')} ${style.place(parts.runDir)}`)
  return `${lines.join('\n')}\n`
}

/** Nodes log JSON; on the last screen it is read by people. */
function withReadableLog(failure: FailureInfo): FailureInfo {
  if (!failure.logTail) return failure
  const logTail = failure.logTail.map((line) => {
    const { level, text, fields } = parseLogLine(line)
    return [level, text, fields].filter((part) => part !== undefined && part !== '').join(' ')
  })
  return { ...failure, logTail }
}
