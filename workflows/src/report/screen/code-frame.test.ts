import { expect, test } from 'vitest'
import { codeFrame } from './code-frame.ts'

function frame(line: string, column: number): string[] {
  return codeFrame(line, { line: 1, column, length: 4 }).map(({ text }) => text)
}

test('a secret that is written in the file is not shown, and what is marked stays marked', () => {
  const step = (password: string) => `- { type: login, password: ${password}, node: n-1 }`
  for (const secret of ['dev-password', "'dev, password'", '"dev \\"password"', '5up3r s3cret']) {
    const line = step(secret)
    const [shown, pointer] = frame(line, line.indexOf('node') + 1)
    expect(shown).toBe(`> 1 | ${step('***')}`)
    expect(pointer).toBe(`    | ${' '.repeat(step('***').indexOf('node'))}^^^^`)
  }
  expect(frame('  password: hunter2', 13)).toEqual(['> 1 |   password: ***', `    | ${' '.repeat(12)}^^^`])
  expect(frame('  admin_token: abc # of me', 3)[0]).toBe('> 1 |   admin_token: ***')
})

test('placeholders, names of the environment and other keys are shown', () => {
  for (const line of [
    '{ password: \'{{pw}}\', token: "$TOKEN" }',
    'password: $PW',
    'outputs: { token_count: tokenCount }',
    'name: the password is wrong',
  ]) {
    expect(frame(line, 1)[0]).toBe(`> 1 | ${line}`)
  }
})
