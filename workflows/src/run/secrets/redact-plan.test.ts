import { expect, test } from 'vitest'
import { redactPlan } from './redact-plan.ts'

const input = (given: object) =>
  (redactPlan({ steps: [{ input: given }] }) as { steps: { input: object }[] }).steps[0]?.input

test('what a step is given to prove itself with is left out, names of variables stay', () => {
  const given = { bootstrap_secret: 'hush', proof: { signature: 'hush', n: 1 }, password: '{{pw}}', node: 'n-1' }
  expect(input(given)).toEqual({
    bootstrap_secret: '(redacted)',
    proof: { signature: '(redacted)', n: 1 },
    password: '{{pw}}',
    node: 'n-1',
  })
})

test('a secret in JSON that is sent as a text is left out', () => {
  expect(input({ message: '{"password":"hush","id":1.0}' })).toEqual({ message: '{"password":"(redacted)","id":1.0}' })
  expect(input({ message: '{"id": 1}' })).toEqual({ message: '{"id": 1}' })
})

test('of arguments the one behind a flag and the one in it, of files all that is in them', () => {
  const args = ['account', '--password', 'hush', '--admin-token=hush', '--home', '/data', 'PASSWORD={{pw}}']
  const files = { 'a.txt': 'hush', 'b.txt': '{{content}}' }
  expect(input({ args, files })).toEqual({
    args: ['account', '--password', '(redacted)', '--admin-token=(redacted)', '--home', '/data', 'PASSWORD={{pw}}'],
    files: { 'a.txt': '(redacted)', 'b.txt': '{{content}}' },
  })
})

test('statements and outputs stay as they are', () => {
  const step = { input: { statements: ['{{token}} == 5', 'token == 5'] }, outputs: { access_token: 'accessToken' } }
  expect(redactPlan(step)).toEqual(step)
})

test('a variable of the file is a secret by its name', () => {
  const vars = [
    { name: 'api_key', value: 'hush', fromEnvironment: false },
    { name: 'key', value: 'k', fromEnvironment: false },
  ]
  expect(redactPlan({ vars })).toEqual({ vars: [{ ...vars[0], value: '(redacted)' }, vars[1]] })
})
