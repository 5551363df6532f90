import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { RunningNode } from '../driver/driver.ts'
import { DriverError } from '../driver/errors.ts'
import { FixtureDriver } from '../testing/fixture-driver.ts'
import { faultsOn } from '../testing/fixture-faults.ts'
import { FixtureNetwork } from '../testing/fixture-network.ts'
import { startFixtureNode } from '../testing/fixture-server.ts'
import { freePort } from '../testing/free-port.ts'
import { notesOf, outcomesOf, runYaml, temporaryDirectory, withContext } from '../testing/run-yaml.ts'
import type { RunEvent } from './events.ts'

const WAIT = '{ name: pause, type: wait, seconds: 5 }'
const file = (settings: string, steps = WAIT) => `{ name: My Run!, ${settings}, steps: [${steps}] }`
const NODES = 'nodes: { count: 2, prefix: n }'

function kept(driver: FixtureDriver): string[] {
  return [...driver.kept].sort()
}

test('the run directory has the plan, every step nested with its time, and the log of every node', async () => {
  const run = await runYaml(
    withContext(
      "  - { name: loop, type: repeat, count: 2, steps: [{ name: in, type: call, node: n-1, context_id: '{{context_id}}', method: len, outputs: { l: result.output } }] }",
    ),
  )
  expect(path.basename(run.runDir)).toMatch(/^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ-test(-\d+)?$/)
  expect(path.dirname(run.runDir)).toBe(path.join(run.cwd, '.calbox/runs'))
  expect(readdirSync(run.runDir).sort()).toEqual(['logs', 'plan.json', 'run.json'])
  expect(readFileSync(path.join(run.runDir, 'logs/n-2.log'), 'utf8')).toContain('last words of n-2')
  const record = JSON.parse(readFileSync(path.join(run.runDir, 'run.json'), 'utf8'))
  expect(record).toMatchObject({
    name: 'test',
    outcome: 'passed',
    exitCode: 0,
    counts: { passed: 8, failed: 0, notReached: 0 },
  })
  expect(record.planned).toEqual({ steps: 6, nestedSteps: 1 })
  expect(record.nodes.map(({ name }: { name: string }) => name)).toEqual(['n-1', 'n-2'])
  const loop = record.steps.at(-1)
  expect(loop).toMatchObject({ kind: 'repeat', outcome: 'passed', place: { file: 'test.yml' } })
  expect(loop.steps.map(({ scope }: { scope: string }) => scope)).toEqual(['iteration 1 of 2', 'iteration 2 of 2'])
  expect(loop.steps[0]).toMatchObject({ kind: 'call', captured: { l: 0 }, durationMs: expect.any(Number) })
  expect(JSON.parse(readFileSync(path.join(run.runDir, 'plan.json'), 'utf8')).stepCount).toBe(7)
})

test('secrets are in none of the files of a run', async () => {
  const run = await runYaml(
    `
name: secrets
remote_nodes:
  key: { url: 'http://me:\${SECRET}@127.0.0.1:9/?k=\${SECRET}', auth: { method: api_key, api_key: '\${SECRET}' } }
  login: { url: 'http://127.0.0.1:9', auth: { method: password, username: me, password: '\${SECRET}' } }
steps:
  - type: repeat
    count: 1
    steps: [{ type: call, node: key, context_id: c, method: m, token: s3cr3t, args: { big: 18446744073709551615 } }]
  - { type: call, node: key, context_id: c, method: m, token: '{{token}}', args: { password: '{{p}}', f: 1.0 } }
`,
    { env: { SECRET: 's3cr3t' } },
  )
  for (const name of ['plan.json', 'run.json']) {
    expect(readFileSync(path.join(run.runDir, name), 'utf8')).not.toContain('s3cr3t')
  }
  const plan = readFileSync(path.join(run.runDir, 'plan.json'), 'utf8')
  for (const kept of ['18446744073709551615', '"{{token}}"', '"{{p}}"', '1.0', '"username": "me"', '127.0.0.1:9/']) {
    expect(plan).toContain(kept)
  }
})

test('a secret is in nothing that is said of a run, whatever step met it', async () => {
  const steps = [
    `wait_for_sync, nodes: [n-1, n-2], context_id: '{{context_id}}', timeout: 1, expect: { method: get, args: { key: a }, equals: { output: '{{pw}}' } }`,
    `assert_api_response, node: n-1, path: /admin-api/identity, match: { data.publicKey: '{{pw}}' }`,
    `join_context, node: n-1, context_id: '{{pw}}'`,
    `call, node: n-1, context_id: '{{context_id}}', method: nope, args: { key: '{{pw}}' }`,
    `node_identity, node: '{{pw}}'`,
    `join_context, node: n-1, context_id: nope, expected_failure: true, expected_error: '{{pw}}'`,
    `download_blob, node: n-1, blob_id: '{{pw}}'`,
    `script, script: '{{pw}}.sh', target: local`,
    `assert, statements: [{ statement: "contains('{{pw}}', 'x')", message: 'no {{pw}}' }]`,
  ]
  for (const step of steps) {
    const text = withContext(`  - { type: ${step} }`).replace('\nsteps:', `\nvars: { pw: '$\{PW}' }\nsteps:`)
    const run = await runYaml(text, { env: { PW: 'hunter2' } })
    expect(run.outcome).toBe('failed')
    const files = ['plan.json', 'run.json'].map((name) => readFileSync(path.join(run.runDir, name), 'utf8'))
    expect(JSON.stringify([run.events, run.failure, run.record, files])).not.toContain('hunter2')
  }
})

test('a secret that a message cuts off leaves no beginning of it', async () => {
  const steps = [
    `call, node: n-1, context_id: '{{context_id}}', method: echo, args: { t: 'postgres://admin@db.example.org;pwd={{pw}}' }`,
    `call, node: n-1, context_id: '{{context_id}}', method: echo, args: { t: '${'y'.repeat(430)}{{pw}}' }, expect: { result.output.u: 1 }`,
    `call, node: n-1, context_id: '{{context_id}}', method: echo, args: { t: '${'y'.repeat(430)}{{pw}}' }, expected_failure: true`,
  ]
  for (const step of steps) {
    const text = withContext(`  - { type: ${step} }`).replace('\nsteps:', `\nvars: { pw: '$\{PW}' }\nsteps:`)
    const run = await runYaml(text, { env: { PW: 'Corr3ct-Horse-Battery-Staple-of-forty-seven-ch' } })
    expect(JSON.stringify([run.events, run.failure, run.record])).not.toContain('Cor')
  }
})

test('a number that JSON lacks is captured, recorded and compared, and cannot be sent', async () => {
  const set = (value: string) =>
    `  - { type: call, node: n-1, context_id: '{{context_id}}', method: set, args: { key: a, value: ${value} } }\n`
  const got = `${set("'NaN'")}  - { type: call, node: n-1, context_id: '{{context_id}}', method: get, args: { key: a }, outputs: { got: result.output } }\n`
  const passed = await runYaml(`vars: { x: .nan, y: .inf }\n${withContext(got)}`)
  expect(passed.outcome).toBe('passed')
  const record = JSON.parse(readFileSync(path.join(passed.runDir, 'run.json'), 'utf8'))
  expect(record.captured).toMatchObject({ got: 'NaN', x: 'NaN', y: 'Infinity' })
  const failed = await runYaml(withContext(`${got}  - { type: assert, statements: ['1 == 2'] }`))
  expect(failed.failure?.message).toContain('1 == 2')
  expect(failed.events.at(-1)).toMatchObject({ type: 'run:end', exitCode: 1 })
  const sent = await runYaml(withContext(`${got}${set("'{{got}}'")}`))
  expect(sent.failure).toMatchObject({ code: 'not_json', message: 'nan has no JSON form' })
  expect(existsSync(path.join(sent.runDir, 'run.json'))).toBe(true)
})

test('two runs of one second have directories of their own', async () => {
  const cwd = temporaryDirectory()
  const runs = await Promise.all([runYaml(file(NODES), { cwd }), runYaml(file(NODES), { cwd })])
  expect(new Set(runs.map(({ runDir }) => runDir)).size).toBe(2)
})

test('events come in order: start, nodes, meshed, steps, history, teardown, end', async () => {
  const run = await runYaml(file(`${NODES}, image: some/image, stop_all_nodes: true`))
  // Which ports are free is not up to the test.
  const own = run.events.filter((event) => event.type !== 'note' || !event.message.startsWith('ports '))
  const types = own.map(({ type }) => type).filter((type) => !type.startsWith('node:'))
  expect(types).toEqual([
    'run:start',
    'note',
    'phase',
    'network:meshed',
    'phase',
    'step:start',
    'step:end',
    'history',
    'phase',
    'run:end',
  ])
  expect(notesOf(run)).toContain('image some/image is not used: nodes run as processes')
})

/** Its nodes were kept by an earlier run. */
class KeptNodes extends FixtureDriver {
  override readonly capabilities = { lifecycle: true, pause: true, logs: true, hostFiles: true, linkFaults: true }

  override async start(...args: Parameters<FixtureDriver['start']>): Promise<RunningNode> {
    return Object.assign(await super.start(...args), { adopted: true })
  }
}

test('kept nodes are not said to be meshed while a fault of an earlier run is on', async () => {
  const isMeshed = ({ type }: RunEvent) => type === 'network:meshed'
  const network = new FixtureNetwork()
  const whole = await runYaml(file(NODES), { driver: new KeptNodes(network) })
  expect(whole.events.filter(isMeshed)).toHaveLength(1)
  const cut = new FixtureNetwork()
  faultsOn(cut.node('n-1')).set('apart', { disk: 'full' })
  const apart = await runYaml(file(NODES), { driver: new KeptNodes(cut) })
  expect(apart.events.filter(isMeshed)).toEqual([])
  expect(notesOf(apart)).toContain('faults of an earlier run are still on: apart; heal ends them')
})

test('a node program that the file names is noted: the nodes are those of calbox', async () => {
  const run = await runYaml(file(`${NODES}, binary_path: ./merod, stop_all_nodes: true`))
  expect(notesOf(run)).toContain(
    'binary_path ./merod is not used: nodes run the program of calbox (--driver merod runs it)',
  )
})

test('nodes go on after the run unless stop_all_nodes says otherwise, after failures, too', async () => {
  const good = await runYaml(file(NODES))
  expect(kept(good.driver)).toEqual(['n-1', 'n-2'])
  expect(good.events.at(-1)).toMatchObject({ type: 'run:end', nodesLeftRunning: ['n-1', 'n-2'] })
  const bad = await runYaml(file(NODES, "{ type: assert, statements: ['1 == 2'] }"))
  expect([bad.exitCode, kept(bad.driver)]).toEqual([1, ['n-1', 'n-2']])
  const stopped = await runYaml(file(`${NODES}, stop_all_nodes: true`))
  expect(kept(stopped.driver)).toEqual([])
  expect(stopped.events.at(-1)).toMatchObject({ nodesLeftRunning: [] })
})

test('the first failing step ends the run', async () => {
  const run = await runYaml(file(NODES, `{ name: bad, type: assert, statements: ['1 == 2'] }, ${WAIT}`))
  expect(outcomesOf(run, 'bad')).toEqual(['failed'])
  expect(outcomesOf(run, 'pause')).toEqual([])
})

test('a failure that was expected where it cannot be says so', async () => {
  const step = "{ type: assert, statements: ['1 == 2'], expected_failure: true }"
  const run = await runYaml(file(NODES, `{ type: repeat, count: 1, steps: [${step}] }`))
  expect(run.failure).toMatchObject({ code: 'assertion', help: 'expected_failure has no effect on assert' })
})

test('steps that were never reached are counted, nested ones, too, and repeated ones once', async () => {
  const loop = (body: string) => `{ type: repeat, count: 2, steps: [${body}] }`
  const bad = "{ type: assert, statements: ['1 == 2'] }"
  const run = await runYaml(file(NODES, `${loop(WAIT)}, ${bad}, ${WAIT}, ${loop(WAIT)}`))
  const { counts, planned } = JSON.parse(readFileSync(path.join(run.runDir, 'run.json'), 'utf8'))
  expect(planned).toEqual({ steps: 4, nestedSteps: 2 })
  expect(counts).toMatchObject({ passed: 3, failed: 1, notReached: 3 })
})

test('the settings of the file reach the driver', async () => {
  const rpcPort = await freePort()
  const settings = 'auth_mode: proxy, e2e_mode: true, bootstrap_nodes: [/ip4/1.2.3.4/tcp/1]'
  const run = await runYaml(file(`nodes: { alice: { rpc_port: ${rpcPort}, mdns: true }, bob: {} }, ${settings}`))
  const [alice, bob] = ['alice', 'bob'].map((name) => run.driver.specs.find((spec) => spec.name === name))
  expect(alice).toMatchObject({
    rpcPort,
    mdns: true,
    authMode: 'proxy',
    e2eMode: true,
    bootstrapNodes: ['/ip4/1.2.3.4/tcp/1'],
  })
  expect(bob).toMatchObject({ mdns: false, bootstrap: [expect.stringMatching(/^\/ip4\/127/)] })
  expect(alice?.runId).toBe(bob?.runId)
})

function dataOf(cwd: string, ...names: string[]): void {
  for (const name of names) {
    mkdirSync(path.join(cwd, 'data', name, name), { recursive: true })
    writeFileSync(path.join(cwd, 'data', name, name, 'config.toml'), '')
  }
}

test('nuke_on_start removes data of the nodes, and names what is counted like them and not of this workflow', async () => {
  const cwd = temporaryDirectory()
  dataOf(cwd, 'n-1', 'n-9', 'other-1')
  const run = await runYaml(file(`${NODES}, nuke_on_start: true`), { cwd })
  expect(readdirSync(path.join(cwd, 'data'))).toEqual(['n-9', 'other-1'])
  expect(notesOf(run).join()).toContain('removed the data of n-1')
  expect(notesOf(run).join()).toContain('the data of n-9 stays')
})

test('nuke_on_end stops the nodes and removes data after success, and keeps all after a failure', async () => {
  const cwd = temporaryDirectory()
  dataOf(cwd, 'n-1')
  const bad = await runYaml(file(`${NODES}, nuke_on_end: true`, "{ type: assert, statements: ['1 == 2'] }"), { cwd })
  expect(existsSync(path.join(cwd, 'data/n-1'))).toBe(true)
  expect(kept(bad.driver)).toEqual(['n-1', 'n-2'])
  const good = await runYaml(file(`${NODES}, nuke_on_end: true`), { cwd })
  expect(existsSync(path.join(cwd, 'data/n-1'))).toBe(false)
  expect(kept(good.driver)).toEqual([])
})

/** Runs until a step of this name has started, and then does something to it. */
const onStart = (name: string, action: () => void) => (event: RunEvent) => {
  if (event.type === 'step:start' && event.step.name === name) action()
}

test('an interrupt cancels the current step, stops all nodes and still writes the results', async () => {
  const interrupt = new AbortController()
  const reason = Object.assign(new Error('interrupted'), { exitCode: 143 })
  let runDir = ''
  let early: unknown
  const run = await runYaml(file(NODES, '{ name: long, type: wait, seconds: 1000 }'), {
    signal: interrupt.signal,
    onEvent: (event) => {
      if (event.type === 'run:start') runDir = event.runDir
      onStart('long', () => interrupt.abort(reason))(event)
      // A second interrupt may come from here on.
      const isEnding = event.type === 'phase' && event.phase === 'teardown'
      if (isEnding) early = JSON.parse(readFileSync(path.join(runDir, 'run.json'), 'utf8'))
    },
  })
  expect(early).toMatchObject({ outcome: 'interrupted', exitCode: 143, steps: [{ outcome: 'cancelled' }] })
  expect([run.outcome, run.exitCode, run.failure]).toEqual(['interrupted', 143, undefined])
  expect(outcomesOf(run, 'long')).toEqual(['cancelled'])
  expect(kept(run.driver)).toEqual([])
  expect(JSON.parse(readFileSync(path.join(run.runDir, 'run.json'), 'utf8')).outcome).toBe('interrupted')
})

test('a run that takes too long ends with the exit code of a timeout, wherever it is', async () => {
  const network = new FixtureNetwork()
  network.node('n-1').fail('POST', /jsonrpc/, 'hang')
  const steps = '{ name: ask, type: call, node: n-1, context_id: c, method: m }'
  const run = await runYaml(file(NODES, steps), { network, timeoutMs: 20 })
  expect(run.exitCode).toBe(4)
  expect(run.failure).toMatchObject({ code: 'run_timeout' })
})

test('what these nodes cannot do is refused before anything is started', async () => {
  for (const setting of [
    'auth_service: true',
    'topology: { type: nat, nat_mode: cone, boot_node: { image: i, keypair: k } }',
  ]) {
    const run = await runYaml(file(`${NODES},\n  ${setting}`))
    expect([run.exitCode, run.failure?.code, run.driver.specs]).toEqual([3, 'unsupported', []])
    expect(run.failure?.message).toContain(setting.split(':')[0])
    expect(run.failure?.place).toEqual({ file: 'test.yml', line: 2, column: 3 })
  }
})

test('with embedded authentication the nodes are told so, and the given user is logged in before the first step', async () => {
  const steps = '{ type: list_namespaces, node: n-1 }'
  const network = new FixtureNetwork()
  network.node('n-1').tokens = new Set()
  const login = { username: 'ann', password: 'secret' }
  const run = await runYaml(file(`${NODES},\n  auth_mode: embedded`, steps), { network, login })
  expect(run.failure?.message).toBeUndefined()
  expect(run.driver.specs.map(({ authMode }) => authMode)).toContain('embedded')
  expect(network.node('n-1').requests.at(-1)?.authorization).toMatch(/^Bearer h\./)
})

test('a remote node is logged in on by name and password', async () => {
  const network = new FixtureNetwork()
  const far = network.node('far')
  far.tokens = new Set()
  const url = await startFixtureNode(far)
  const text = `name: r
remote_nodes: { far: { url: '${url}', auth: { method: password, username: ann, password: '\${PASS}' } } }
steps: [{ type: list_namespaces, node: far }]`
  expect((await runYaml(text, { network, env: { PASS: 'secret' } })).failure?.message).toBeUndefined()
  await startFixtureNode(far)
  const wrong = await runYaml(text.replace(url, await startFixtureNode(far)), { network, env: { PASS: 'no' } })
  expect(wrong.failure).toMatchObject({ during: 'starting the nodes', message: expect.stringContaining('HTTP 401') })
  expect(wrong.failure?.message).toContain('logging in on the remote node far (http://127.0.0.1:')
  expect(wrong.failure?.help).toBe('check its name and password, in auth or --remote-auth')
})

test('who asks a node that wants to know who is calling is told to log in', async () => {
  const network = new FixtureNetwork()
  network.node('n-1').tokens = new Set()
  const run = await runYaml(file('nodes: { count: 1, prefix: n }', '{ type: list_namespaces, node: n-1 }'), { network })
  expect(run.failure).toMatchObject({
    node: 'n-1',
    help: expect.stringMatching(/^log in: a step of type login before/),
  })
  const step = '{ type: list_namespaces, node: n-1, token: abc }'
  const own = await runYaml(file('nodes: { count: 1, prefix: n }', step), { network })
  expect(own.failure?.help).toMatch(/^the node does not take the token that the step gives/)
})

test('a port that somebody has is marked in the file; a url that is no address names its node', async () => {
  const driver = new FixtureDriver(new FixtureNetwork())
  driver.failStart = new DriverError('PORT_BUSY', 'port 4000 is taken', { data: { port: 4000 } })
  const run = await runYaml(file('nodes: { count: 1, prefix: n, base_rpc_port: 4000 }'), { driver })
  expect(run.failure?.place).toMatchObject({ file: 'test.yml', line: 1, column: 48 })
  const remote = await runYaml(file('remote_nodes: { far: { url: nowhere } }'))
  expect(remote.failure?.message).toBe('remote node far: its url is no address that can be asked')
})

test('a node that cannot be started fails the run before its steps', async () => {
  const driver = new FixtureDriver(new FixtureNetwork())
  driver.failStart = new Error('no memory')
  const run = await runYaml(file(NODES), { driver })
  expect(run.failure?.message).toContain('no memory')
  expect(outcomesOf(run, 'pause')).toEqual([])
})

test('remote nodes are only talked to', async () => {
  const run = await runYaml(
    `{ name: r, remote_nodes: { far: { url: "http://127.0.0.1:9" } }, steps: [{ type: create_identity, node: far }] }`,
  )
  expect(run.driver.specs).toEqual([])
  expect(run.failure).toMatchObject({ code: 'client_network', node: 'far' })
})

test('a success that was not expected shows the reply, but for tokens, and marks the key', async () => {
  const step = (text: string) => `name: t\nstop_all_nodes: true\nnodes: { count: 1, prefix: n }\nsteps:\n  - ${text}\n`
  const shown = await runYaml(
    step('{ type: assert_api_response, node: n-1, path: admin-api/health, present: [data], expected_failure: true }'),
  )
  expect(shown.failure?.message).toMatch(/expected to fail, and succeeded:\n {2}the reply: .*alive/)
  expect(shown.failure?.place).toMatchObject({ line: 5, column: 104 })
  const login = await runYaml(step('{ type: login, node: n-1, username: u, password: secret, expected_failure: true }'))
  expect(login.failure?.message).toMatch(/expected to fail, and succeeded: u is logged in$/)
})

test('a statement that does not hold is marked where it stands', async () => {
  const run = await runYaml(
    "name: t\nstop_all_nodes: true\nnodes: { count: 1, prefix: n }\nsteps:\n  - type: assert\n    statements:\n      - 1 == 1\n      - { statement: '2 == 3', message: m }\n",
  )
  expect(run.failure?.place).toMatchObject({ line: 8, column: 11 })
  expect(run.failure?.comparisons).toEqual([
    { statement: '2 == 3', label: 'm', left: '"2"', operator: '==', right: '"3"' },
  ])
})
