// The commands with the real node program: what the pretend one of the other tests cannot show.
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { NodeClient, NodeState } from '@calbox/workflows'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { CommandEdge } from './command-edge.ts'
import { runDown } from './down.ts'
import { runUp } from './up.ts'

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

test(
  'nodes find each other, and again on their old data and whatever ports are free',
  async () => {
    const options = { nodes: 2, prefix: 'real', timeout: 100 }
    await runUp(options, edge)
    for (const client of await clients()) expect(await client.peers()).toEqual({ count: 1 })
    const before = await Promise.all((await clients()).map((client) => client.identity()))
    // Other ports than those in the config files.
    const [first] = await new NodeState(join(edge.cwd, '.calbox')).list()
    await runUp(
      { ...options, restart: true, baseRpcPort: (first?.rpcPort ?? 0) + 50, basePort: (first?.rpcPort ?? 0) + 70 },
      edge,
    )
    for (const client of await clients()) expect(await client.ready()).toEqual({ status: 'ready' })
    expect(await Promise.all((await clients()).map((client) => client.identity()))).toEqual(before)
  },
  BUSY_MACHINE_MS,
)
