import { expect, test } from 'vitest'
import { administratorOf, loginHelp } from './administrator.ts'

const nodes = [
  { name: 'n-1', url: 'http://127.0.0.1:2528' },
  { name: 'n-2', url: 'http://127.0.0.1:2529' },
]
const env = { MERO_AUTH_ADMIN_USER: 'dev', MERO_AUTH_ADMIN_PASSWORD: "dev's password" }

test('a password that was made is shown once, one that was given is not shown', () => {
  const made = administratorOf({ authMode: 'embedded' }, { env: {} })
  if (!made) throw new Error('there is one')
  expect(made.password.length).toBeGreaterThan(20)
  expect(administratorOf({ authMode: 'embedded' }, { env: {} })?.password).not.toBe(made.password)
  expect(loginHelp(made, nodes, [])).toContain(made.password)
  const given = administratorOf({ authMode: 'embedded' }, { env })
  expect(given).toMatchObject({ username: 'dev', isMade: false })
  expect(given && loginHelp(given, nodes, [])).toContain('"password":"…"')
  expect(given && loginHelp(given, nodes, [])).not.toContain("dev's")
  expect(administratorOf({}, { env })).toBeUndefined()
})

test('nodes of earlier are said to have their own administrator', () => {
  const made = administratorOf({ authMode: 'embedded' }, { env: {} })
  const some = made ? loginHelp(made, nodes, ['n-1']) : ''
  expect(some).toContain('  calbox login --node n-2 --username admin\n')
  expect(some).toContain('curl -s http://127.0.0.1:2529/auth/token')
  expect(some).toContain('n-1: made earlier')
  expect(made && loginHelp(made, nodes, ['n-1', 'n-2'])).not.toContain('curl')
})
