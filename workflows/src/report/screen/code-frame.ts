// The lines of a file around a place, with a pointer under it. Pure text; the caller paints it.
import { visibleText } from '../../values/visible-text.ts'

export interface FrameLine {
  readonly kind: 'line' | 'marked' | 'pointer'
  readonly text: string
}

/** Characters left of the place that stay where a line is cut there. */
const LEAD = 30

/**
 * `line` and `column` start at 1. Lines out of the file's range give an empty frame. No line of it is longer than
 * `columns`: what is marked stays in sight.
 */
export function codeFrame(
  source: string,
  place: { line: number; column: number; length?: number },
  options: { before?: number; after?: number; columns?: number } = {},
): FrameLine[] {
  const context = { before: options.before ?? 2, after: options.after ?? 3 }
  const lines = source.replace(/\r?\n$/, '').split(/\r?\n/)
  if (place.line < 1 || place.line > lines.length) return []
  const first = Math.max(1, place.line - context.before)
  const last = Math.min(lines.length, place.line + context.after)
  const width = String(last).length
  const room = Math.max(40, (options.columns ?? Number.POSITIVE_INFINITY) - width - 5)
  // Where the place is once what is left out before it is.
  const column = withoutSecrets((lines[place.line - 1] ?? '').slice(0, place.column - 1)).length + 1
  const skip = column > room - LEAD ? column - LEAD : 0
  const frame: FrameLine[] = []
  for (let number = first; number <= last; number += 1) {
    const line = (lines[number - 1] ?? '').replaceAll('\t', '  ')
    const text = window(visibleText(withoutSecrets(line)), skip, room)
    const marked = number === place.line
    frame.push({
      kind: marked ? 'marked' : 'line',
      text: `${marked ? '>' : ' '} ${String(number).padStart(width)} | ${text}`.trimEnd(),
    })
    if (marked) {
      const at = column - skip
      const marks = '^'.repeat(Math.max(1, Math.min(place.length ?? 1, text.length - at + 1)))
      frame.push({ kind: 'pointer', text: `  ${' '.repeat(width)} | ${' '.repeat(at - 1)}${marks}` })
    }
  }
  return frame
}

/** The part of a line that is shown; an ellipsis stands for what is left out, in the place of one of its characters. */
function window(text: string, skip: number, room: number): string {
  const rest = skip === 0 ? text : `…${text.slice(skip + 1)}`
  return rest.length <= room ? rest : `${rest.slice(0, room - 1)}…`
}

/** A key that names a secret, and a value that is written there: placeholders and names of the environment are none. */
const SECRET =
  /((?:^|[\s{,])["']?[\w-]*(?:password|passphrase|secret|token|api[-_]?key|private[-_]?key|authorization)["']?:\s+)("(?:[^"\\]|\\.)*"|'[^']*'|[^\s,{}[\]#"'&*!|>][^,}\]]*)/gi

/** As in the files of a run directory: a screen is copied into reports, too. */
function withoutSecrets(line: string): string {
  return line.replace(SECRET, (all, key: string, value: string) =>
    /^["']?(?:\{\{|\$)/.test(value) ? all : `${key}***`,
  )
}
