import { expect, test } from 'vitest'
import { applicationIdOf, blobHashOf, contextIdOf, publicKeyOf } from './encodings.ts'
import { accountIn } from './group-shapes.ts'

test('what is no context id is named with what it was to be', () => {
  const refused = (text: string) => expect(() => contextIdOf(text))
  refused('abc').toThrow('"abc" is no context id: expected an id of 32 bytes, got 3')
  refused('0OIl').toThrow('"0OIl" is no context id: expected a base58 id')
  refused('abc').toThrow(expect.objectContaining({ code: 'ID_INVALID' }))
  expect(contextIdOf('AB'.repeat(32))).toBe('ab'.repeat(32))
})

test('of each id it is said what it was to be', () => {
  expect(() => applicationIdOf('zz')).toThrow('"zz" is no application id: expected an id of 32 bytes')
  expect(() => blobHashOf('zz')).toThrow('"zz" is no blob id')
  expect(() => publicKeyOf('zz')).toThrow('"zz" is no public key')
  expect(() => accountIn('zz')).toThrow('"zz" is no account, nor the key of a member')
})
