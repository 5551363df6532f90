import { expect, test } from 'vitest'
import { jsonFloat } from '../../values/json/json-value.ts'
import { SECRET_TEXTS_MAX } from '../limits.ts'
import { SecretTexts } from './secret-texts.ts'

function secretsOf(...values: Parameters<SecretTexts['learn']>[0][]): SecretTexts {
  const secrets = new SecretTexts()
  for (const value of values) secrets.learn(value)
  return secrets
}

test('a secret is left out wherever it stands, and nothing else changes', () => {
  const secrets = secretsOf('hunter22', 'a"b\nc&d')
  const event = {
    type: 'hunter22',
    message: 'is hunter22, hunter22!',
    failure: { message: '{"a\\"b\\nc&d"} ?q=a%22b%0Ac%26d', steps: ['hunter22'], code: 'failed' },
    payload: { type: 'hunter22', hunter22: [jsonFloat(1), 2n, 'none'] },
  }
  expect(secrets.redacted(event)).toEqual({
    type: 'hunter22',
    message: 'is (redacted), (redacted)!',
    failure: { message: '{"(redacted)"} ?q=(redacted)', steps: ['(redacted)'], code: 'failed' },
    payload: { type: '(redacted)', '(redacted)': [jsonFloat(1), 2n, 'none'] },
  })
  const other = { payload: { a: [1, { b: 'c' }] } }
  expect(secrets.redacted(other)).toBe(other)
})

test('what is in lists, maps and JSON texts is secret, numbers too', () => {
  const secrets = secretsOf('{"k":["inside-1",{"n":123456}]}', ['inside-2'])
  expect(secrets.redacted({ text: 'inside-1 inside-2 123456', payload: [123456, 12] })).toEqual({
    text: '(redacted) (redacted) (redacted)',
    payload: ['(redacted)', 12],
  })
})

test('a long secret that a message has cut is left out, too', () => {
  const token = 'eyJhbGciOiJIUzI1NiJ9.'.repeat(20)
  expect(secretsOf(token).redacted(`token ${token.slice(0, 300)}… (420 characters)`)).toBe(
    'token (redacted)… (420 characters)',
  )
})

test('of a secret that is cut off nothing is left in front of the mark', () => {
  const secrets = secretsOf('Corr3ct-Horse-Battery', 'it\'s "so" secret')
  const texts = [
    'pwd=Corr3ct-Hor…',
    'Cor… Corr3ct… (9 characters)',
    'xCorr3ct-Horse-Batter…',
    '{"a": "it\'s \\"s…',
    'Co… and Cow…',
  ]
  expect(texts.map((text) => secrets.redacted(text))).toEqual([
    'pwd=(redacted)…',
    '(redacted)… (redacted)… (9 characters)',
    'x(redacted)…',
    '{"a": "(redacted)…',
    'Co… and Cow…',
  ])
})

test('a secret is found as Python writes it, and as JSON of that', () => {
  const secrets = secretsOf(`it's-a-"long"-one`)
  const repr = String.raw`it\'s-a-"long"-one`
  expect(secrets.redacted([repr, JSON.stringify(repr)])).toEqual(['(redacted)', '"(redacted)"'])
})

test('lines of a secret are secret by themselves', () => {
  const secrets = secretsOf('-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA\n}\n')
  expect(secrets.redacted('> MIIEpAIBAAKCAQEA }')).toBe('> (redacted) }')
})

test('a text that is no UTF-16 is secret, too', () => {
  expect(secretsOf('lone\ud800-surrogate').redacted('a lone\ud800-surrogate')).toBe('a (redacted)')
})

test('a short secret is only a word of its own, and a shorter one none', () => {
  const secrets = secretsOf('node', 'abc', 'true', '')
  expect(secrets.redacted('nodes node_1 abc true (node)')).toBe('nodes (redacted)_1 abc true ((redacted))')
})

test('the last secrets are remembered', () => {
  const secrets = secretsOf('first-secret', ...Array.from({ length: SECRET_TEXTS_MAX }, (_, at) => `secret-${at}`))
  expect(secrets.redacted(`first-secret secret-${SECRET_TEXTS_MAX - 1}`)).toBe('first-secret (redacted)')
})
