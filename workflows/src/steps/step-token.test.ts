import { expect, test } from 'vitest'
import type { RunEvent } from '../run/events.ts'
import { FixtureDriver } from '../testing/fixture-driver.ts'
import { FixtureNetwork } from '../testing/fixture-network.ts'
import { startFixtureNode } from '../testing/fixture-server.ts'
import { runYaml, withContext } from '../testing/run-yaml.ts'
import { editorSchemaText } from './editor-schema.ts'
import { stepKinds } from './registry.ts'

/** What they do is done to processes, files and variables, or by the steps inside them: nodes are asked nothing. */
const ASKING_NOBODY = `assert json_assert wait block include repeat parallel fuzzy_test assert_log_absent assert_log_present
  stop_node start_node node_exec script delete_blob_on_disk pause_container unpause_container restart_container
  heal register_group_signing_key account_create account_rescope perform_intent sign_warrant`

/** They ask for tokens, and bring none. */
const ASKING_FOR_TOKENS = 'login refresh'

const inNamespace = { namespace_id: '{{namespace_id}}' }

/** Where the example of the documentation would fail before anything is sent. */
const GIVEN: Readonly<Record<string, object>> = {
  install_application: { path: 'app.wasm', dev: true },
  create_mesh: { context_node: 'n-1', nodes: ['n-2'], path: 'app.wasm' },
  account_pair: { holder: 'n-2' },
  wait_for_sync: { context_id: '{{context_id}}', timeout: 5 },
  fault: { fault: 'loss', percent: 5, nodes: ['n-1'] },
  inject_network_fault: { fault: 'delay', ms: 5 },
  create_group_in_namespace: inNamespace,
  create_namespace_invitation: inNamespace,
  join_namespace: inNamespace,
  invite: inNamespace,
  join: inNamespace,
  heal_peers: { peers: ['n-2'] },
  upload_blob: { file_path: 'app.wasm' },
  assert_api_response: { present: ['data'] },
  assert_ws_event: { event: 'event' },
  assert_not_member: { account: 'ab'.repeat(32) },
  assert_tee_member: { account: 'ab'.repeat(32) },
  chaos: { for: '2s', every: '500ms', lasts: '400ms', context_id: '{{context_id}}', nodes: ['n-2'], faults: ['delay'] },
}

const UNKNOWN = 'child_group_id new_parent_id member_id blob_id target_application_id device_id proposal_id'
const vars = JSON.stringify({
  application_id: '{{app_id}}',
  group_id: '{{namespace_id}}',
  ...Object.fromEntries(UNKNOWN.split(' ').map((name) => [name, `some-${name}`])),
})

const schemaText = editorSchemaText()

const step = ({ kind }: { readonly kind: string }) => {
  const example = JSON.stringify({ ...exampleOf(kind), ...GIVEN[kind], token: kind })
  return `{ steps: [${example.replaceAll('demo-', 'n-')}] }`
}

/** As editors show it: its required fields, filled in. */
function exampleOf(kind: string): object {
  const schema: { definitions: { step: { allOf: { then?: { examples?: { type: string }[] } }[] } } } =
    JSON.parse(schemaText)
  const examples = schema.definitions.step.allOf.flatMap((each) => each.then?.examples ?? [])
  return examples.find(({ type }) => type === kind) ?? expect.unreachable(`no example of ${kind}`)
}

test('whatever a step asks a node, it asks with the token that it gives: every kind that asks one', async () => {
  const silent = new Set(`${ASKING_NOBODY} ${ASKING_FOR_TOKENS}`.split(/\s+/))
  const network = new FixtureNetwork()
  const driver = new FixtureDriver(network)
  Object.assign(driver.capabilities, { linkFaults: true })
  const nodes = ['n-1', 'n-2'].map((name) => network.node(name))
  for (const node of nodes) node.events.push({ type: 'event' })
  let before: number[] = []
  let after: number[] = []
  const onEvent = (event: RunEvent) => {
    const counts = () => nodes.map(({ requests }) => requests.length)
    if (event.type === 'step:start' && event.step.name === 'all') before = counts()
    if (event.type === 'step:end' && event.step.name === 'all') after = counts()
  }
  const kinds = stepKinds.filter(({ kind }) => !silent.has(kind))
  const groups = kinds.map(step).join('\n        - ')
  await runYaml(
    withContext(`
  - { type: disconnect_node, node: n-1 }
  - { type: partition_peers, node: n-1, peers: [n-2] }
  - name: all
    type: parallel
    vars: ${vars}
    failure_mode: continue-on-error
    groups:
        - ${groups}`),
    { driver, onEvent },
  )
  const asked = nodes.flatMap(({ requests }, at) => requests.slice(before[at], after[at]))
  const bare = asked.filter(({ authorization }) => authorization === undefined)
  expect(bare.map(({ method, path }) => `${method} ${path}`)).toEqual([])
  const sockets = nodes.flatMap((node) => node.sockets.map((token) => `Bearer ${token}`))
  const seen = new Set([...asked.map(({ authorization }) => authorization), ...sockets])
  expect(kinds.map(({ kind }) => kind).filter((kind) => !seen.has(`Bearer ${kind}`))).toEqual([])
})

test('a remote node, too, and only for that step', async () => {
  const far = new FixtureNetwork().node('far')
  const remote = `remote_nodes: { far: { url: '${await startFixtureNode(far)}', auth: { method: api_key, api_key: KEY } } }`
  const steps = '[{ type: create_identity, node: far, token: GUEST }, { type: create_identity, node: far }]'
  await runYaml(`name: x\n${remote}\nsteps: ${steps}\n`)
  await far.stop()
  const asked = far.requests.filter(({ method }) => method === 'POST')
  expect(asked.map(({ authorization }) => authorization)).toEqual(['Bearer GUEST', 'Bearer KEY'])
})

test('the token of a step with steps in it is that of all of them which name none', async () => {
  const network = new FixtureNetwork()
  const ask = '{ type: create_identity, node: n-1 }'
  const own = '{ type: create_identity, node: n-1, token: OWN }'
  const run = await runYaml(
    withContext(`  - { type: block, token: BLOCK, steps: [${ask}, ${own}, { type: repeat, count: 2, steps: [${ask}] }] }
  - { type: repeat, count: 1, token: 'R-{{iteration}}', steps: [${ask}] }
  - { type: parallel, token: PARALLEL, groups: [{ steps: [${ask}] }, { steps: [{ type: block, token: IN, steps: [${ask}] }] }] }
  - ${ask}`),
    { network },
  )
  expect(run.failure?.message).toBeUndefined()
  const asked = network.node('n-1').requests.filter(({ path }) => path.endsWith('/identity/context'))
  const tokens = asked.map(({ authorization }) => authorization?.replace('Bearer ', ''))
  expect(tokens.slice(0, 5)).toEqual(['BLOCK', 'OWN', 'BLOCK', 'BLOCK', 'R-1'])
  expect(new Set(tokens.slice(5, 7))).toEqual(new Set(['PARALLEL', 'IN']))
  expect(tokens.slice(7)).toEqual([undefined])
})
