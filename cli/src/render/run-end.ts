// The last screen of a run: the failure in full, or one line, and where everything is.
import { type FailureInfo, failureReport, formatDuration, type RunResult } from '@calbox/workflows'
import { parseLogLine } from '../commands/log-line.ts'
import type { Style } from './style.ts'

export interface RunEndParts {
  readonly result: RunResult
  readonly durationMs: number
  /** The workflow file's text, for the code frame. */
  readonly source: string
  readonly runDir: string
  readonly nodesLeftRunning: readonly string[]
  readonly style: Style
  readonly columns?: number | undefined
}

export function renderRunEnd(parts: RunEndParts): string {
  const { result, style } = parts
  const took = formatDuration(parts.durationMs)
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
  else lines.push(`${style.good(`${style.passed} passed`)} in ${took}`)
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
