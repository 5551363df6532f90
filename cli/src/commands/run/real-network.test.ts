// The commands with the real node program: what the pretend one of the other tests cannot show.
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { NodeClient, NodeState } from '@calbox/workflows'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { CommandEdge } from '../command-edge.ts'
import { runDown } from '../network/down.ts'
import { runUp } from '../network/up.ts'
import { runRun } from './run.ts'

const BUSY_MACHINE_MS = 120_000

let edge: CommandEdge

beforeEach(() => {
  const cwd = realpathSync(mkdtempSync(join(tmpdir(), 'calbox-real-')))
  const output = { write: () => {} }
  edge = {
    cwd,
    stdout: output,
    stderr: output,
    stdin: new PassThrough(),
    signal: new AbortController().signal,
    env: {},
  }
})

afterEach(async () => {
  await runDown([], { all: true, timeout: 1 }, edge)
  rmSync(edge.cwd, { recursive: true, force: true })
}, BUSY_MACHINE_MS)

async function clients(): Promise<NodeClient[]> {
  const records = await new NodeState(join(edge.cwd, '.calbox')).list()
  return records.map(({ rpcPort }) => new NodeClient(`http://127.0.0.1:${rpcPort}`))
}

/**
 * The first of so many in a row that nobody has. They are neither among those that calbox chooses by itself, which tests
 * that run at the same time reserve at any moment, nor among those that the system gives to connections.
 */
async function freePorts(count: number): Promise<number> {
  for (let first = 30_000 + randomInt(2_000); ; first = 30_000 + randomInt(2_000)) {
    const servers: Server[] = []
    try {
      for (let port = first; port < first + count; port += 1) {
        const server = createServer()
        servers.push(server)
        server.listen(port)
        await once(server, 'listening')
      }
      return first
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    } finally {
      await Promise.all(servers.map(closed))
    }
  }
}

async function closed(server: Server): Promise<void> {
  if (!server.listening) return
  server.close()
  await once(server, 'close')
}

test(
  'nodes find each other, and again on their old data and whatever ports are free',
  async () => {
    const options = { nodes: 2, prefix: 'real', timeout: 100 }
    await runUp(options, edge)
    for (const client of await clients()) expect(await client.peers()).toEqual({ count: 1 })
    const before = await Promise.all((await clients()).map((client) => client.identity()))
    // Other ports than those in the config files, which are taken as long as the nodes run.
    const basePort = await freePorts(4)
    await runUp({ ...options, restart: true, baseRpcPort: basePort + 2, basePort }, edge)
    for (const client of await clients()) expect(await client.ready()).toEqual({ status: 'ready' })
    expect(await Promise.all((await clients()).map((client) => client.identity()))).toEqual(before)
  },
  BUSY_MACHINE_MS,
)

/** Modules of a few bytes: an `init` that does nothing, and an `f` that does what the name says. */
const BAD_GUESTS = [
  [
    'trap',
    '0061736d0100000001040160000003030200000503010001071503066d656d6f7279020004696e69740000016600010a080202000b0300000b',
    'wasm trap: unreachable',
  ],
  [
    'memory',
    '0061736d0100000001040160000003030200000503010001071503066d656d6f7279020004696e69740000016600010a2f0202000b2a01017f03404110400021002000417f460440000b2000418080046c4101418080c000fc0b000c000b000b',
    'memory limit',
  ],
  [
    'recursion',
    '0061736d0100000001090260000060017f017f0304030001000503010001071503066d656d6f7279020004696e69740000016600020a190302000b0c004101200041016a10016a0b0700410010011a0b',
    'recursed deeper',
  ],
  [
    'import',
    '0061736d0100000001090260017e017f60000002180103656e76106e6f5f737563685f66756e6374696f6e000003030201010503010001071503066d656d6f7279020004696e69740001016600020a0c0202000b0700420110001a0b',
    'env.no_such_function',
  ],
] as const

test(
  'a guest that misbehaves fails its own call, by name, and the node goes on',
  async () => {
    const steps = BAD_GUESTS.flatMap(([name, hex, error]) => {
      writeFileSync(join(edge.cwd, `${name}.wasm`), Buffer.from(hex, 'hex'))
      return [
        `{ type: install_application, node: g-1, path: ${name}.wasm, dev: true, outputs: { app: applicationId } }`,
        "{ type: create_namespace, node: g-1, application_id: '{{app}}', outputs: { ns: namespaceId } }",
        "{ type: create_context, node: g-1, application_id: '{{app}}', group_id: '{{ns}}', outputs: { ctx: contextId } }",
        `{ type: call, node: g-1, context_id: '{{ctx}}', method: f, expected_failure: true, expected_error: '${error}', outputs: { seen: error_type } }`,
        "{ type: assert, statements: ['is_set({{seen}})'] }",
      ]
    })
    writeFileSync(join(edge.cwd, 'text.wasm'), 'hello')
    const text = 'install_application, node: g-1, path: text.wasm, dev: true, expected_failure: true'
    steps.push(`{ type: ${text}, expected_error: 'not a WebAssembly module' }`)
    const file = ['name: guests', 'nodes: { count: 1, prefix: g }', 'stop_all_nodes: true', 'steps:']
    writeFileSync(join(edge.cwd, 'workflow.yml'), `${[...file, ...steps.map((step) => `  - ${step}`)].join('\n')}\n`)
    // Anything but exit code 0 rejects.
    await runRun([], {}, edge)
    expect(await new NodeState(join(edge.cwd, '.calbox')).list()).toMatchObject([{ name: 'g-1', state: 'stopped' }])
  },
  BUSY_MACHINE_MS,
)
