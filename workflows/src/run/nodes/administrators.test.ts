import { expect, test } from 'vitest'
import { planWorkflow } from '../../plan/plan.ts'
import { stepSchemas } from '../../steps/registry.ts'
import { Variables } from '../../values/variables.ts'
import { type AdministratorParts, administratorsOf } from './administrators.ts'

const login = (node: string, username: string, more = '') =>
  `  - { type: login, node: ${node}, username: ${username}, password: "password of ${username.replaceAll("'", '')}"${more} }`

function administrators(steps: readonly string[], parts: Partial<AdministratorParts> = {}, mode = 'embedded') {
  const text = `name: t\nauth_mode: ${mode}\nnodes: { count: 3, prefix: n }\nsteps:\n${steps.join('\n')}\n`
  const { plan, problems } = planWorkflow({ file: 't.yml', text, kinds: stepSchemas })
  if (!plan) throw new Error(JSON.stringify(problems))
  const found = administratorsOf(plan, { env: {}, login: undefined, variables: new Variables(), ...parts })
  return Object.fromEntries([...found].map(([node, { username }]) => [node, username]))
}

test('the first login of a node that shall succeed is that of its administrator; other nodes have the first of all', () => {
  const steps = [
    login('n-1', 'eve', ', expected_failure: true'),
    login('n-1', 'ann'),
    login('n-1', 'bob'),
    `  - { type: parallel, groups: [{ steps: [${login('n-2', 'cat').slice(4)}] }] }`,
  ]
  expect(administrators(steps)).toEqual({ 'n-1': 'ann', 'n-2': 'cat', 'n-3': 'ann' })
})

test('the command line comes before the environment, and that before the file', () => {
  const env = { MERO_AUTH_ADMIN_USER: 'dev', MERO_AUTH_ADMIN_PASSWORD: 'dev-password' }
  expect(administrators([login('n-1', 'ann')], { env })).toEqual({})
  const named = { username: 'cli', password: 'password' }
  expect(administrators([login('n-1', 'ann')], { env, login: named })).toEqual({
    'n-1': 'cli',
    'n-2': 'cli',
    'n-3': 'cli',
  })
})

test('what only the run knows makes no administrator; where nothing is known nobody can log in', () => {
  const variables = new Variables()
  variables.set('who', 'ann')
  expect(administrators([login("'{{node}}'", "'{{who}}'")], { variables })['n-3']).toBe('ann')
  expect(administrators([login('n-1', "'{{later}}'")], { variables })).toEqual({
    'n-1': 'calbox',
    'n-2': 'calbox',
    'n-3': 'calbox',
  })
  expect(administrators([login('n-1', 'ann')], {}, 'proxy')).toEqual({})
})
