import { expect, test } from 'vitest'
import { pythonSearch } from './python-search.ts'

test('a pattern is found anywhere in a text, as with re.search', () => {
  expect(pythonSearch('b+c', ['abbc', 'ac', 'bc'])).toEqual([true, false, true])
  expect(() => pythonSearch('(', [''])).toThrow('is not valid')
})

test('a pattern that would take years is given up, and the next one is searched for', () => {
  const text = `${'a'.repeat(60)}!`
  expect(() => pythonSearch('^(a+)+$', [text], 20)).toThrow(
    /^the pattern "\^\(a\+\)\+\$" was given up after 0\.02 s on a text of 61 characters: a repetition inside/,
  )
  expect(() => pythonSearch('^(a+)+$', ['a', text], 20)).toThrow('2 texts of up to 61 characters')
  expect(pythonSearch('a!', [text])).toEqual([true])
})
