import type { Plan } from '@calbox/workflows'
import { planWorkflow } from '@calbox/workflows/plan'
import { stepSchemas } from '@calbox/workflows/steps'
import { Command } from 'commander'
import { expect, test } from 'vitest'
import { changedPlan, loginOf, type PlanChangeOptions, unusedOptions, withPlanChanges } from './plan-changes.ts'

function optionsOf(...args: string[]): PlanChangeOptions {
  const command = withPlanChanges(new Command('run'))
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
  return command.parse(args, { from: 'user' }).opts()
}

function planned(): Plan {
  const text = `
name: w
remote_nodes:
  near: { url: http://127.0.0.1:1 }
  far: { url: http://127.0.0.1:2, auth: { method: api_key, key: own } }
steps: [{ type: wait, seconds: 1 }]`
  const { plan } = planWorkflow({ file: 'w.yml', text, kinds: stepSchemas })
  if (plan === undefined) throw new Error('the file of this test is wrong')
  return plan
}

const changed = (env: Record<string, string>, ...args: string[]) => changedPlan(planned(), optionsOf(...args), { env })

test("merobox's flags are taken as what a file may say", () => {
  const args = ['--e2e-mode', '--image', 'merod:local', '--auth-use-cached', '--auth-image', 'auth:1']
  const { settings } = changed({}, ...args, '--auth-mode', 'embedded')
  expect([settings.e2eMode, settings.authMode, settings.authService]).toEqual([true, 'embedded', false])
  const { image, authUseCached, webuiUseCached, authImage } = settings
  expect([image, authUseCached, webuiUseCached, authImage]).toEqual(['merod:local', true, false, 'auth:1'])
  expect(changed({}, '--auth-service').settings.authService).toBe(true)
})

test('nodes that run elsewhere come from the command line, too, and replace those of the file', () => {
  const { remoteNodes } = changed({}, '--remote-node', 'new=http://h:1/', '--remote-node', 'near=https://h:2')
  expect(remoteNodes.map(({ name, url }) => `${name} ${url}`)).toEqual([
    'far http://127.0.0.1:2',
    'new http://h:1',
    'near https://h:2',
  ])
})

test('how to log in comes from the flag, then the file, then what holds for all', () => {
  const auths = (env: Record<string, string>, ...args: string[]) =>
    changed(env, ...args).remoteNodes.map(({ auth }) => auth)
  const own = { method: 'api_key', apiKey: 'own' }
  expect(auths({})).toEqual([{ method: 'none' }, own])
  expect(auths({ MEROBOX_API_KEY: 'k' })).toEqual([{ method: 'api_key', apiKey: 'k' }, own])
  const user = { method: 'password', username: 'a', password: 'b:c' }
  expect(auths({ MEROBOX_USERNAME: 'a', MEROBOX_PASSWORD: 'b:c' })).toEqual([user, own])
  expect(auths({}, '--remote-auth', 'far=a:b:c', '--api-key', 'k')).toEqual([{ method: 'api_key', apiKey: 'k' }, user])
  expect(auths({}, '--remote-auth', 'near=apikey:x=y')).toEqual([{ method: 'api_key', apiKey: 'x=y' }, own])
})

test('what cannot be meant is refused', () => {
  expect(() => changed({}, '--remote-auth', 'nobody=a:b')).toThrow('names nobody')
  expect(() => optionsOf('--remote-node', 'x=ftp://h')).toThrow('http://')
  expect(() => optionsOf('--remote-auth', 'x=y')).toThrow('user:password')
  expect(() => loginOf(optionsOf('--auth-username', 'a'))).toThrow('together')
  expect(loginOf(optionsOf('--auth-username', 'a', '--auth-password', 'b'))).toEqual({ username: 'a', password: 'b' })
})

test('options that these nodes have no use for are named', () => {
  const plan = planned()
  const login = optionsOf('--auth-username', 'a', '--auth-password', 'b')
  const options = { ...login, logLevel: 'info', rustBacktrace: '1' }
  expect(unusedOptions(options, { plan, isMerod: false }).map((note) => note.split(' is not used')[0])).toEqual([
    '--log-level',
    '--rust-backtrace',
    '--auth-username',
  ])
  const embedded = { ...plan, settings: { ...plan.settings, authMode: 'embedded' } }
  expect(unusedOptions(options, { plan: embedded, isMerod: true })).toEqual([])
})
