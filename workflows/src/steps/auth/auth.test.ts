import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { planWorkflow } from '../../plan/plan.ts'
import type { RunEvent } from '../../run/events.ts'
import { FixtureNetwork } from '../../testing/fixture-network.ts'
import { startFixtureNode } from '../../testing/fixture-server.ts'
import { runYaml, withContext, type YamlRun } from '../../testing/run-yaml.ts'
import { stepSchemas } from '../registry.ts'

const file = (...steps: string[]) =>
  `name: t\nstop_all_nodes: true\nnodes: { count: 1, prefix: n }\nsteps:\n${steps.map((step) => `  - ${step}`).join('\n')}\n`
const LOGIN =
  '{ type: login, node: n-1, username: ann, password: secret, outputs: { t: access_token, until: expires_at } }'

function guarded(): { network: FixtureNetwork } {
  const network = new FixtureNetwork()
  network.node('n-1').tokens = new Set()
  return { network }
}

test('after a login everything that is sent carries the token, unless the step says otherwise', async () => {
  const run = await runYaml(
    file(
      '{ type: login, node: n-1, username: ann, password: wrong, expected_failure: true, expected_error: Authentication }',
      '{ type: list_namespaces, node: n-1, expected_failure: false, outputs: {} }',
    ),
    guarded(),
  )
  expect(run.failure?.message).toContain('HTTP 401')
  const good = await runYaml(
    file(
      LOGIN,
      '{ type: list_namespaces, node: n-1 }',
      '{ type: call, node: n-1, context_id: c, method: get, unauthenticated: true, expected_failure: true }',
      '{ type: ws_connect, node: n-1, message: hi }',
      '{ type: ws_subscribe, node: n-1, unauthenticated: true, expected_failure: true, expected_error: HTTP 401 }',
      '{ type: refresh, node: n-1, outputs: { fresh: access_token, name_of: username } }',
      '{ type: list_namespaces, node: n-1 }',
    ),
    guarded(),
  )
  expect(good.failure?.message).toBeUndefined()
  expect([good.variables.get('until'), good.variables.get('name_of')]).toEqual([9, 'ann'])
  expect(good.variables.get('fresh')).not.toBe(good.variables.get('t'))
  expect(readFileSync(path.join(good.runDir, 'run.json'), 'utf8')).not.toContain(String(good.variables.get('t')))
  const [first, ...refused] = good.network.node('n-1').sockets
  expect([first, new Set(refused)]).toEqual([good.variables.get('t'), new Set([null])])
})

test.each([
  "expect: ['is_empty({{reply}})', 'contains({{reply}}, nothing)']",
  "expect: { access_token: nothing, '0.x': nothing }",
  "expect: [{ statement: '{{t}} == 1', message: 'it is {{t}}' }], retry: 2",
  "expect: '{{reply}} == 1', eventually: { within: 1 }",
  "expect: '{{reply}} == 1', for_each: [1]",
  'expected_failure: true',
])('a login that fails after it was let in shows no token: %s', async (more) => {
  const seen: string[] = []
  const run = await runYaml(file(LOGIN.replace(' }', ` }, ${more} `).replace(/ \}$/, '}')), guarded())
  seen.push(
    JSON.stringify([run.events, run.record, run.failure]),
    readFileSync(path.join(run.runDir, 'run.json'), 'utf8'),
  )
  expect(run.outcome).toBe('failed')
  const tokens = [...(run.network.node('n-1').tokens ?? [])]
  expect(tokens.length).toBeGreaterThan(0)
  for (const token of tokens) for (const text of seen) expect(text).not.toContain(token)
})

describe('when a token is refused', () => {
  /** Each step named `old` begins with tokens that are not let in any more. */
  const aged = (authError?: string) => {
    const { network } = guarded()
    const node = network.node('n-1')
    node.authError = authError
    const onEvent = (event: RunEvent) => {
      if (event.type === 'step:start' && event.step.name === 'old') node.tokens = new Set([`${node.tokens?.size}`])
    }
    return { network, onEvent }
  }
  const READ = '{ name: old, type: list_namespaces, node: n-1 }'
  const EVENT = `{ name: old, type: assert_ws_event, node: n-1, group_id: ${'a'.repeat(64)}, event: E, absent: true, timeout_seconds: 1 }`
  const WRITE = '{ name: old, type: create_identity, node: n-1 }'
  const refreshes = (run: YamlRun) =>
    run.network.node('n-1').requests.filter(({ path }) => path === '/auth/refresh').length

  test('what only reads is sent again with a new one, a WebSocket is opened again', async () => {
    const run = await runYaml(file(LOGIN, READ, READ, EVENT), aged())
    // Let in, and then told that there is no such group.
    expect(run.failure?.message).toContain('be watched')
    expect(refreshes(run)).toBe(3)
  })

  test('a write is only sent again where the node says that the token was too old', async () => {
    const unsure = await runYaml(file(LOGIN, WRITE), aged())
    expect(unsure.failure?.message).toContain('HTTP 401')
    expect(unsure.failure?.message).toContain('the request was not sent again')
    const sure = await runYaml(file(LOGIN, WRITE), aged('token_expired'))
    expect([sure.failure?.message, refreshes(sure)]).toEqual([undefined, 1])
  })

  test('many that are refused at once are one renewal', async () => {
    const groups = Array.from({ length: 5 }, () => '{ steps: [{ type: list_namespaces, node: n-1 }] }').join(', ')
    const run = await runYaml(file(LOGIN, `{ name: old, type: parallel, groups: [${groups}] }`), aged())
    expect([run.failure?.message, refreshes(run)]).toEqual([undefined, 1])
  })

  test('a step that brings its own token, or none, is refused', async () => {
    const run = await runYaml(
      file(LOGIN, '{ name: old, type: ws_connect, node: n-1, token: mine, expected_failure: true }'),
      aged(),
    )
    expect([run.failure?.message, refreshes(run)]).toEqual([undefined, 0])
  })

  test('what cannot be renewed is refused as it was; name and password of a remote node are used again', async () => {
    const { network, onEvent } = aged()
    network.node('n-1').fail('POST', /refresh/, { status: 401, body: { error: 'reuse' } }, 9)
    const run = await runYaml(file(LOGIN, READ), { network, onEvent })
    expect(run.failure?.message).toMatch(/HTTP 401: \{\}$/)
    const far = new FixtureNetwork()
    const url = await startFixtureNode(far.node('n-1'))
    far.node('n-1').tokens = new Set()
    far.node('n-1').fail('POST', /refresh/, { status: 401, body: { error: 'reuse' } }, 9)
    const text = `name: t\nremote_nodes: { n-1: { url: '${url}', auth: { method: password, username: u, password: secret } } }\nsteps:\n  - ${READ}\n`
    const onStart = () => {
      far.node('n-1').tokens = new Set(['other'])
    }
    const again = await runYaml(text, { network: far, onEvent: (event) => event.type === 'step:start' && onStart() })
    expect(again.failure?.message).toBeUndefined()
  })
})

test('a rejection may be expected, a node that cannot be reached may not', async () => {
  const network = new FixtureNetwork()
  network.node('n-1').fail('POST', /token/, 'drop', 9)
  const run = await runYaml(file(LOGIN.replace(/, outputs.*/, ', expected_failure: true }')), { network })
  expect(run.failure?.code).toBe('not_as_expected')
  const refused = await runYaml(file('{ type: refresh, node: n-1, expected_failure: true }'))
  expect(refused.failure?.message).toContain('nobody is logged in')
})

test('ws_connect without any token is a mistake; a handshake that fails otherwise is no refusal', async () => {
  const none = await runYaml(file('{ type: ws_connect, node: n-1, expected_failure: true }'))
  expect(none.failure?.code).toBe('invalid')
  const open = await runYaml(file('{ type: ws_connect, node: n-1, unauthenticated: true, expected_failure: true }'))
  expect(open.failure?.message).toBe('the step was expected to fail, and succeeded: open')
})

const watch = (more: string) =>
  withContext(
    `  - { type: assert_ws_event, node: n-1, group_id: '{{namespace_id}}', event: Started, timeout_seconds: 0.2${more} }`,
  )

function emitting(...events: unknown[]): { network: FixtureNetwork } {
  const network = new FixtureNetwork()
  network.node('n-1').events.push(...events)
  return { network }
}

const started = (total: number | null) => ({ type: 'Started', groupId: 'g', data: { total } })

test('assert_ws_event passes at the first event that matches', async () => {
  const match = ', match: { data.total: 1, groupId: g }, outputs: { n: data.total }'
  const run = await runYaml(watch(match), emitting({ type: 'Other' }, started(2), started(1)))
  expect(run.failure?.message).toBeUndefined()
  expect(run.variables.get('n')).toBe(1)
  expect((await runYaml(watch(', match: { data.total: null }'), emitting(started(null)))).outcome).toBe('passed')
})

test('assert_ws_event listens from the start of the step before it, unless the number of events counts', async () => {
  const cause = "  - { name: cause, type: assert, statements: ['1 == 1'] }\n"
  const during = (more: string) => {
    const { network } = emitting()
    const onEvent = (event: RunEvent) => {
      if (event.type !== 'step:start' || event.step.name !== 'cause') return
      for (const tell of network.node('n-1').listeners) tell(started(1))
    }
    return runYaml(watch(more).replace('  - { type: assert_ws_event', `${cause}  - { type: assert_ws_event`), {
      network,
      onEvent,
    })
  }
  expect((await during('')).failure?.message).toBeUndefined()
  expect((await during(', count: 0')).outcome).toBe('passed')
  expect((await during(', absent: true')).outcome).toBe('passed')
  expect((await during(', count: 1')).failure?.message).toContain('0 came')
})

test('what was opened early is given up where the step asks for something else by then', async () => {
  const network = new FixtureNetwork()
  network.node('n-1').events.push(started(1))
  const aside =
    "  - { name: again, type: create_namespace, node: n-1, application_id: '{{app_id}}', outputs: { namespace_id: namespaceId } }\n"
  const run = await runYaml(watch('').replace('  - { type: assert_ws_event', `${aside}  - { type: assert_ws_event`), {
    network,
  })
  expect(run.failure?.message).toBeUndefined()
  expect(network.node('n-1').sockets).toHaveLength(2)
  await expect.poll(() => network.node('n-1').listeners.size).toBe(0)
})

test('count is exact, absent is none, and what came is shown', async () => {
  const many = await runYaml(watch(', count: 1'), emitting(started(1), started(2)))
  expect(many.failure?.message).toContain('exactly 1 Started was expected within 0.2 s, 2 came')
  expect((await runYaml(watch(', count: 2'), emitting(started(1), started(2)))).outcome).toBe('passed')
  expect((await runYaml(watch(', absent: true'), emitting({ type: 'Other' }))).outcome).toBe('passed')
  const near = await runYaml(watch(', match: { data.total: 1 }'), emitting(started(5)))
  expect(near.failure?.message.split('\n').slice(1)).toEqual([
    expect.stringMatching(/^ {2}what came of group .+:$/),
    '    {"type":"Started","groupId":"g","data":{"total":5}}',
    '      data.total: 1 was expected, and it is 5',
  ])
})

test('a group that may not be watched fails also where nothing was to come', async () => {
  const step = '{ type: assert_ws_event, node: n-1, group_id: other, event: X, absent: true, timeout_seconds: 0.2 }'
  expect((await runYaml(file(step))).failure?.message).toContain('does not let group other be watched')
  const both = file('{ type: assert_ws_event, node: n-1, group_id: g, event: X, absent: true, count: 1 }')
  const { problems, plan } = planWorkflow({ file: 'f', text: both, kinds: stepSchemas })
  expect([problems[0]?.severity, plan?.steps[0]?.flaw]).toEqual(['warning', '"count" and "absent" exclude each other'])
  expect((await runYaml(both)).failure?.code).toBe('invalid')
})
