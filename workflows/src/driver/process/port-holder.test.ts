import { expect, test } from 'vitest'
import { shortCommand } from './port-holder.ts'

test('the command of a holder is one short line, whatever it was started with', () => {
  expect(shortCommand('node\0-e\0first\n  second\u001b[31m\0')).toBe('node -e first second [31m')
  expect(shortCommand(`sh\0-c\0${'x'.repeat(500)}`)).toBe(`sh -c ${'x'.repeat(53)}…`)
})
