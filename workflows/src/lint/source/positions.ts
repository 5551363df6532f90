import type { Span } from '../../plan/yaml/source-node.ts'

/** The offsets of a line, column and length. */
export function spanAtPosition(
  place: { readonly line: number; readonly column: number; readonly length: number },
  text: string,
): Span {
  let start = 0
  for (let line = 1; line < place.line; line += 1) start = text.indexOf('\n', start) + 1
  return { start: start + place.column - 1, end: start + place.column - 1 + place.length }
}
