import { expect, test } from 'vitest'
import { SCRIPT_LINE_MAX_CHARS, SCRIPT_OUTPUT_MAX_CHARS } from '../limits.ts'
import { ScriptOutput } from './script-output.ts'

function outputOf(...pieces: string[]): { shown: string[]; text: string } {
  const shown: string[] = []
  const output = new ScriptOutput((text) => shown.push(text))
  for (const piece of pieces) output.take(piece)
  output.end()
  return { shown, text: output.text() }
}

test('lines come whole, however they were cut on the way', () => {
  expect(outputOf('a\nb', 'c', '\n\nd\n', 'e')).toEqual({ shown: ['a', 'bc\n\nd', 'e'], text: 'a\nbc\n\nd\ne' })
})

test('a line without end is shown in parts, and its last part is kept', () => {
  const piece = 'x'.repeat(1_000)
  const { shown, text } = outputOf(...Array.from({ length: 5_000 }, () => piece), 'end')
  expect(shown.join('').length).toBe(5_000_003)
  expect(Math.max(...shown.map(({ length }) => length))).toBeLessThan(SCRIPT_LINE_MAX_CHARS + 1_000)
  expect(text).toHaveLength(SCRIPT_OUTPUT_MAX_CHARS)
  expect(text.endsWith('xend')).toBe(true)
})
