// Two nodes behind routers of their own, in real network namespaces: what becomes of a direct connection there, and that the
// relay carries everything all the same.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, test } from 'vitest'
import { appWasm } from '../../../../scripts/build-apps.ts'
import type { CommandEdge } from '../command-edge.ts'
import { runDown } from '../network/down.ts'
import { runRun } from './run.ts'

const BUSY_MACHINE_MS = 240_000

/** Programs and rights may all be there, and a container's kernel still refuse. */
const NEEDED = 'ip link add probe type bridge && { nft list tables || iptables -t nat -L; } > /dev/null'
const probe = spawnSync('unshare', ['--net', 'sh', '-ec', NEEDED], { encoding: 'utf8' })
const isMissing = probe.status !== 0
if (isMissing) {
  const why = probe.error?.message ?? probe.stderr.trim()
  process.stderr.write(`SKIPPED: tests of nodes behind NAT need root and network namespaces: ${why}\n`)
}

let edge: CommandEdge
let said = ''

beforeEach(() => {
  const cwd = realpathSync(mkdtempSync(join(tmpdir(), 'calbox-nat-')))
  said = ''
  const output = {
    write: (text: string) => {
      said += text
    },
  }
  const signal = new AbortController().signal
  edge = { cwd, stdout: output, stderr: output, stdin: new PassThrough(), signal, env: {} }
})

afterEach(async () => {
  await runDown([], { all: true, timeout: 1 }, edge)
  rmSync(edge.cwd, { recursive: true, force: true })
}, BUSY_MACHINE_MS)

test.skipIf(isMissing)(
  'behind a router a direct connection is tried and reported as failed, and all goes through the relay',
  async () => {
    writeFileSync(join(edge.cwd, 'app.wasm'), await appWasm('kv-store'))
    const steps = [
      '{ type: install_application, node: n-1, path: app.wasm, dev: true, outputs: { app: applicationId } }',
      "{ type: create_mesh, context_node: n-1, application_id: '{{app}}', nodes: [n-2], outputs: { ctx: contextId } }",
      '{ type: assert_api_response, node: n-2, path: /admin-api/network/status, present: [directUpgrades.0.reason, directUpgrades.0.addresses.1], eventually: { within: 60, every: 0.25 }, outputs: { upgrade: directUpgrades.0, peer: network.peers.0.address } }',
      // The other node's own address and its router's.
      '{ type: assert, statements: ["contains({{upgrade}}, \'/ip4/10.77.0.2/tcp/\')", "contains({{upgrade}}, \'/ip4/198.51.100.10/tcp/\')", "contains({{peer}}, \'/p2p-circuit/\')"] }',
      "{ type: call, node: n-1, context_id: '{{ctx}}', method: set, args: { key: k, value: relayed } }",
      "{ type: wait_for_sync, context_id: '{{ctx}}', nodes: [n-1, n-2] }",
      "{ type: call, node: n-2, context_id: '{{ctx}}', method: get, args: { key: k }, outputs: { got: result } }",
      '{ type: assert, statements: ["contains({{got}}, \'relayed\')"] }',
    ]
    const head = ['name: nat', 'topology: { type: nat, nat_mode: cone }', 'nodes: { count: 2, prefix: n }']
    const lines = [...head, 'stop_all_nodes: true', 'steps:', ...steps.map((step) => `  - ${step}`)]
    writeFileSync(join(edge.cwd, 'workflow.yml'), `${lines.join('\n')}\n`)
    // Anything but exit code 0 rejects.
    await runRun([], {}, edge).catch((error: unknown) => {
      throw new Error(said, { cause: error })
    })
  },
  BUSY_MACHINE_MS,
)
