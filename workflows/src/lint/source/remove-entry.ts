// The edit that takes one entry out of a map field of a step, with the field where it was the only one.
import type { MapEntry, Span } from '../../plan/yaml/source-node.ts'
import type { Edit } from '../finding.ts'
import { fieldOf, type LintStep } from './lint-step.ts'

/** Undefined where the entry does not have lines of its own. */
export function removeEntry(step: LintStep, field: string, entry: MapEntry, text: string): Edit[] | undefined {
  const whole = fieldOf(step, field)
  if (whole?.value.kind !== 'map') return undefined
  const isOnly = whole.value.entries.length === 1
  const isInside = entry.keySpan.start >= whole.value.span.start && entry.value.span.end <= whole.value.span.end
  // An alias: its lines are also those of another step.
  if (!isInside || whole.value.span.start < whole.keySpan.end) return undefined
  const from = isOnly ? whole.keySpan : entry.keySpan
  const to = isOnly ? whole.value.span : entry.value.span
  const lines = ownLines({ start: from.start, end: to.end }, text)
  return lines && [{ ...lines, text: commentAfter({ start: from.start, end: to.end }, text) }]
}

/** What somebody wrote behind it stays, on a line of its own. */
function commentAfter({ start, end }: Span, text: string): string {
  if (text[end - 1] === '\n') return ''
  const newline = text.indexOf('\n', end)
  const comment = text.slice(end, newline < 0 ? text.length : newline).trim()
  if (comment === '') return ''
  const indent = text.slice(text.lastIndexOf('\n', start - 1) + 1, start)
  return `${indent}${comment}${newline < 0 ? '' : '\n'}`
}

/** The lines from the first to the last sign, if nothing else but a comment is on them. */
export function ownLines({ start, end }: Span, text: string): Span | undefined {
  const lineStart = text.lastIndexOf('\n', start - 1) + 1
  if (text.slice(lineStart, start).trim() !== '') return undefined
  // A block ends behind its last line break.
  const last = text[end - 1] === '\n' ? end - 1 : end
  const newline = text.indexOf('\n', last)
  const lineEnd = newline < 0 ? text.length : newline
  const rest = text.slice(last, lineEnd).trim()
  if (rest !== '' && !rest.startsWith('#')) return undefined
  return { start: lineStart, end: newline < 0 ? text.length : newline + 1 }
}
