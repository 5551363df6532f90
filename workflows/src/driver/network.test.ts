import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { RunningNode } from './driver.ts'
import { stopLocalNode } from './local-nodes.ts'
import { type NetworkEvent, type NetworkRequest, startNetwork } from './network.ts'
import { openProcessDriver } from './process/open-process-driver.ts'
import { identify } from './process/process-identity.ts'
import { isProcessRunning, NodeState } from './state/node-state.ts'

const calnode = fileURLToPath(new URL('./fixtures/fake-node.mjs', import.meta.url))
const { signal } = new AbortController()

let dir: string
let opened: ReturnType<typeof openProcessDriver>[]
let events: NetworkEvent[]

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calbox-network-'))
  opened = []
  events = []
})

afterEach(async () => {
  for (const { driver } of opened) await driver.close({ graceMs: 0 })
  // What a failed test has kept and nobody adopted.
  const state = new NodeState(join(dir, '.calbox'))
  for (const record of await state.list())
    if (isProcessRunning(record)) await stopLocalNode(state, record, { graceMs: 0 })
  rmSync(dir, { recursive: true, force: true })
})

function open() {
  const parts = openProcessDriver({ calnode, stateDir: join(dir, '.calbox') })
  opened.push(parts)
  return { ...parts, onEvent: (event: NetworkEvent) => events.push(event) }
}

function request(names: string[], more: Partial<NetworkRequest> = {}): NetworkRequest {
  return { name: 'demo', nodes: names.map((name) => ({ name })), dataRoot: join(dir, 'data'), ...more }
}

async function bootNodes(node: RunningNode | undefined): Promise<string[]> {
  const reply = (await (await fetch(`${node?.url}/admin-api/health`)).json()) as { data: { args: string[] } }
  const { args } = reply.data
  return args.includes('--boot-nodes') ? (args[args.indexOf('--boot-nodes') + 1] ?? '').split(',') : []
}

function types(): string[] {
  return events.map((event) => event.type).filter((type) => type !== 'port-moved')
}

test('a name that leads elsewhere is refused before anything is made', async () => {
  const refused = startNetwork(open(), request(['n1', '../n2']), { signal })
  await expect(refused).rejects.toMatchObject({ code: 'NODE_NAME', exitCode: 2, data: { node: '../n2' } })
  expect(events).toEqual([])
})

test('the nodes of a run get one private id and boot from each other', async () => {
  const network = await startNetwork(open(), request(['n1', 'n2', 'n3']), { signal })
  const [first, second, third] = network.nodes
  expect(network.nodes.map((node) => [node.name, node.spec.runId])).toEqual(
    ['n1', 'n2', 'n3'].map((name) => [name, network.runId]),
  )
  expect(await bootNodes(second)).toEqual([first?.swarmAddress, third?.swarmAddress])
  expect(new Set(network.nodes.flatMap(({ spec }) => [spec.rpcPort, spec.swarmPort])).size).toBe(6)
  expect(types().sort()).toEqual(['meshed', 'ready', 'ready', 'ready', 'starting', 'starting', 'starting'])
})

test('unwired nodes are told of nobody', async () => {
  const network = await startNetwork(open(), request(['n1', 'n2'], { wire: false }), { signal })
  expect(await bootNodes(network.nodes[0])).toEqual([])
  expect(types()).not.toContain('meshed')
})

test('a busy default port is replaced and said; a busy asked-for one is an error before anything starts', async () => {
  const parts = open()
  const { port } = await parts.ports.choose({ of: 'test', port: 15_000, explicit: false })
  const server = createServer().listen(port, '127.0.0.1')
  try {
    const asked = startNetwork(parts, request(['n1'], { baseRpcPort: port }), { signal })
    await expect(asked).rejects.toMatchObject({ code: 'PORT_BUSY', exitCode: 3 })
    expect(types()).toEqual([])
  } finally {
    server.close()
  }
  const two = await startNetwork(parts, request(['n1', 'n2']), { signal })
  const third = await startNetwork(open(), request(['n3']), { signal })
  expect(third.nodes[0]?.spec.rpcPort).not.toBe(two.nodes[0]?.spec.rpcPort)
  // One line for both of its ports.
  const moved = events.filter(({ type }) => type === 'port-moved')
  expect(moved.at(-1)).toEqual({
    type: 'port-moved',
    message: expect.stringMatching(/^ports? \d+.* in use.* using (\d+|free ones) instead$/),
  })
  expect(moved.length).toBeLessThanOrEqual(2)
})

test('one failing node fails the network and leaves nothing running', async () => {
  const nodes = [
    { name: 'n1' },
    { name: 'n2', env: { FAKE_NODE: 'dies' } },
    { name: 'n3', env: { FAKE_NODE: 'silent' } },
  ]
  const failing = startNetwork(open(), request([], { nodes }), { signal })
  await expect(failing).rejects.toMatchObject({ code: 'NODE_EXITED', data: { node: 'n2' } })
  const pids = events.flatMap((event) => (event.type === 'ready' ? [event.node.pid ?? 0] : []))
  expect(pids.map((pid) => identify(pid))).toEqual(pids.map(() => undefined))
})

test('a network that never meshes is an error that names the node', async () => {
  const nodes = [{ name: 'n1' }, { name: 'n2', env: { FAKE_NODE: 'alone' } }]
  const lonely = startNetwork(open(), request([], { nodes, readyTimeoutMs: 5_000 }), { signal })
  await expect(lonely).rejects.toMatchObject({
    code: 'MESH_TIMEOUT',
    exitCode: 4,
    data: { node: 'n2', seen: 'HTTP 503: starting' },
  })
})

test('a node that is not meshed says what it has, and which address has not answered', async () => {
  const parts = open()
  const nodes = [{ name: 'n1', env: { FAKE_NODE: 'lacks' } }]
  const silent = ['/ip4/127.0.0.1/tcp/9']
  const network = await startNetwork(parts, request([], { nodes, wire: false, bootstrapNodes: silent }), { signal })
  const failures = network.nodes.map((node) => parts.driver.meshed(node, { signal, readyTimeoutMs: 1 }))
  await expect(Promise.all(failures)).rejects.toMatchObject({
    message: expect.stringContaining(
      'last gave: HTTP 503: connected to 0 of 1 nodes, 0 greeted, 0 reached by gossip; /ip4/127.0.0.1/tcp/9 did not answer',
    ),
    data: { silent },
  })
})

test('nodes left running are adopted by the next run, which joins their network', async () => {
  const first = open()
  const before = await startNetwork(first, request(['n1', 'n2']), { signal })
  for (const node of before.nodes) await first.driver.keep(node)
  await first.driver.close()
  const after = await startNetwork(open(), request(['n1', 'n2', 'n3'], { name: 'other' }), { signal })
  expect(after).toMatchObject({ name: 'demo', runId: before.runId })
  expect(after.nodes.map((node) => node.adopted)).toEqual([true, true, false])
  expect(after.nodes[0]?.pid).toBe(before.nodes[0]?.pid)
  expect(await bootNodes(after.nodes[2])).toEqual([before.nodes[1]?.swarmAddress, before.nodes[0]?.swarmAddress])
})

test('a failing run leaves adopted nodes as they were', async () => {
  const first = open()
  const before = await startNetwork(first, request(['n1']), { signal })
  for (const node of before.nodes) await first.driver.keep(node)
  await first.driver.close()
  const second = open()
  const nodes = [{ name: 'n1' }, { name: 'n2', env: { FAKE_NODE: 'dies' } }]
  await expect(startNetwork(second, request([], { nodes }), { signal })).rejects.toMatchObject({ code: 'NODE_EXITED' })
  await second.driver.close()
  expect(await open().driver.adopt('n1', { signal })).toMatchObject({ pid: before.nodes[0]?.pid })
})

test('restart stops what runs and starts it anew', async () => {
  const first = open()
  const before = await startNetwork(first, request(['n1']), { signal })
  for (const node of before.nodes) await first.driver.keep(node)
  await first.driver.close()
  const { rpcPort, swarmPort } = before.nodes[0]?.spec ?? {}
  const again = { name: 'n1', rpcPort, swarmPort }
  const after = await startNetwork(open(), request([], { nodes: [again], restart: true }), { signal })
  expect(after.runId).toBe(before.runId)
  expect(after.nodes[0]).toMatchObject({ adopted: false, name: 'n1', spec: { rpcPort, swarmPort } })
  expect(after.nodes[0]?.pid).not.toBe(before.nodes[0]?.pid)
  expect(identify(before.nodes[0]?.pid ?? 0)).toBeUndefined()
})

test('a node that is restarted alone finds the rest of its network again', async () => {
  const first = open()
  const before = await startNetwork(first, request(['n1', 'n2']), { signal })
  for (const node of before.nodes) await first.driver.keep(node)
  await first.driver.close()
  const after = await startNetwork(open(), request(['n1'], { restart: true }), { signal })
  expect(await bootNodes(after.nodes[0])).toEqual([before.nodes[1]?.swarmAddress])
  const rest = await open().driver.adopt('n2', { signal })
  expect(rest?.pid).toBe(before.nodes[1]?.pid)
})

test('nodes of a run that is still going are not taken away from it', async () => {
  const owner = open()
  const running = await startNetwork(owner, request(['n1']), { signal })
  await expect(startNetwork(open(), request(['n1']), { signal })).rejects.toMatchObject({
    code: 'NODE_IN_USE',
    exitCode: 3,
  })
  const same = await startNetwork(owner, request(['n1']), { signal })
  expect(same.nodes[0]).toBe(running.nodes[0])
})

test('nodes of different networks cannot form one run', async () => {
  for (const name of ['n1', 'n2']) {
    const parts = open()
    const network = await startNetwork(parts, request([name], { name: `net-${name}` }), { signal })
    for (const node of network.nodes) await parts.driver.keep(node)
    await parts.driver.close()
  }
  await expect(startNetwork(open(), request(['n1', 'n2']), { signal })).rejects.toMatchObject({ code: 'NETWORK_MIXED' })
})

test('an abort ends what was started and rejects with its reason', async () => {
  const abort = new AbortController()
  const parts = open()
  const onEvent = (event: NetworkEvent) => {
    events.push(event)
    if (event.type === 'ready') abort.abort(new Error('enough'))
  }
  const nodes = [{ name: 'n1' }, { name: 'n2', env: { FAKE_NODE: 'silent' } }]
  const starting = startNetwork({ ...parts, onEvent }, request([], { nodes }), { signal: abort.signal })
  await expect(starting).rejects.toThrow('enough')
  const pids = events.flatMap((event) => (event.type === 'ready' ? [event.node.pid ?? 0] : []))
  expect(pids.map((pid) => identify(pid))).toEqual([undefined])
})
