// The lines of a file around a place, with a pointer under it. Pure text; the caller paints it.
import { visibleText } from '../values/visible-text.ts'

export interface FrameLine {
  readonly kind: 'line' | 'marked' | 'pointer'
  readonly text: string
}

/** `line` and `column` start at 1. Lines out of the file's range give an empty frame. */
export function codeFrame(
  source: string,
  place: { line: number; column: number; length?: number },
  context: { before: number; after: number } = { before: 2, after: 3 },
): FrameLine[] {
  const lines = source.replace(/\r?\n$/, '').split(/\r?\n/)
  if (place.line < 1 || place.line > lines.length) return []
  const first = Math.max(1, place.line - context.before)
  const last = Math.min(lines.length, place.line + context.after)
  const width = String(last).length
  const frame: FrameLine[] = []
  for (let number = first; number <= last; number += 1) {
    const text = visibleText((lines[number - 1] ?? '').replaceAll('\t', '  '))
    const marked = number === place.line
    frame.push({
      kind: marked ? 'marked' : 'line',
      text: `${marked ? '>' : ' '} ${String(number).padStart(width)} | ${text}`.trimEnd(),
    })
    if (marked) {
      const marks = '^'.repeat(Math.max(1, Math.min(place.length ?? 1, text.length - place.column + 1)))
      frame.push({ kind: 'pointer', text: `  ${' '.repeat(width)} | ${' '.repeat(place.column - 1)}${marks}` })
    }
  }
  return frame
}
