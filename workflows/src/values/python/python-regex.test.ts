import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ValuesError } from '../values-error.ts'
import { pythonRegex } from './python-regex.ts'

describe('Python patterns', () => {
  test.each<[string, string, boolean]>([
    ['b', 'abc', true],
    ['^b', 'abc', false],
    ['^b', 'a\nb', false],
    ['(?m)^b', 'a\nb', true],
    ['a$', 'a\n', true],
    ['a\\Z', 'a\n', false],
    ['\\Aa', 'ba', false],
    ['a.b', 'a\nb', false],
    ['a.b', 'a\rb', true],
    ['(?s)a.b', 'a\nb', true],
    ['(?i)ABC', 'xabcx', true],
    ['(?P<x>a)(?P=x)', 'aa', true],
    ['(?P<x>a)-\\1', 'a-a', true],
    ['(a)(?:b)(?=c)(?!d)', 'abc', true],
    ['(?<=a)b', 'ab', true],
    ['(?#note)b', 'b', true],
    ['\\d+', '٣', true],
    ['^\\w+$', 'é_9', true],
    ['\\bfoo\\b', 'a foo b', true],
    ['\\bfoo\\b', 'afoo', false],
    ['\\Boo', 'foo', true],
    ['\\B', '', false],
    ['\\B', '-', true],
    ['\\B', 'a', false],
    ['[\\w-]+@', 'a-b@', true],
    ['[]a]', ']', true],
    ['[^]a]', ']', false],
    ['[a-c]', 'b', true],
    ['[a\\-c]', 'b', false],
    ['[-a]', '-', true],
    ['[a-]', '-', true],
    ['[[]', '[', true],
    ['[&&(){}/|]', '&', true],
    ['[\\s\\S]', '\n', true],
    ['[^\\d]', '5', false],
    ['[\\b]', '\b', true],
    ['a{2}', 'aa', true],
    ['^a{,2}$', 'aa', true],
    ['a{x}', 'a{x}', true],
    ['a{}', 'a{}', true],
    ['{"a": 1}', 'x {"a": 1}', true],
    ['a+?b', 'aab', true],
    ['\\x41\\u0042\\U00000043', 'ABC', true],
    ['\\101', 'A', true],
    ['\\.', 'x', false],
    ['\\-\\ \\#\\/\\"\\\'', '- #/"\'', true],
    ['a|b', 'b', true],
    ['/', '/', true],
    ['}', '}', true],
    [']', ']', true],
    ['😀.', '😀x', true],
    ['^.$', '😀', true],
    ['', 'anything', true],
    ['(?i:A)b', 'ab', true],
  ])('%j on %j: %s', (pattern, text, found) => {
    expect(pythonRegex(pattern).test(text)).toBe(found)
  })

  test.each(['(?>a)', 'a++', 'a{1}+', '(?(1)a|b)', '(?x)a', '(?a)\\w', '\\N{DASH}', '(?-i:a)'])(
    '%s is refused as unsupported',
    (pattern) => {
      expect(() => pythonRegex(pattern)).toThrow(expect.objectContaining({ code: 'regex_unsupported' }))
    },
  )

  test.each(['(', ')', '*', 'a**', '[a', '[', '\\', '\\q', '[b-a]', '[a-\\d]', '(?P=x)', 'a{2}{3}'])(
    '%s is refused as invalid',
    (pattern) => {
      expect(() => pythonRegex(pattern)).toThrow(expect.objectContaining({ code: 'regex_syntax' }))
    },
  )

  test('any text is a pattern or a ValuesError', () => {
    const pieces = fc.constantFrom(
      '(',
      ')',
      '[',
      ']',
      '{',
      '}',
      '?',
      '*',
      '+',
      '\\',
      '^',
      '$',
      '-',
      'a',
      '1',
      ',',
      'P',
      '<',
      '>',
      ':',
      '=',
      '!',
      '|',
    )
    fc.assert(
      fc.property(fc.array(pieces), (parts) => {
        try {
          pythonRegex(parts.join(''))
        } catch (error) {
          expect(error).toBeInstanceOf(ValuesError)
        }
      }),
    )
  })
})
