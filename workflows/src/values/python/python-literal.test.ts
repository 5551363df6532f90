import { expect, test } from 'vitest'
import { tryParsePythonLiteral } from './python-literal.ts'

test.each([
  ['spaces', `${' '.repeat(1e7)}x`],
  ['lines of comments', '#\n'.repeat(3e6)],
  ['digits', '1'.repeat(1e7)],
])('many millions of %s are read as no value, and nothing is thrown', (_what, text) => {
  expect(tryParsePythonLiteral(text)).toBeUndefined()
})

test('space, comments and continued lines may stand between all parts', () => {
  expect(tryParsePythonLiteral(' [ # one\n 1 , \\\n 2,\n]\t# end')).toEqual([1, 2])
})
