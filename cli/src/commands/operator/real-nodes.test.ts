// Operator commands, and the look into the data afterwards, with the real node program.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { appWasm } from '../../../../scripts/build-apps.ts'
import { createProgram } from '../../program.ts'
import type { CommandEdge } from '../command-edge.ts'
import { findCalnode } from '../find-calnode.ts'
import { runDown } from '../network/down.ts'
import { runUp } from '../network/up.ts'

const BUILD = fileURLToPath(new URL('../../../../scripts/build.ts', import.meta.url))
const BUSY_MACHINE_MS = 120_000

let cwd: string

function edgeTo(write: (text: string) => void, signal = new AbortController().signal): CommandEdge {
  const env = { HOME: cwd }
  return { cwd, stdout: { write }, stderr: { write: () => {} }, stdin: new PassThrough(), signal, env }
}

// What has not changed since it was built is left alone.
beforeAll(() => {
  execFileSync(process.execPath, [BUILD], { stdio: ['ignore', 'ignore', 'inherit'] })
}, BUSY_MACHINE_MS)

beforeEach(() => {
  cwd = realpathSync(mkdtempSync(join(tmpdir(), 'calbox-operate-')))
})

afterEach(async () => {
  await runDown(
    [],
    { all: true, timeout: 10 },
    edgeTo(() => {}),
  )
  rmSync(cwd, { recursive: true, force: true })
}, BUSY_MACHINE_MS)

/** The reply of a command with `--json`. Throws what it says of a failure. */
async function calbox(...args: string[]): Promise<Record<string, string>> {
  const said = { out: '', err: '' }
  const to = (stream: 'out' | 'err') => (text: string) => {
    said[stream] += text
  }
  const edge = { ...edgeTo(to('out')), stderr: { write: to('err') } }
  const program = createProgram('1.0.0', edge)
  await program.parseAsync([...args, '--json'], { from: 'user' }).catch((cause: unknown) => {
    throw new Error(said.err, { cause })
  })
  return JSON.parse(said.out) as Record<string, string>
}

/** On the data of a node. */
function calnode(command: string, node: string): { code: number | null; out: string; err: string } {
  const folder = join(cwd, 'data', node, node)
  const program = findCalnode(edgeTo(() => {}))
  const args = ['--conditions=source', '--disable-warning=ExperimentalWarning', program, command, folder, '--json']
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  return { code: status, out: stdout, err: stderr }
}

test(
  'two nodes share a context by hand: installed, invited, joined, called, watched, and whole when they are stopped',
  async () => {
    writeFileSync(join(cwd, 'app.wasm'), await appWasm('kv-store'))
    await runUp(
      { nodes: 2, prefix: 'op', timeout: 100 },
      edgeTo(() => {}),
    )
    const on = (node: string, ...args: string[]) => calbox(...args, '--node', node)
    await expect(calbox('app', 'list')).rejects.toThrow('which node? op-1, op-2 run here')
    const { applicationId = '' } = await on('op-1', 'app', 'install', 'app.wasm')
    const { namespaceId = '' } = await on('op-1', 'namespace', 'create', applicationId)
    const { contextId = '' } = await on('op-1', 'context', 'create', namespaceId, applicationId)
    writeFileSync(join(cwd, 'invitation'), JSON.stringify(await on('op-1', 'namespace', 'invite', namespaceId)))
    await on('op-2', 'namespace', 'join', '@invitation')
    await on('op-2', 'context', 'join', contextId)
    // What happens on one node is seen on the other.
    const ending = new AbortController()
    const seen = Promise.withResolvers<string>()
    const watching = Promise.withResolvers<void>()
    const edge = { ...edgeTo((text) => seen.resolve(text), ending.signal), stderr: { write: () => watching.resolve() } }
    const following = createProgram('1.0.0', edge).parseAsync(
      ['events', '--json', '--node', 'op-2', '--context', contextId],
      { from: 'user' },
    )
    await watching.promise
    await on('op-1', 'call', contextId, 'set', '{"key": "a", "value": "b"}')
    expect(JSON.parse(await seen.promise)).toMatchObject({ contextId, type: 'StateMutation' })
    ending.abort(new Error('Ctrl-C'))
    await following
    expect(await on('op-2', 'call', contextId, 'get', '{"key": "a"}')).toEqual({ output: 'b' })
    // A node that runs has its data to itself.
    expect(calnode('inspect', 'op-1')).toMatchObject({
      code: 3,
      err: expect.stringContaining('in use by another process'),
    })
    await runDown(
      [],
      { all: true, timeout: 60 },
      edgeTo(() => {}),
    )
    const checked = calnode('check', 'op-2')
    expect([checked.code, checked.err]).toEqual([0, ''])
    expect(JSON.parse(checked.out)).toMatchObject({ damage: 0, findings: [] })
    const { contexts } = JSON.parse(calnode('inspect', 'op-2').out) as { contexts: unknown[] }
    expect(contexts).toMatchObject([{ contextId, dag: { deltas: { applied: 1 } } }])
  },
  BUSY_MACHINE_MS,
)
