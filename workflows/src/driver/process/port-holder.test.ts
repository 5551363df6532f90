import { expect, test } from 'vitest'
import { shortCommand } from './port-holder.ts'

test('the command of a holder is one short line, whatever it was started with', () => {
  expect(shortCommand('node\0-e\0first\n  second\u001b[31m\0')).toBe('node -e first second [31m')
  expect(shortCommand('/usr/bin/node\0--max-semi-space-size=4\0/srv/calnode.js\0run\0')).toBe(
    '/usr/bin/node /srv/calnode.js run',
  )
  expect(shortCommand(`sh\0-c\0${'x'.repeat(500)}`)).toBe(`sh -c ${'x'.repeat(53)}…`)
})
