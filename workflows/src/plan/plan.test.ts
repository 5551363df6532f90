import { describe, expect, test } from 'vitest'
import { JsonFloat } from '../values/json/json-value.ts'
import { stepSchemaRegistry } from './check/step-schema.ts'
import { UPSTREAM_STEP_TYPES } from './read/step-names.ts'
import { lines, plan, withSteps } from './sample-plan.ts'

describe('a plan', () => {
  test('has the nodes, settings and steps of the file', () => {
    const result = plan(`
name: demo
description: a demo
stop_all_nodes: yes
auth_mode: embedded
nodes: {count: 2, prefix: n, base_port: 3000, base_rpc_port: 4000, mdns: off}
steps:
  - type: call
    node: n-1
    context_id: '{{context_id}}'
    method: set
    args: {key: 18446744073709551615, f: 1.0, g: null}
    state_retry_delay: 3.0
    outputs: {out: result.output}
    expected_failure: true
    expected_error: no
  - name: second
    type: create_group
    node: n-2
    application_id: a
`)
    expect(lines(result)).toEqual(['16:21 error "expected_error" must be a text, not false | put it in quotes'])
  })

  test('keeps types: big integers, floats, null; numbers of the schema are plain', () => {
    const result = withSteps(`
  - type: call
    node: calimero-node-1
    context_id: c
    method: set
    args: {key: 18446744073709551615, f: 1.0, g: null}
    state_retry_delay: 3.0
    outputs: {out: result.output}
    expected_failure: true
    expected_error: "no"
    token:
  - name: second
    type: create_group
    node: calimero-node-2
    application_id: a
`)
    expect(lines(result)).toEqual([])
    expect(result.plan?.steps).toMatchObject([
      {
        index: 0,
        kind: 'call',
        name: 'call',
        input: {
          args: { key: 18446744073709551615n, f: new JsonFloat(1), g: null },
          state_retry_delay: 3,
          method: 'set',
        },
        outputs: { out: 'result.output' },
        expectedFailure: true,
        expectedError: 'no',
        position: { line: 6, column: 5 },
        path: 'steps[0]',
        branches: [],
      },
      { index: 1, kind: 'create_namespace', type: 'create_group', name: 'second', expectedFailure: false },
    ])
    expect(result.plan?.steps[0]).not.toHaveProperty('token')
    expect(result.plan?.settings).toMatchObject({
      waitTimeoutSec: 60,
      stopAllNodes: false,
      nodePrefix: 'calimero-node',
    })
    expect(result.plan).toMatchObject({ name: 'w', file: 'w.yml', stepCount: 2 })
  })

  test('nests to any depth', () => {
    const result = withSteps(`
  - type: repeat
    count: 2
    steps:
      - type: parallel
        groups:
          - name: a
            steps: [{type: wait, seconds: 1}]
          - steps: [{type: wait, seconds: 2}, {type: wait, seconds: 3}]
`)
    expect(lines(result)).toEqual([])
    const parallel = result.plan?.steps[0]?.branches[0]?.steps[0]
    expect(parallel?.path).toBe('steps[0].steps[0]')
    expect(parallel?.branches.map((branch) => [branch.path, branch.steps.map((step) => step.path)])).toEqual([
      [['groups', 0, 'steps'], ['steps[0].steps[0].groups[0].steps[0]']],
      [
        ['groups', 1, 'steps'],
        ['steps[0].steps[0].groups[1].steps[0]', 'steps[0].steps[0].groups[1].steps[1]'],
      ],
    ])
    expect(result.plan?.stepCount).toBe(5)
  })

  test('is not there when there is an error, and is there with warnings', () => {
    expect(plan('name: w\nnodes: {count: 1}\nresult: x\n').plan).toBeDefined()
    expect(plan('name: w\n').plan).toBeUndefined()
  })

  test('how to log in on a remote node follows from what is given, and is refused where something lacks', () => {
    const of = (auth: string) => {
      const result = plan(`name: w\nremote_nodes: { r: { url: 'http://h:1', auth: ${auth} } }\nsteps: []\n`)
      return result.plan?.remoteNodes[0]?.auth ?? lines(result)[0]
    }
    expect(of('{ api_key: k }')).toEqual({ method: 'api_key', apiKey: 'k' })
    expect(of('{ username: a, password: b }')).toEqual({ method: 'password', username: 'a', password: 'b' })
    expect(of('{ method: api_key }')).toMatch(/^2:41 error "method: api_key" has no key/)
    expect(of('{ method: password, username: a }')).toMatch(/^2:41 error "method: password" has no password \|/)
    expect(of('{ username: a, password: b, key: k }')).toMatch(/^2:41 error "auth" has a key and a name or password/)
    const idle = plan(
      `name: w\nremote_nodes: { r: { url: 'http://h:1', auth: { method: none, key: k } } }\nsteps: []\n`,
    )
    expect(lines(idle)[0]).toMatch(/warning "method: none" sends no key/)
  })

  test('what every run refuses is an error before a run, and a warning where a file of merobox is only checked', () => {
    const text = 'name: w\nnodes: { count: 1 }\nauth_service: true\nsteps: []\n'
    expect(lines(plan(text, { absentFiles: 'error' }))[0]).toMatch(/^3:1 error auth_service: true needs other programs/)
    const checked = plan(text, { absentFiles: 'warning' })
    expect(lines(checked)[0]).toMatch(/^3:1 warning a run refuses this file: auth_service: true needs/)
    expect(checked.plan).toBeDefined()
    const mode = plan(text.replace('auth_service: true', 'auth_mode: nonsense'), { absentFiles: 'warning' })
    expect(lines(mode)[0]).toMatch(/^3:1 error auth_mode: "nonsense" is not known/)
  })

  test('a remote node cannot have the name of one that the file starts', () => {
    const text = "name: w\nnodes: { count: 1, prefix: n }\nremote_nodes:\n  n-1: { url: 'http://h:1' }\nsteps: []\n"
    expect(lines(plan(text))[0]).toMatch(
      /^4:3 error the remote node "n-1" has the name of a node that this file starts/,
    )
    const local = plan('name: w\nnodes: { count: 1, prefix: n }\nsteps: []\n', { remoteNodeNames: ['n-1'] })
    expect(lines(local)[0]).toMatch(/^2:1 error the remote node "n-1"/)
  })

  test('expands the environment in remote nodes only', () => {
    const result = plan(
      `
name: \${NAME}
remote_nodes:
  r: {url: "http://\${HOST}:\${PORT:-80}/", auth: {method: password, username: u, password: "\${SECRET}"}}
  k: {url: "http://k", auth: {method: api_key, key: "\${HOST}"}}
`,
      { environment: { HOST: 'h' } },
    )
    expect(lines(result)).toEqual([
      '2:1 warning the file has no steps: the nodes are started, and nothing is done',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of the hint
      '4:91 warning the environment variable SECRET is not set | set it, or write ${SECRET:-default}',
    ])
    expect(result.plan?.remoteNodes).toMatchObject([
      // biome-ignore lint/suspicious/noTemplateCurlyInString: stays as it was written
      { name: 'r', url: 'http://h:80', auth: { method: 'password', username: 'u', password: '${SECRET}' } },
      { name: 'k', url: 'http://k', auth: { method: 'api_key', apiKey: 'h' } },
    ])
    // biome-ignore lint/suspicious/noTemplateCurlyInString: not a template
    expect(result.plan?.name).toBe('${NAME}')
  })
})

test('a file without nodes and steps is not said to start any', () => {
  expect(lines(plan('name: w\n')).filter((line) => line.includes('steps'))).toEqual([
    expect.stringMatching(/warning the file has no steps$/),
  ])
})

test('a file without nodes and steps is not said to start any', () => {
  expect(lines(plan('name: w\n')).filter((line) => line.includes('steps'))).toEqual([
    expect.stringMatching(/warning the file has no steps$/),
  ])
})

describe('nodes', () => {
  test.each<[string, string, unknown]>([
    ['counted', '{count: 2}', [{ name: 'calimero-node-1' }, { name: 'calimero-node-2', index: 1, counted: true }]],
    [
      'counted with ports',
      '{count: 2, prefix: n, base_port: 10, base_rpc_port: 20}',
      [{ rpcPort: 20 }, { swarmPort: 11, rpcPort: 21 }],
    ],
    [
      'named with defaults',
      '{mdns: true, image: i, a: {port: 5, mock_tee: true, chain_id: x}, b: , c: {image: j, mdns: false}}',
      [
        { name: 'a', swarmPort: 5, mockTee: true, mdns: true, image: 'i', counted: false },
        { name: 'b', image: 'i' },
        { name: 'c', image: 'j', mdns: false },
      ],
    ],
    [
      'counted and named',
      '{count: 1, prefix: n, n-1: {rpc_port: 9}, x: {}}',
      [
        { name: 'n-1', rpcPort: 9, counted: true },
        { name: 'x', index: 1 },
      ],
    ],
    ['listed', '[a, b]', [{ name: 'a' }, { name: 'b' }]],
  ])('%s', (_form, nodes, expected) => {
    expect(plan(`name: w\nnodes: ${nodes}\n`).plan?.nodes).toMatchObject(expected as object)
  })

  test.each([
    ['{count: 0}', '"count" must be at least 1, not 0'],
    ['{count: two}', '"count" must be a whole number, not the text "two"'],
    ['{count: "2"}', 'remove the quotes'],
    ['{count: 100000000}', 'at most 1000 nodes'],
    ['{count: 2, base_port: 70000}', 'must be at most 65535'],
    ['{count: 2, config_path: x}', 'cannot be used together with "count"'],
    ['5', '"nodes" must be a map or a list of names, not 5'],
    ['[a, a]', 'two nodes are named "a"'],
    ['[a, {b: c}]', 'a node name must be a text'],
    ['{a: {port: x}}', '"port" must be a whole number'],
    ['{prefix: n}', '"nodes" names no node'],
    ['{}', 'neither "nodes" nor "remote_nodes"'],
    ['["a b"]', '2:9 error the node name "a b" has " " in it, which no node can be called with | letters, digits'],
    ['["", a]', '2:9 error the node name "" is empty'],
    ['{"../x": {}}', '2:9 error the node name "../x" has "/" in it'],
    ['{count: 1, prefix: "../../victim"}', '2:27 error the node name "../../victim-1" has "/" in it'],
    ['{count: 1, prefix: -a}', 'the node name "-a-1" has "-" in it at its start'],
    [`{${'x'.repeat(129)}: {}}`, 'has 129 characters, and at most 128 can be used'],
    [
      '{a: {port: 5, rpc_port: 5}}',
      '2:32 error the HTTP port of a is 5, which is the swarm port of a already (nodes.a.port, 2:19)',
    ],
    ['{a: {port: 5}, b: {port: 5}}', '2:33 error the swarm port of b is 5, which is the swarm port of a already'],
    [
      '{count: 3, base_port: 9, base_rpc_port: 11}',
      'which is the HTTP port of calimero-node-1 already (nodes.base_rpc_port, 2:48)',
    ],
    [
      '{count: 3, base_port: 65534}',
      '2:30 error the swarm port of calimero-node-3 is 65536, and the last port is 65535',
    ],
  ])('%s: %s', (nodes, message) => {
    expect(lines(plan(`name: w\nnodes: ${nodes}\nsteps: [{type: wait, seconds: 1}]`)).join('\n')).toContain(message)
  })

  test('a setting that is not known is a warning', () => {
    const result = plan('name: w\nnodes: {count: 1, cout: 2}\nsteps: [{type: wait, seconds: 1}]')
    expect(lines(result)).toEqual([
      '2:19 warning "cout" is neither a setting of "nodes" nor a node, and has no effect | did you mean "count"?',
    ])
    expect(result.plan).toBeDefined()
  })
})

describe('problems', () => {
  test('of a file are all reported at once, with their places', () => {
    const result = plan(`nodes:
  count: 2
stop_all_node: true
wait_timeout: soon
steps:
  - type: cal
    node: x
  - type: call
    node: calimero-node-3
    context: c
    metod: set
  - type: login
  - node: a
  - just text
  - type: get_proposal
  - type: wait
    seconds: 0
    requester: me
`)
    expect(lines(result)).toEqual([
      '1:1 error the field "name" is missing | add name: … (Shown in reports)',
      '3:1 warning the top-level key "stop_all_node" is unknown and has no effect | did you mean "stop_all_nodes"?',
      '4:15 error "wait_timeout" must be like 500ms or 5s or 2m, not the text "soon" | write wait_timeout: 60 (Until each node must be ready: seconds, or with a unit: 500ms, 5s, 2m.)',
      '6:11 error unknown step kind "cal" | did you mean "call"?',
      '7:11 error unknown node "x" | the nodes are calimero-node-1, calimero-node-2',
      '8:5 error the field "context_id" is missing | add context_id: …',
      '8:5 error the field "method" is missing | add method: …',
      '9:11 error unknown node "calimero-node-3" | did you mean "calimero-node-1"?',
      '10:5 error unknown field "context" in a step of kind "call" | the fields of call: node, context_id, method, args, state_retry_delay',
      '11:5 error unknown field "metod" in a step of kind "call" | did you mean "method"?',
      '12:11 error step kind "login" of merobox is not supported by this version',
      '13:5 error the step has no "type" | add type: call, or another kind that "calbox steps" lists',
      '13:11 error unknown node "a" | the nodes are calimero-node-1, calimero-node-2',
      '14:5 error a step must be a map, not the text "just text"',
      '15:11 warning step kind "get_proposal" cannot be run: this step will fail | nodes no longer have proposals: delete this step',
      '17:14 error "seconds" must be greater than 0, not 0',
      '18:5 error "requester" was removed: the node knows from the session who is acting | delete this field',
    ])
    expect(result.plan).toBeUndefined()
  })

  test.each([
    ['{type: wait}', 'the field "seconds" is missing'],
    ['{type: wait, seconds: }', 'the field "seconds" has no value'],
    ['{type: wait, seconds: "{{s}}"}', 'a placeholder cannot stand here'],
    ['{type: wait, seconds: 1.5}', 'must be a whole number, not 1.5'],
    ['{type: wait_for_sync, nodes: [calimero-node-1], context_id: c}', 'must have at least 2 entries'],
    [
      '{type: wait_for_sync, nodes: [calimero-node-1, calimero-node-1], context_id: c}',
      'entry 2 of "nodes" is in the list twice',
    ],
    ['{type: wait_for_sync, nodes: [calimero-node-1, calimero-node-2]}', 'needs context_id or group_id'],
    [
      '{type: wait_for_sync, nodes: [calimero-node-1, calimero-nod-2], context_id: c}',
      'did you mean "calimero-node-2"',
    ],
    ['{type: wait, seconds: 1, expected_error: x}', '"expected_error" has no meaning without'],
    ['{type: wait, seconds: 1, outputs: [a]}', '"outputs" must be a map, not a list'],
    ['{type: wait, seconds: 1, outputs: {a: 5}}', 'the output "a" is 5'],
    ['{type: wait, seconds: 1, outputs: {a: {path: x}}}', 'without "field"'],
    [
      '{type: set_subgroup_visibility, node: calimero-node-1, visibility: opne}',
      'must be one of open, restricted, not the text "opne"',
    ],
    ['{type: repeat, count: 1, steps: []}', 'must have at least 1 entry'],
    ['{type: repeat, count: 1, steps: [{type: wiat, seconds: 1}]}', 'did you mean "wait"'],
    ['{type: parallel, groups: [{steps: [{type: wait}]}]}', 'the field "seconds" is missing'],
    ['{type: repeat, count: 1, steps: {type: wait}}', '"steps" must be a list, not a map'],
    ['{type: 5}', 'must be a text, not 5'],
    ['{type: ""}', 'no usable "type"'],
    ['{type: conditional}', 'unknown step kind'],
    ['{type: wait, seconds: 1, again: 3}', 'unknown field "again"'],
  ])('%s: %s', (step, message) => {
    const result = withSteps(`  - ${step}\n`)
    expect(lines(result).join('\n')).toContain(message)
    expect(result.plan).toBeUndefined()
  })

  test.each([
    [
      '{type: stop_node, nodes: calimero-node-1, node: calimero-node-1}',
      'unknown field "node" in a step of kind "stop_node"; it has no effect',
    ],
    ['{type: stop_node, nodes: calimero-node-9}', 'unknown node "calimero-node-9"'],
    ['{type: fuzzy_test, operations: [{name: o, steps: [{type: call, foo: 1}]}]}', 'unknown field "foo"'],
  ])('%s is only a warning: %s', (step, message) => {
    const result = withSteps(`  - ${step}\n`)
    expect(lines(result).join('\n')).toContain(message)
    expect(result.plan).toBeDefined()
  })

  test('images are noted once', () => {
    const result = plan('name: w\nimage: a\nnodes: {count: 1, image: b}\nsteps: [{type: wait, seconds: 1}]')
    expect(lines(result)).toEqual([
      '2:1 note the image a is noted; the nodes of this program are run unless its use is asked for',
    ])
    expect(result.plan?.settings.image).toBe('b')
  })

  test('every known name of merobox that is not there is "not supported"', () => {
    const none = stepSchemaRegistry([])
    expect(UPSTREAM_STEP_TYPES.size).toBe(105)
    for (const type of UPSTREAM_STEP_TYPES) {
      expect(lines(withSteps(`  - type: ${type}\n`, { kinds: none }))).toEqual([
        `5:11 error step kind "${type}" of merobox is not supported by this version`,
      ])
    }
  })

  test('nodes of the command line are known', () => {
    const steps = 'steps: [{type: create_group, node: far, application_id: a}]'
    expect(plan(`name: w\n${steps}`, { remoteNodeNames: ['far'] }).plan).toBeDefined()
    expect(lines(plan(`name: w\nremote_nodes: {}\n${steps}`)).join()).toContain('the file has neither "nodes" nor')
  })
})

test('settings of a node that have no meaning are warned of, but for one that known files carry', () => {
  const result = plan('name: w\nnodes:\n  a: { rpc_prt: 7180, chain_id: x }\nsteps: [{ type: wait, seconds: 1 }]\n')
  expect(lines(result)).toEqual([
    '3:8 warning "rpc_prt" is no setting of a node, and has no effect | did you mean "rpc_port"?',
  ])
})

test('of a key that is there twice the later one counts', () => {
  const result = plan('name: a\nname: b\nnodes: { count: 1 }\nsteps: [{ type: wait, seconds: 1 }]\n')
  expect(result.plan?.name).toBe('b')
  expect(result.problems).toMatchObject([{ severity: 'warning', line: 2 }])
})
