import { expect, test } from 'vitest'
import { UPSTREAM_STEP_TYPES } from '../plan/read/step-names.ts'
import { FixtureNetwork } from '../testing/fixture-network.ts'
import { notesOf, runYaml, withContext, type YamlRun } from '../testing/run-yaml.ts'
import { stepKind, stepKinds } from './registry.ts'

/** What a step sends, and what `outputs` find in the answer. */
interface Sample {
  readonly step: string
  readonly sends: string
  readonly body?: unknown
  readonly captured?: Readonly<Record<string, unknown>>
}

const NS = "'{{namespace_id}}'"
const samples: Record<string, Sample> = {
  uninstall_application: { step: "application_id: '{{app_id}}'", sends: 'DELETE /applications/app-of-app.wasm' },
  get_application: {
    step: "application_id: '{{app_id}}', outputs: { v: application.version, b: application.blob.bytecode }",
    sends: 'GET /applications/app-of-app.wasm',
    captured: { v: '1.2.0', b: 'b58' },
  },
  list_application_versions: {
    step: "application_id: '{{app_id}}', outputs: { c: count, first: versions.0.version }",
    sends: 'GET /applications/app-of-app.wasm/versions',
    captured: { c: 1, first: '1.0.0' },
  },
  delete_context: { step: "context_id: '{{context_id}}'", sends: 'DELETE /contexts/Context2', body: {} },
  leave_context: { step: "context_id: '{{context_id}}'", sends: 'POST /contexts/Context2/leave', body: null },
  resync_context: {
    step: "context_id: '{{context_id}}', force: true, outputs: { started: resyncStarted }",
    sends: 'POST /contexts/Context2/resync',
    body: { force: true },
    captured: { started: true },
  },
  node_identity: {
    step: 'outputs: { device: deviceId, key: publicKey }',
    sends: 'GET /identity',
    captured: { device: null, key: 'identity-of-n-1' },
  },
  delete_namespace: { step: `namespace_id: ${NS}`, sends: 'DELETE /namespaces/NS', body: {} },
  list_namespaces: { step: 'outputs: { x: 0.nothing }', sends: 'GET /namespaces' },
  leave_namespace: { step: `namespace_id: ${NS}`, sends: 'POST /namespaces/NS/leave', body: null },
  list_namespace_groups: { step: `namespace_id: ${NS}`, sends: 'GET /namespaces/NS/groups' },
  get_group_info: {
    step: `group_id: ${NS}, outputs: { app: targetApplicationId, vis: subgroupVisibility }`,
    sends: 'GET /groups/NS',
    captured: { app: 'app-of-app.wasm', vis: 'restricted' },
  },
  delete_group: { step: `group_id: ${NS}`, sends: 'DELETE /groups/NS', body: {} },
  leave_group: { step: `group_id: ${NS}`, sends: 'POST /groups/NS/leave', body: null },
  list_subgroups: {
    step: `group_id: ${NS}, outputs: { subs: subgroups, first: subgroups.0.groupId }`,
    sends: 'GET /groups/NS/subgroups',
    captured: { subs: [{ groupId: 'sub', name: 'a' }], first: 'sub' },
  },
  list_group_contexts: {
    step: `group_id: ${NS}, outputs: { ctx: 0.contextId }`,
    sends: 'GET /groups/NS/contexts',
    captured: { ctx: 'Context2' },
  },
  reparent_group: {
    step: `child_group_id: a, new_parent_id: ${NS}`,
    sends: 'POST /groups/a/reparent',
    body: { newParentId: 'NS' },
  },
  sync_group: { step: `group_id: ${NS}`, sends: 'POST /groups/NS/sync', body: {} },
  set_default_capabilities: {
    step: `group_id: ${NS}, capabilities: 7`,
    sends: 'PUT /groups/NS/settings/default-capabilities',
    body: { defaultCapabilities: 7 },
  },
  set_subgroup_visibility: {
    step: `group_id: ${NS}, visibility: Open`,
    sends: 'PUT /groups/NS/settings/subgroup-visibility',
    body: { subgroupVisibility: 'open' },
  },
  set_default_visibility: {
    step: `group_id: ${NS}, visibility: restricted`,
    sends: 'PUT /groups/NS/settings/subgroup-visibility',
    body: { subgroupVisibility: 'restricted' },
  },
  join_subgroup_inheritance: {
    step: `group_id: ${NS}, outputs: { inherited: wasInherited }`,
    sends: 'POST /groups/NS/join-via-inheritance',
    body: null,
    captured: {
      inherited: true,
      'subgroup_was_inherited_n-1': true,
      'subgroup_member_public_key_n-1': 'identity-of-n-1',
    },
  },
  detach_context_from_group: {
    step: `group_id: ${NS}, context_id: '{{context_id}}'`,
    sends: 'POST /groups/NS/contexts/Context2/remove',
    body: {},
  },
  list_group_members: {
    step: `group_id: ${NS}, outputs: { role: members.0.role }`,
    sends: 'GET /groups/NS/members',
    captured: { role: 'Admin' },
  },
  add_group_members: {
    step: `group_id: ${NS}, members: [{ identity: '{{app_id}}', role: Admin }, { identity: b, role: whatever }]`,
    sends: 'POST /groups/NS/members',
    body: {
      members: [
        { identity: 'app-of-app.wasm', role: 'Admin' },
        { identity: 'b', role: 'Member' },
      ],
    },
  },
  remove_group_members: {
    step: `group_id: ${NS}, members: ['{{app_id}}']`,
    sends: 'POST /groups/NS/members/remove',
    body: { members: ['app-of-app.wasm'] },
  },
  update_member_role: {
    step: `group_id: ${NS}, member_id: m, role: read-only`,
    sends: 'PUT /groups/NS/members/m/role',
    body: { role: 'ReadOnly' },
  },
  set_member_capabilities: {
    step: `group_id: ${NS}, member_id: m, capabilities: 4294967295`,
    sends: 'PUT /groups/NS/members/m/capabilities',
    body: { capabilities: 2 ** 32 - 1 },
  },
  get_member_capabilities: {
    step: `group_id: ${NS}, member_id: m, outputs: { caps: capabilities }`,
    sends: 'GET /groups/NS/members/m/capabilities',
    captured: { caps: 7 },
  },
  set_member_auto_follow: {
    step: `group_id: ${NS}, member_id: m, auto_follow_contexts: true, auto_follow_subgroups: false`,
    sends: 'PUT /groups/NS/members/m/auto-follow',
    body: { autoFollowContexts: true, autoFollowSubgroups: false },
  },
  set_group_metadata: {
    step: `group_id: ${NS}, record_name: '{{app_id}}', data: { topic: x }`,
    sends: 'PUT /groups/NS/metadata',
    body: { name: 'app-of-app.wasm', data: { topic: 'x' } },
  },
  set_member_metadata: {
    step: `group_id: ${NS}, member_id: m`,
    sends: 'PUT /groups/NS/members/m/metadata',
    body: { data: {} },
  },
  set_context_metadata: {
    step: `group_id: ${NS}, context_id: c, record_name: r`,
    sends: 'PUT /groups/NS/contexts/c/metadata',
    body: { name: 'r', data: {} },
  },
  upgrade_group: {
    step: `group_id: ${NS}, target_application_id: v2`,
    sends: 'POST /groups/NS/upgrade',
    body: { targetApplicationId: 'v2', cascade: false, forceCodeOnly: false },
  },
  cascade_namespace_application: {
    step: `namespace_id: ${NS}, target_application_id: v2, outputs: { state: status }`,
    sends: 'POST /groups/NS/upgrade',
    body: { targetApplicationId: 'v2', cascade: true, forceCodeOnly: false },
    captured: { state: 'in_progress' },
  },
  get_group_upgrade_status: {
    step: `group_id: ${NS}, outputs: { to: toVersion }`,
    sends: 'GET /groups/NS/upgrade/status',
    captured: { to: 2 },
  },
  retry_group_upgrade: { step: `group_id: ${NS}`, sends: 'POST /groups/NS/upgrade/retry', body: {} },
  abort_migration: {
    step: `namespace_id: ${NS}, outputs: { gone: aborted }`,
    sends: 'POST /groups/NS/migration/abort',
    body: null,
    captured: { gone: true },
  },
  account_revoke: {
    step: `namespace_id: ${NS}, device_id: d, outputs: { rotated: keyRotated }`,
    sends: 'POST /namespaces/NS/account/revoke',
    body: { deviceId: 'd' },
    captured: { rotated: true },
  },
  set_tee_admission_policy: {
    step: `group_id: ${NS}, allowed_rtmr0: [a]`,
    sends: 'PUT /groups/NS/settings/tee-admission-policy',
    body: expect.objectContaining({ acceptMock: true, allowedMrtd: ['0'.repeat(96)], allowedRtmr0: ['a'] }),
  },
  tee_fleet_join: {
    step: `group_id: ${NS}, outputs: { in: admitted }`,
    sends: 'POST /tee/fleet-join',
    body: { groupId: 'NS' },
    captured: { in: true },
  },
}

/** All of them after one another in one run: each below its own name. */
function stepsOf(change: (kind: string, step: string) => string): string {
  const lines = Object.entries(samples).map(
    ([kind, { step }]) => `  - { type: ${kind}, node: n-1, ${change(kind, step)} }`,
  )
  return withContext(lines.join('\n'))
}

/** What the samples sent, in order, without what went before them. */
function sentBy(run: YamlRun): { place: string; body: unknown }[] {
  const namespace = String(run.variables.get('namespace_id'))
  return run.network
    .node('n-1')
    .requests.slice(-Object.keys(samples).length)
    .map(({ method, path, body }) => {
      const place = `${method} ${path.replace('/admin-api', '').replace(namespace, 'NS')}`
      return { place, body: JSON.parse((JSON.stringify(body) ?? 'null').replaceAll(namespace, 'NS')) }
    })
}

test('a kind that is one request sends it, and captures from the answer', async () => {
  const run = await runYaml(stepsOf((kind, step) => (step.includes('outputs') ? prefixed(kind, step) : step)))
  expect(run.failure?.message).toBeUndefined()
  const sent = sentBy(run)
  for (const [at, [kind, { sends, body, captured = {} }]] of Object.entries(samples).entries()) {
    expect([kind, sent[at]?.place]).toEqual([kind, sends])
    if (body !== undefined) expect([kind, sent[at]?.body]).toEqual([kind, body])
    for (const [name, value] of Object.entries(captured)) {
      const found = run.variables.has(`${kind}_${name}`)
        ? run.variables.get(`${kind}_${name}`)
        : run.variables.get(name)
      expect([kind, name, found]).toEqual([kind, name, value])
    }
  }
})

/** Its outputs under names of their own. */
function prefixed(kind: string, step: string): string {
  return step.replace(/outputs: \{ (.*) \}/, (_, outputs: string) => {
    const named = outputs.split(', ').map((output) => `${kind}_${output}`)
    return `outputs: { ${named.join(', ')} }`
  })
}

test('each of them fails with what the node says, and may be expected to where the original takes the flag', async () => {
  const ignoring = [
    'uninstall_application',
    'node_identity',
    'list_namespaces',
    'list_namespace_groups',
    'list_subgroups',
  ]
  const excused = 'expected_failure: true, expected_error: such feature'
  const network = new FixtureNetwork()
  for (const [kind, { sends }] of Object.entries(samples)) {
    if (ignoring.includes(kind)) continue
    const [method = '', path = ''] = sends.split(' ')
    const place = new RegExp(`^/admin-api${path.replaceAll('NS', '[0-9a-f]{64}')}$`)
    network.node('n-1').fail(method, place, { status: 501, body: { error: 'no such feature: x' } }, 1)
  }
  const bare = (step: string) => step.replace(/,? ?outputs: \{[^}]*\}/, '')
  const more = (kind: string, step: string) =>
    [bare(step), ...(ignoring.includes(kind) ? [] : [excused])].filter(Boolean)
  const run = await runYaml(
    stepsOf((kind, step) => more(kind, step).join(', ')),
    { network },
  )
  expect(run.failure?.message).toBeUndefined()
  expect(network.node('n-1').faults.every(({ times }) => times === 0)).toBe(true)
  const ignored = await runYaml(withContext(`  - { type: node_identity, node: n-1, expected_failure: true }`))
  expect(ignored.outcome).toBe('passed')
})

test('a record keeps its own key data, and a null one has nothing to capture', async () => {
  const get = (more: string) => `  - { type: get_group_metadata, node: n-1, group_id: ${NS}, ${more} }`
  const set = `  - { type: set_group_metadata, node: n-1, group_id: ${NS}, record_name: r, data: { topic: t } }\n`
  const run = await runYaml(withContext(set + get('outputs: { name_of: name, topic: data.topic, all: data }')))
  expect(run.failure?.message).toBeUndefined()
  expect(['name_of', 'topic', 'all'].map((name) => run.variables.get(name))).toEqual(['r', 't', { topic: 't' }])
  expect((await runYaml(withContext(get('outputs: { n: name }')))).failure?.code).toBe('capture_missing')
})

test('where the original captures nothing, an output that is missing is a note', async () => {
  const run = await runYaml(
    withContext(`  - { type: sync_group, node: n-1, group_id: ${NS}, outputs: { a: memberCount, b: gone } }`),
  )
  expect([run.outcome, run.variables.get('a'), run.variables.has('b')]).toEqual(['passed', 1, false])
  expect(notesOf(run).join()).toContain('reads "gone"')
})

test('a token of the step is sent instead of the own one', async () => {
  const run = await runYaml(
    withContext(`  - { type: sync_group, node: n-1, group_id: ${NS}, token: 'secret-{{app_id}}' }`),
  )
  expect(run.network.node('n-1').requests.at(-1)?.authorization).toBe('Bearer secret-app-of-app.wasm')
})

test('every step type of the original is known, each to one kind', () => {
  const missing = [...UPSTREAM_STEP_TYPES].filter((name) => stepKind(name) === undefined)
  expect(missing).toEqual([])
  expect(UPSTREAM_STEP_TYPES.size).toBe(105)
  const names = stepKinds.flatMap(({ kind, aliases = [] }) => [kind, ...aliases])
  const ours = names.filter((name) => !UPSTREAM_STEP_TYPES.has(name)).sort()
  expect(ours).toEqual([
    'account_rescope',
    'block',
    'chaos',
    'fault',
    'heal',
    'include',
    'perform_intent',
    'sign_warrant',
  ])
})
