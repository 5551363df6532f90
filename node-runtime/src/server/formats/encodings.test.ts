import { expect, test } from 'vitest'
import { contextIdOf } from './encodings.ts'

test('what is no context id is named with what it was to be', () => {
  const refused = (text: string) => expect(() => contextIdOf(text))
  refused('abc').toThrow('"abc" is no context id: expected an id of 32 bytes, got 3')
  refused('0OIl').toThrow('"0OIl" is no context id: expected a base58 id')
  refused('abc').toThrow(expect.objectContaining({ code: 'ID_INVALID' }))
  expect(contextIdOf('AB'.repeat(32))).toBe('ab'.repeat(32))
})
