import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { STATE_DIR } from '@calbox/workflows'
import { Command } from 'commander'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { CommandEdge } from '../command-edge.ts'
import { findCalnode } from '../find-calnode.ts'
import { statePath } from '../state-path.ts'
import { registerDown, runDown } from './down.ts'
import { registerLogs, runLogs } from './logs.ts'
import { registerNuke, runNuke } from './nuke.ts'
import { registerPs, runPs } from './ps.ts'
import { registerUp } from './up.ts'

const fakeNode = fileURLToPath(new URL('../../../../workflows/src/driver/fixtures/fake-node.mjs', import.meta.url))

let cwd: string
let out: string
let edge: CommandEdge
let stdin: PassThrough & { isTTY?: boolean }
let interrupt: AbortController

beforeEach(() => {
  cwd = realpathSync(mkdtempSync(join(tmpdir(), 'calbox-cli-')))
  out = ''
  stdin = new PassThrough()
  interrupt = new AbortController()
  const write = (text: string) => {
    out += text
  }
  const env = { CALBOX_CALNODE: fakeNode }
  edge = { cwd, stdout: { write }, stderr: { write }, stdin, signal: interrupt.signal, env }
})

afterEach(async () => {
  await runDown([], { all: true, timeout: 1 }, { ...edge, signal: new AbortController().signal })
  rmSync(cwd, { recursive: true, force: true })
})

async function calbox(...args: string[]): Promise<string> {
  const program = new Command('calbox').exitOverride().configureOutput({ writeErr: () => {} })
  for (const register of [registerUp, registerDown, registerPs, registerLogs, registerNuke]) register(program, edge)
  for (const command of program.commands) command.exitOverride().configureOutput({ writeErr: () => {} })
  out = ''
  await program.parseAsync(args, { from: 'user' })
  return out
}

async function ps(...args: string[]): Promise<Record<string, unknown>[]> {
  return JSON.parse(await calbox('ps', '--json', ...args)) as Record<string, unknown>[]
}

test('up starts a network that outlives the command, and prints its addresses', async () => {
  const said = await calbox('up', '--nodes', '2', '--prefix', 'demo')
  const nodes = await ps()
  expect(nodes.map(({ name, status, network }) => [name, status, network])).toEqual([
    ['demo-1', 'running', 'demo'],
    ['demo-2', 'running', 'demo'],
  ])
  for (const { name, url } of nodes) expect(said).toContain(`${name}  ${url}  ready in`)
  expect(said).toContain('2 nodes are up and meshed in network demo')
  expect(existsSync(join(cwd, 'data/demo-1/demo-1/config.toml'))).toBe(true)
})

test('up refuses an authentication that does not exist', async () => {
  await expect(calbox('up', '-n', '1', '--auth-mode', 'none')).rejects.toMatchObject({
    message: expect.stringContaining('embedded or proxy'),
  })
  await expect(calbox('up', '-n', '1', '--auth-mode', 'embedded', '--auth-username', 'a')).rejects.toMatchObject({
    message: expect.stringContaining('--auth-password'),
  })
  expect(await calbox('ps')).toBe('no node is running here\n')
  expect(await calbox('up', '-n', '1', '--auth-mode', 'proxy')).toContain('1 node is up')
})

test('up again adopts what runs, and --restart does not', async () => {
  await calbox('up', '-n', '1')
  const [before] = await ps()
  expect(await calbox('up', '-n', '1')).toContain('was running already')
  expect((await ps())[0]?.pid).toBe(before?.pid)
  expect(await calbox('up', '-n', '1', '--restart')).toContain('ready in')
  expect((await ps())[0]?.pid).not.toBe(before?.pid)
})

test('down stops nodes by name, or all', async () => {
  await calbox('up', '-n', '2')
  expect(await calbox('down', 'calimero-node-1')).toBe('calimero-node-1  stopped\n')
  expect((await ps()).map(({ name }) => name)).toEqual(['calimero-node-2'])
  expect((await ps('--all')).map(({ status }) => status)).toEqual(['stopped', 'running'])
  await calbox('down')
  expect(await calbox('ps')).toBe('no node is running here\n')
  expect(await calbox('down')).toBe('no node is running here\n')
  await expect(calbox('down', 'nobody')).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringContaining('calimero-node-1'),
  })
})

test('a node that was started elsewhere is shown, left alone, and gone when it is taken for ended', async () => {
  await calbox('up', '-n', '2')
  const file = join(cwd, '.calbox/nodes/calimero-node-1.json')
  const here = readFileSync(file, 'utf8')
  const record = JSON.parse(here)
  writeFileSync(file, JSON.stringify({ ...record, process: { ...record.process, space: 'elsewhere/boot/pid1' } }))
  const of = async () => (await ps('--all')).map(({ status }) => status)
  expect(await of()).toEqual(['elsewhere', 'running'])
  expect(await calbox('down')).toMatch(/^left alone: calimero-node-1, .*--forget.*\ncalimero-node-2 {2}stopped\n$/s)
  await expect(calbox('up', '-n', '1')).rejects.toMatchObject({ code: 'NODE_IN_USE' })
  expect(await of()).toEqual(['elsewhere', 'stopped'])
  const there = readFileSync(file, 'utf8')
  expect(await calbox('down', '--forget', 'calimero-node-2')).toBe('no node was started elsewhere\n')
  expect(await calbox('down', '--forget')).toBe('calimero-node-1  taken for ended\n')
  expect(await of()).toEqual(['stopped', 'stopped'])
  expect(there).toContain('elsewhere/boot')
  writeFileSync(file, here)
})

test('ps shows a node that died, once', async () => {
  await calbox('up', '-n', '1')
  process.kill(Number((await ps())[0]?.pid), 'SIGKILL')
  await expect.poll(() => calbox('ps')).toMatch(/^NODE .*\ncalimero-node-1 {2}exited/)
  expect(await calbox('ps')).toBe('no node is running here\n')
})

test('logs merges the nodes, and follows until interrupted', async () => {
  await calbox('up', '-n', '2')
  const shown = await calbox('logs', '--tail', '1')
  expect(shown.split('\n').sort()).toEqual([
    '',
    expect.stringMatching(/^calimero-node-1 \| \d\d:\d\d:\d\d\.\d{3} info {2}listening port=\d+$/),
    expect.stringMatching(/^calimero-node-2 \| /),
  ])
  out = ''
  const following = runLogs(['calimero-node-1'], { follow: true, tail: 1 }, edge)
  await expect.poll(() => out).toContain('listening')
  writeFileSync(join(cwd, 'data/calimero-node-1/logs/calimero-node-1.log'), 'a plain line\n', { flag: 'a' })
  await expect.poll(() => out).toContain('calimero-node-1 | a plain line\n')
  interrupt.abort(new Error('Ctrl-C'))
  await following
})

test('logs of nodes that do not exist is a usage error', async () => {
  await expect(calbox('logs')).rejects.toMatchObject({ exitCode: 2 })
})

test('nuke removes the data of stopped nodes, after asking', async () => {
  await calbox('up', '-n', '1', '--prefix', 'demo')
  await expect(calbox('nuke')).rejects.toMatchObject({ code: 'NODES_RUNNING', exitCode: 3 })
  await calbox('down')
  expect(await calbox('nuke', '--dry-run')).toBe('demo-1  data/demo-1/demo-1\n')
  await expect(calbox('nuke')).rejects.toMatchObject({ code: 'USAGE', exitCode: 2 })
  stdin.isTTY = true
  stdin.write('no\n')
  await expect(calbox('nuke')).rejects.toMatchObject({ code: 'NOT_CONFIRMED', exitCode: 1 })
  expect(existsSync(join(cwd, 'data/demo-1'))).toBe(true)
  stdin.write('y\n')
  expect(await calbox('nuke')).toContain('removed the data of 1 node\n')
  expect(existsSync(join(cwd, 'data/demo-1'))).toBe(false)
  expect(await calbox('nuke')).toBe('there is no data of nodes to remove\n')
})

test('nuke --force stops what runs, and keeps to the prefix', async () => {
  await calbox('up', '-n', '1', '--prefix', 'demo')
  await calbox('up', '-n', '1', '--prefix', 'other')
  await runNuke({ force: true, prefix: 'demo' }, edge)
  expect((await ps('--all')).map(({ name, status }) => [name, status])).toEqual([['other-1', 'running']])
})

test.for([
  ['--nodes', '0'],
  ['--nodes', 'many'],
  ['--base-port', '70000'],
  ['--timeout', '-1'],
])('up %s %s is refused as usage', async (args) => {
  await expect(calbox('up', ...args)).rejects.toMatchObject({ code: 'commander.invalidArgument' })
})

test('an interrupted up leaves nothing running', async () => {
  interrupt.abort(new Error('Ctrl-C'))
  await expect(calbox('up')).rejects.toThrow('Ctrl-C')
  expect(await ps()).toEqual([])
})

test('the node program is the package, or what the environment names', () => {
  expect(findCalnode(edge)).toBe(fakeNode)
  expect(findCalnode({ cwd, env: {} })).toMatch(/(dist\/calnode\.js|src\/main\.ts)$/)
  expect(() => findCalnode({ cwd, env: { CALBOX_CALNODE: 'missing.js' } })).toThrow(/missing\.js/)
})

test('the commands and the engine agree on where the records are', async () => {
  expect(statePath(edge)).toBe(join(cwd, STATE_DIR))
  await runPs({}, edge)
})
