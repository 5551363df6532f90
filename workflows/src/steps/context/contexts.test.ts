import { expect, test } from 'vitest'
import { FixtureNetwork } from '../../testing/fixture-network.ts'
import { outcomesOf, runYaml, withContext } from '../../testing/run-yaml.ts'

test('create_context sends its parameters as bytes and sets its id', async () => {
  const network = new FixtureNetwork()
  const run = await runYaml(
    withContext(`
  - type: create_context
    node: n-1
    application_id: '{{app_id}}'
    group_id: '{{namespace_id}}'
    params: '{"who": "{{app_id}}"}'
    outputs: { other: contextId, key: memberPublicKey }
`),
    { network },
  )
  const requests = network.node('n-1').requests.filter(({ path }) => path === '/admin-api/contexts')
  const bytes = [...new TextEncoder().encode('{"who": "app-of-app.wasm"}')]
  expect(requests.at(-1)?.body).toMatchObject({ initializationParams: bytes, contextSeed: null })
  expect(run.variables.get('context_id_n-1')).toBe(run.variables.get('other'))
  expect(run.variables.get('key')).toBe('identity-of-n-1')
})

test('create_context: parameters that are no JSON are never an expected failure; a refusal is', async () => {
  const step = (more: string) => `
  - { type: create_context, node: n-1, application_id: nope, group_id: '{{namespace_id}}', expected_failure: true${more} }`
  expect((await runYaml(withContext(step(', expected_error: no such')))).outcome).toBe('passed')
  const invalid = await runYaml(withContext(step(", params: '{{app_id}}'")))
  expect(invalid.failure?.code).toBe('invalid')
})

test('join_context sets the id and the key of the joiner', async () => {
  const run = await runYaml(
    withContext(
      "  - { type: join_context, node: n-2, context_id: '{{context_id}}', outputs: { key: memberPublicKey } }",
    ),
  )
  expect(run.variables.get('context_id_n-2')).toBe(run.variables.get('context_id'))
  expect(run.variables.get('context_member_public_key_n-2')).toBe('identity-of-n-2')
  expect(run.variables.get('key')).toBe('identity-of-n-2')
})

test('join_context of an unknown context fails, or is expected to', async () => {
  const failed = await runYaml(withContext('  - { type: join_context, node: n-2, context_id: nowhere }'))
  expect(failed.failure?.message).toBe('Client error: HTTP 404: context nowhere not found')
  const passed = await runYaml(
    withContext('  - { name: x, type: join_context, node: n-2, context_id: nowhere, expected_failure: true }'),
  )
  expect(outcomesOf(passed, 'x')).toEqual(['passed'])
})

test('create_identity survives network faults and ignores expected_failure', async () => {
  const file = (more = '') =>
    `{ name: t, stop_all_nodes: true, nodes: { count: 1, prefix: n }, steps: [{ type: create_identity, node: n-1${more} }] }`
  const network = new FixtureNetwork()
  network.node('n-1').fail('POST', /identity/, 'drop', 2)
  const run = await runYaml(file(', outputs: { key: publicKey }'), { network })
  expect(run.variables.get('public_key_n-1')).toBe(run.variables.get('key'))
  expect(run.clock.slept).toEqual([1000, 2000])
  const refusing = new FixtureNetwork()
  refusing.node('n-1').fail('POST', /identity/, { status: 500, body: {} })
  expect((await runYaml(file(', expected_failure: true'), { network: refusing })).outcome).toBe('failed')
})

const mesh = (count: number, step: string) => `
name: mesh
stop_all_nodes: true
nodes: { count: ${count}, prefix: n }
steps:
  - { type: install_application, node: n-1, path: app.wasm, dev: true, outputs: { app_id: applicationId } }
  - ${step}
`

test('create_mesh installs, invites and joins, and sets what it set for each joiner', async () => {
  const network = new FixtureNetwork()
  const run = await runYaml(
    mesh(3, "{ type: create_mesh, context_node: n-1, application_id: '{{app_id}}', nodes: [n-2, n-3, n-1] }"),
    { network },
  )
  const all = Object.fromEntries(run.variables)
  expect(all).toMatchObject({
    namespace_id: all['namespace_id_n-1'],
    member_public_key: 'identity-of-n-1',
    group_id: all.namespace_id,
    'public_key_n-2': 'identity-of-n-2',
    'member_identity_n-3': 'identity-of-n-3',
    'member_account_n-3': network.node('n-3').account,
    'app_path_n-3': `${run.cwd}/app.wasm`,
  })
  expect(all).not.toHaveProperty('public_key')
  expect(network.node('n-3').holds(String(all.context_id))).toBe(true)
  const joins = network.node('n-2').requests.filter(({ path }) => path.endsWith('/join'))
  expect(joins.map(({ path }) => path)).toEqual([`/admin-api/namespaces/${all.namespace_id}/join`])
})

test('create_mesh with outputs leaves the plain names alone, and with one joiner sets its short names', async () => {
  const run = await runYaml(
    mesh(
      2,
      "{ type: create_mesh, context_node: n-1, application_id: '{{app_id}}', nodes: [n-2], outputs: { ctx: contextId, ns: namespaceId } }",
    ),
  )
  const all = Object.fromEntries(run.variables)
  expect(all).toMatchObject({ public_key: 'identity-of-n-2', memberIdentity: 'identity-of-n-2', ns: all.namespace_id })
  expect(all).not.toHaveProperty('context_id')
})

test('create_mesh fails where a joiner cannot install or join', async () => {
  const network = new FixtureNetwork()
  network.node('n-2').fail('POST', /join/, { status: 504, body: { error: 'no member answered' } })
  const step =
    "{ type: create_mesh, context_node: n-1, application_id: '{{app_id}}', nodes: [n-2], expected_failure: true }"
  const run = await runYaml(mesh(2, step), { network })
  expect(run.failure).toMatchObject({ node: 'n-2', message: 'Client error: HTTP 504: no member answered' })
  const missing = await runYaml(
    mesh(2, "{ type: create_mesh, context_node: n-1, application_id: '{{app_id}}', nodes: [n-2], path: no.wasm }"),
  )
  expect(missing.failure?.message).toContain('no.wasm')
})

test('the path of create_mesh takes placeholders', async () => {
  const path = "path: '{{name}}.wasm', vars: { name: app }"
  const step = `{ type: create_mesh, context_node: n-1, application_id: '{{app_id}}', nodes: [n-2], ${path} }`
  const run = await runYaml(mesh(2, step))
  expect(run.failure?.message).toBeUndefined()
  expect(run.network.node('n-2').requests).toContainEqual(
    expect.objectContaining({
      path: '/admin-api/install-dev-application',
      body: expect.objectContaining({ path: `${run.cwd}/app.wasm` }),
    }),
  )
})
