import { expect, test } from 'vitest'
import { FixtureNetwork } from '../../testing/fixture-network.ts'
import { notesOf, runYaml, withContext } from '../../testing/run-yaml.ts'
import { StepError } from '../step-error.ts'
import { readInvitation } from './invitation.ts'

const OWN = `
name: t
stop_all_nodes: true
nodes: { count: 2, prefix: n }
steps:
  - { type: install_application, node: n-1, path: app.wasm, dev: true, outputs: { app_id: applicationId } }
  - { type: create_group, node: n-1, application_id: '{{app_id}}', outputs: { ns: namespaceId } }
`

test('create_namespace under its alias sets its id; an unknown application is refused, or expected to be', async () => {
  const run = await runYaml(OWN)
  expect(run.variables.get('namespace_id_n-1')).toBe(run.variables.get('ns'))
  const unknown = `${OWN}  - { type: create_namespace, node: n-1, application_id: nope, expected_failure: true, expected_error: not found }`
  expect((await runYaml(unknown)).outcome).toBe('passed')
  expect((await runYaml(unknown.replace(', expected_failure: true, expected_error: not found', ''))).outcome).toBe(
    'failed',
  )
})

test('an invitation is captured, or set under the name of its node where there are no outputs', async () => {
  const plain = await runYaml(`${OWN}  - { type: create_namespace_invitation, node: n-1, namespace_id: '{{ns}}' }`)
  expect(plain.variables.get('namespace_invitation_n-1')).toHaveProperty('inviter_signature')
  const named = await runYaml(
    `${OWN}  - { type: create_group_invitation, node: n-1, group_id: '{{ns}}', outputs: { inv: invitation } }`,
  )
  expect(named.variables.get('inv')).toHaveProperty('inviter_signature')
  expect(named.variables.has('namespace_invitation_n-1')).toBe(false)
})

test('a recursive invitation has one for each group', async () => {
  const run = await runYaml(`${OWN}
  - { type: create_group_in_namespace, node: n-1, namespace_id: '{{ns}}', group_name: sub, visibility: open, outputs: { sub: groupId } }
  - { type: create_namespace_invitation, node: n-1, namespace_id: '{{ns}}', recursive: true, outputs: { all: invitations, first: invitations.0.invitation } }
`)
  expect(run.variables.get('all')).toHaveLength(2)
  expect(run.network.groups.get(String(run.variables.get('sub')))).toMatchObject({ name: 'sub', visibility: 'open' })
})

test('joining installs the first known application on the joiner, once', async () => {
  const run = await runYaml(withContext(''))
  expect(run.network.node('n-2').applications.get('app-of-app.wasm')).toBe(`${run.cwd}/app.wasm`)
  expect(run.variables.get('app_path_n-2')).toBe(`${run.cwd}/app.wasm`)
  expect(run.variables.get('namespace_id_n-2')).toBe(run.variables.get('namespace_id'))
})

test('joining leaves a joiner alone that has the application', async () => {
  const install = '  - { type: install_application, node: n-2, path: app.wasm, dev: true }\n'
  const run = await runYaml(
    withContext('').replace('  - { type: join_namespace', `${install}  - { type: join_namespace`),
  )
  expect(run.failure?.message).toBeUndefined()
  const installed = run.network.node('n-2').requests.filter(({ path }) => path.includes('install'))
  expect(installed).toHaveLength(1)
})

test('an installation on the joiner that fails is a warning', async () => {
  const network = new FixtureNetwork()
  network.node('n-2').fail('POST', /install-dev/, { status: 500, body: { error: 'disk full' } })
  const run = await runYaml(withContext(''), { network })
  expect(run.outcome).toBe('passed')
  expect(notesOf(run).join()).toContain('disk full')
})

test('an invitation for another namespace is refused, or expected to be, and captures the identity otherwise', async () => {
  const join = (more: string) => `${OWN}
  - { type: create_namespace, node: n-1, application_id: '{{app_id}}', outputs: { other: namespaceId } }
  - { type: create_namespace_invitation, node: n-1, namespace_id: '{{ns}}', outputs: { inv: invitation } }
  - { type: join_group, node: n-2, ${more} }`
  const failed = await runYaml(join("group_id: '{{other}}', invitation: '{{inv}}'"))
  expect(failed.failure?.message).toContain('another namespace')
  const expected = await runYaml(
    join("group_id: '{{other}}', invitation: '{{inv}}', expected_failure: true, expected_error: another"),
  )
  expect(expected.outcome).toBe('passed')
  const joined = await runYaml(
    join("namespace_id: '{{ns}}', invitation: '{{inv}}', outputs: { id: memberIdentity, account: memberAccount }"),
  )
  expect(joined.variables.get('id')).toBe('identity-of-n-2')
  expect(joined.variables.get('account')).toBe(joined.network.node('n-2').account)
})

test('a text that is no invitation is never an expected failure; a map that nobody has signed may be', async () => {
  const join = (invitation: string) =>
    `${OWN}  - { type: join_namespace, node: n-2, namespace_id: '{{ns}}', invitation: ${invitation}, expected_failure: true }`
  expect((await runYaml(join('nonsense'))).failure).toMatchObject({ code: 'invalid' })
  expect((await runYaml(join(`'{"not": "real"}'`))).outcome).toBe('passed')
})

test('invitations are found in maps, texts and replies', () => {
  const signed = { invitation: { group_id: 'g' }, inviter_signature: 's' }
  expect(readInvitation(signed)).toEqual({ invitation: signed })
  expect(readInvitation(JSON.stringify({ invitation: signed, groupName: 'G' }))).toEqual({
    invitation: signed,
    groupName: 'G',
  })
  for (const bad of [null, 'x', {}, { invitation: { a: 1 } }]) expect(() => readInvitation(bad)).toThrow(StepError)
})

test('list_group_members gives the members; an unknown group is refused, or expected to be', async () => {
  const run = await runYaml(
    withContext(
      "  - { type: list_group_members, node: n-1, group_id: '{{namespace_id}}', outputs: { members: members, second: members.1.role } }",
    ),
  )
  expect(run.variables.get('members')).toHaveLength(2)
  expect(run.variables.get('second')).toBe('Member')
  const unknown = (more: string) => withContext(`  - { type: list_group_members, node: n-1, group_id: nowhere${more} }`)
  expect((await runYaml(unknown(''))).failure?.message).toBe('Client error: HTTP 404: group nowhere not found')
  expect((await runYaml(unknown(', expected_failure: true'))).outcome).toBe('passed')
})

test('create_group_in_namespace of an unknown namespace is refused, or expected to be', async () => {
  const unknown = (more: string) =>
    `${OWN}  - { type: create_group_in_namespace, node: n-1, namespace_id: nowhere${more} }`
  expect((await runYaml(unknown(''))).outcome).toBe('failed')
  expect((await runYaml(unknown(', expected_failure: true, expected_error: nowhere'))).outcome).toBe('passed')
})
