import { expect, test } from 'vitest'
import { planWorkflow } from '../plan/plan.ts'
import { FixtureNetwork } from '../testing/fixture-network.ts'
import { runYaml, withContext } from '../testing/run-yaml.ts'
import { stepKinds, stepSchemas } from './registry.ts'

const planned = (step: string) => planWorkflow({ file: 'f', text: withContext(`  - ${step}`), kinds: stepSchemas })

test('what nothing can run plans with a warning, takes any field where nobody knows them, and fails', async () => {
  for (const kind of ['sign_warrant', 'perform_intent', 'account_rescope']) {
    const step = `{ type: ${kind}, node: n-1, anything: [1], outputs: { x: y }, expected_failure: true }`
    expect(planned(step).problems).toMatchObject([{ severity: 'warning', code: 'unsupported_kind' }])
    const run = await runYaml(withContext(`  - ${step}`))
    expect(run.failure?.message).toBe(`${kind} cannot be run: it is not supported by this version; delete this step`)
  }
  const dead = '{ type: account_create, node: n-1, namespace_id: x, expected_failure: true }'
  expect((await runYaml(withContext(`  - ${dead}`))).outcome).toBe('passed')
})

test('kinds whose fields the original does not check plan with a warning, and fail when they are reached', async () => {
  const step = '{ type: stop_node, node: n-1 }'
  const { plan, problems } = planned(step)
  expect(problems.map(({ severity, message }) => `${severity} ${message}`)).toEqual([
    'warning the field "nodes" is missing',
    'warning unknown field "node" in a step of kind "stop_node"; it has no effect',
  ])
  expect(problems[0]?.hint).toContain('the run gets as far as this step, which then fails')
  expect(plan?.steps.at(-1)?.flaw).toBe('the field "nodes" is missing')
  expect((await runYaml(withContext(`  - ${step}`))).failure).toMatchObject({
    code: 'invalid',
    message: 'the field "nodes" is missing',
  })
})

test('numbers and truth values in quotes are read, with a warning', () => {
  const { plan, problems } = planned("{ type: wait, seconds: '5' }")
  expect(plan?.steps.at(-1)?.input).toEqual({ seconds: 5 })
  expect(problems).toMatchObject([{ severity: 'warning', hint: 'remove the quotes' }])
  const flag = planned("{ type: install_application, node: n-1, path: a, dev: 'True' }")
  expect(flag.plan?.steps.at(-1)?.input.dev).toBe(true)
  expect(planned("{ type: wait, seconds: '5s' }").plan).toBeUndefined()
})

test.each([
  ['{ type: call, node: n-1, context_id: c, method: m, exec_type: other }', 'exec_type'],
  ['{ type: parallel, failure_mode: never, groups: [{ steps: [{ type: wait, seconds: 1 }] }] }', 'failure_mode'],
  ['{ type: script, script: s.sh, target: moon }', 'target'],
  ['{ type: create_group_in_namespace, node: n-1, namespace_id: x, visibility: public }', 'visibility'],
  ['{ type: wait_for_sync, nodes: [n-1], context_id: x }', 'nodes'],
])('%s plans with a warning, and fails when it is reached', (step, field) => {
  const { plan, problems } = planned(step)
  expect(problems).toMatchObject([{ severity: 'warning', path: `steps[5].${field}` }])
  expect(plan?.steps.at(-1)?.flaw).toContain(`"${field}"`)
})

test('keys that the original passes over in maps are warned of', () => {
  const group = '{ type: parallel, groups: [{ steps: [{ type: wait, seconds: 1 }], wieght: 1, counts: 2 }] }'
  expect(planned(group).problems.map(({ severity, message }) => `${severity} ${message}`)).toEqual([
    'warning "wieght" has no effect here',
    'warning "counts" has no effect here',
  ])
  expect(planned("{ type: assert, statements: [{ statement: '1 == 1', messsage: x }] }").problems).toMatchObject([
    { severity: 'warning', hint: 'did you mean "message"?' },
  ])
})

test('a wait of no time is a mistake that shows when it is reached', async () => {
  expect(planned('{ type: wait, seconds: 0 }').problems).toMatchObject([{ severity: 'warning' }])
  expect((await runYaml(withContext('  - { type: wait, seconds: 0 }'))).failure?.message).toContain('at least 1')
})

test('account_pair lets the holder certify what the new device made, and compares the codes', async () => {
  const step = `  - { type: account_pair, node: n-2, holder: n-1, namespace_id: '{{namespace_id}}', root_key: r, nonce: n, outputs: { device: deviceId, key: keyDelivered } }`
  const run = await runYaml(withContext(step))
  expect([run.variables.get('device'), run.variables.get('key')]).toEqual(['dev', true])
  expect(run.network.node('n-1').requests.at(-1)?.body).toMatchObject({ deviceId: 'dev', statement: 'st' })
  const network = new FixtureNetwork()
  const other = { data: { accountId: 'a', confirmationCode: '999' } }
  network.node('n-1').fail('POST', /pair-complete/, { status: 200, body: other })
  const differs = await runYaml(withContext(step), { network })
  expect(differs.failure?.message).toBe('the confirmation codes differ: n-2 has 123, n-1 has 999')
})

test('members are looked up by account and role', async () => {
  const account = new FixtureNetwork().node('n-1').account
  const step = (kind: string, more: string) =>
    withContext(`  - { type: ${kind}, node: n-1, group_id: '{{namespace_id}}', account: ${more} }`)
  expect((await runYaml(step('assert_tee_member', `${account}, role: Admin`))).outcome).toBe('passed')
  const role = await runYaml(step('assert_tee_member', account))
  expect(role.failure?.message).toBe(`${account} has the role Admin, not ReadOnlyTee`)
  expect((await runYaml(step('assert_not_member', 'ab'.repeat(32)))).outcome).toBe('passed')
  expect((await runYaml(step('assert_not_member', account))).failure?.code).toBe('assertion')
})

test('invite and join are older spellings; join installs nothing', async () => {
  const steps = `
  - { type: invite_open, node: n-1, group_id: '{{namespace_id}}', recursive: true, outputs: { inv: invitation } }
  - { type: join_open, node: n-2, group_id: '{{namespace_id}}', invitation: '{{inv}}', outputs: { me: memberIdentity } }`
  const run = await runYaml(withContext(steps))
  expect(run.variables.get('inv')).toHaveProperty('inviter_signature')
  expect(run.variables.get('me')).toBe('identity-of-n-2')
})

test('any kind runs inside of repeat and parallel, and the name of a node may be a variable', async () => {
  const run = await runYaml(
    withContext(`
  - type: repeat
    count: 2
    steps:
      - type: parallel
        groups:
          - steps:
              - { type: get_group_info, node: 'n-{{iteration}}', group_id: '{{namespace_id}}', outputs: { g: groupId } }
              - { type: assert, statements: ['{{g}} == {{namespace_id}}'] }`),
  )
  expect(run.failure?.message).toBeUndefined()
})

test('expected_failure means nothing to just these kinds', () => {
  const ignoring = stepKinds.filter(({ honoursExpectedFailure }) => !honoursExpectedFailure).map(({ kind }) => kind)
  expect(ignoring.sort()).toEqual(
    `account_rescope assert assert_log_absent assert_log_present
     assert_not_member assert_tee_member assert_ws_event block chaos connect_node create_identity create_mesh disconnect_node fault fuzzy_test get_proposal get_proposal_approvers heal heal_peers include inject_network_fault join json_assert
     list_namespace_groups list_namespaces list_proposals list_subgroups node_identity parallel partition_peers
     pause_container perform_intent repeat restart_container script sign_warrant start_node stop_node
     uninstall_application unpause_container upload_blob wait wait_for_sync`.split(/\s+/),
  )
})
