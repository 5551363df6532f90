// The real program as its users run it, on pretend nodes that are real processes.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'

const BUILD = fileURLToPath(new URL('../../scripts/build.ts', import.meta.url))
/** Starts in a part of the time that the sources take. */
const MAIN = fileURLToPath(new URL('../dist/calbox.js', import.meta.url))
const CALNODE = fileURLToPath(new URL('../../workflows/src/testing/fixture-calnode.ts', import.meta.url))

// Processes that start processes: on a busy machine that takes its time, which is not what is tested.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

let cwd: string

// What has not changed since it was built is left alone.
beforeAll(() => {
  execFileSync(process.execPath, [BUILD], { stdio: ['ignore', 'ignore', 'inherit'] })
})

beforeEach(() => {
  cwd = mkdtempSync(path.join(tmpdir(), 'calbox-program-'))
  // The shortest module that a run takes: a memory, exported.
  const module = Buffer.from('0061736d010000000503010001070a01066d656d6f72790200', 'hex')
  writeFileSync(path.join(cwd, 'app.wasm'), module)
})

afterEach(async () => {
  if (existsSync(path.join(cwd, '.calbox'))) await calbox('down', '--all').done
  rmSync(cwd, { recursive: true, force: true })
})

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

function calbox(...args: string[]): {
  child: ChildProcess
  done: Promise<Ended>
  said: (text: string) => Promise<void>
} {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, CALBOX_CALNODE: CALNODE, NO_COLOR: '1' }
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    err += text
  })
  const done = new Promise<Ended>((resolve) => child.once('close', (code) => resolve({ code, out, err })))
  const said = async (text: string) => {
    await expect.poll(() => out, { timeout: 60_000 }).toContain(text)
  }
  return { child, done, said }
}

function write(name: string, steps: string, more = 'stop_all_nodes: true'): void {
  const setUp = `
  - { name: install, type: install_application, node: n-1, path: app.wasm, dev: true, outputs: { app: applicationId } }
  - { type: create_namespace, node: n-1, application_id: '{{app}}', outputs: { ns: namespaceId } }
  - { type: create_context, node: n-1, application_id: '{{app}}', group_id: '{{ns}}', outputs: { ctx: contextId } }`
  writeFileSync(
    path.join(cwd, name),
    `name: ${name}\n${more}\nnodes: { count: 1, prefix: n }\nsteps:${setUp}\n${steps}\n`,
  )
}

const call = (method: string, more = '') =>
  `  - { name: ${method} it, type: call, node: n-1, context_id: '{{ctx}}', method: ${method}${more} }`

function runDirectories(): string[] {
  return readdirSync(path.join(cwd, '.calbox/runs')).sort()
}

test('more than a pipe holds is written whole before the program ends', async () => {
  const { code, out } = await calbox('schema').done
  expect(code).toBe(0)
  expect(out.length).toBeGreaterThan(200_000)
  expect(JSON.parse(out)).toHaveProperty('$schema')
})

test('a run that passes ends with 0, a line for each step, and its results', async () => {
  write('workflow.yml', call('len', ', outputs: { l: result.output }'))
  const { code, out, err } = await calbox('run').done
  expect([code, err]).toEqual([0, ''])
  expect(out).toMatch(/✓ 4\/4 len it {2}call {2}\d+ ms {2}len on \S+ → 0\n✓ passed in/)
  const [directory] = runDirectories()
  expect(out).toContain(`.calbox/runs/${directory}`)
  expect(readFileSync(path.join(cwd, '.calbox/runs', String(directory), 'logs/n-1.log'), 'utf8')).toContain(
    'node started',
  )
})

test('a step that fails ends with 1, and the last screen has cause, place and frame', async () => {
  write('bad.yml', call('nope'))
  const { code, out } = await calbox('run', 'bad.yml').done
  expect(code).toBe(1)
  const screen = out.slice(out.indexOf('\n\n✗'))
  expect(screen).toContain('✗ nope it  bad.yml:8:7')
  expect(screen).toContain("nope on n-1: JSON-RPC error returned: FunctionCallError - method 'nope' not found")
  expect(screen).toContain('> 8 |   - { name: nope it')
  expect(screen).toMatch(/\| \d\d:\d\d:\d\d\.\d{3} info {2}node started/)
  expect(screen).toMatch(/run it again: node .*calbox\.cjs run bad\.yml\n$/)
  expect(screen).toMatch(/failed after .*\nresults and logs: \.calbox\/runs\//)
})

test('a node that dies is the cause, with its exit code and its last words', async () => {
  write('dies.yml', call('exit'))
  const { code, out } = await calbox('run', 'dies.yml').done
  expect(code).toBe(1)
  expect(out).toContain('node n-1 ended unexpectedly: exit code 41')
  expect(out).toContain('error the disk is on fire disk=/dev/x')
})

test('problems of any file are shown before anything is started, with exit code 2', async () => {
  write('good.yml', call('len'))
  write('typo.yml', call('len', ', metod: x'))
  const { code, out, err } = await calbox('run', 'good.yml', 'typo.yml').done
  expect([code, out]).toEqual([2, ''])
  expect(err).toContain('unknown field "metod"')
  expect(existsSync(path.join(cwd, '.calbox'))).toBe(false)
})

test('several files, also by glob, run in order, and end with a summary and the code of the first failure', async () => {
  write('a.yml', call('len'))
  write('b.yml', call('nope'))
  write('c.yml', call('len'))
  const all = await calbox('run', '-q', '*.yml').done
  expect(all.code).toBe(1)
  expect(all.out).toMatch(/✓ a\.yml\n✗ b\.yml {2}nope on n-1.*\n✓ c\.yml\n2 passed, 1 failed\n$/)
  expect(runDirectories()).toHaveLength(3)
  const bail = await calbox('run', '-q', '--bail', '*.yml').done
  expect(bail.out).toMatch(/1 passed, 1 failed, 1 not run\n$/)
})

test('a time limit ends with 4', async () => {
  write('slow.yml', '  - { type: wait, seconds: 1000 }')
  const { code, out } = await calbox('run', '--timeout', '3', 'slow.yml').done
  expect(code).toBe(4)
  expect(out).toContain('longer than the 3 s it was given')
})

test.for([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('the first %s stops the nodes and writes the results, with exit code %i', async ([signal, code]) => {
  write('slow.yml', '  - { name: sleep, type: wait, seconds: 1000 }', 'stop_all_nodes: false')
  const run = calbox('run', 'slow.yml')
  await run.said('3/4')
  run.child.kill(signal)
  const ended = await run.done
  expect(ended.code).toBe(code)
  expect(ended.out).toContain('interrupted after')
  expect(ended.out).toMatch(/run it again: node .*calbox\.cjs run slow\.yml\n$/)
  const record = JSON.parse(
    readFileSync(path.join(cwd, '.calbox/runs', String(runDirectories()[0]), 'run.json'), 'utf8'),
  )
  expect(record).toMatchObject({ outcome: 'interrupted', exitCode: code, nodesLeftRunning: [] })
  expect((await calbox('ps', '--json').done).out).not.toContain('"running"')
})

test('signals of the same moment, as a launcher and a terminal send them, are one: the end is still orderly', async () => {
  write('slow.yml', '  - { name: sleep, type: wait, seconds: 1000 }', 'stop_all_nodes: true')
  const run = calbox('run', 'slow.yml')
  await run.said('3/4')
  // Of two equal ones that come at once the system may deliver one.
  run.child.kill('SIGINT')
  run.child.kill('SIGTERM')
  const ended = await run.done
  expect(ended.out).toContain('interrupted after')
  expect([130, 143]).toContain(ended.code)
  expect(existsSync(path.join(cwd, '.calbox/runs', String(runDirectories()[0]), 'run.json'))).toBe(true)
})

test('nodes are left running where the file wants it, are reused by the next run, and -v shows replies', async () => {
  write('first.yml', call('set', ', args: { key: a, value: kept }'), 'stop_all_nodes: false')
  expect((await calbox('run', 'first.yml').done).out).toContain('left running: n-1')
  write('second.yml', call('len'))
  const second = await calbox('run', '-v', 'second.yml').done
  expect(second.out).toContain('was running already')
  expect(second.out).toContain('{"jsonrpc":"2.0","id":"1","result":{"output":0}}')
})

test('validate shows problems with their place, and ends with 2 where one is an error', async () => {
  write('good.yml', call('len'))
  write('bad.yml', '  - { type: cal }')
  const good = await calbox('validate', 'good.yml').done
  expect([good.code, good.out]).toEqual([0, '✓ good.yml is valid (1 node, 4 steps)\n'])
  const bad = await calbox('validate', '*.yml').done
  expect(bad.code).toBe(2)
  expect(bad.out).toContain('bad.yml:8:13: error: unknown step kind "cal"')
  expect(bad.out).toContain('✗ bad.yml: 1 error\n')
})

test('a file that is not there: validate warns and says what a run does, a dry run does as the run', async () => {
  write('late.yml', call('len'))
  rmSync(path.join(cwd, 'app.wasm'))
  const checked = await calbox('validate', 'late.yml').done
  expect(checked.code).toBe(0)
  expect(checked.out).toContain('help: there `calbox run` ends with an error; ')
  expect(checked.out).toContain('✓ late.yml is valid: 1 warning (1 node, 4 steps)')
  expect((await calbox('run', '--dry-run', 'late.yml').done).code).toBe(2)
  // Its dry run looks at no files.
  expect((await calbox('bootstrap', 'run', '--dry-run', 'late.yml').done).code).toBe(0)
})

test('steps lists the kinds, and the fields of one', async () => {
  expect((await calbox('steps').done).out).toMatch(/^wait_for_sync {2,}Wait until/m)
  const one = await calbox('steps', 'create_group').done
  expect(one.out).toMatch(/^create_namespace {2}/)
  expect(one.out).toContain('Also written: create_group')
  const none = await calbox('steps', 'nope').done
  expect([none.code, none.err]).toEqual([2, 'calbox: there is no step kind nope; `calbox steps` lists them\n'])
})

test('init writes a workflow that is valid where it stands, and overwrites nothing', async () => {
  const first = await calbox('init', 'demo').done
  expect(first.out).toMatch(/cd demo && node .*calbox\.cjs run/)
  cwd = path.join(cwd, 'demo')
  expect((await calbox('validate').done).code).toBe(0)
  expect(readFileSync(path.join(cwd, '.gitignore'), 'utf8')).toContain('.calbox/')
  const again = await calbox('init').done
  expect(again.code).toBe(2)
  expect(again.err).toContain('workflow.yml')
  cwd = path.dirname(cwd)
})

test('bad usage ends with 2, help and version with 0', async () => {
  for (const args of [['nope'], ['run', '--nope'], ['run', 'missing.yml'], ['run', '*.nothing'], ['run']]) {
    const { code, err } = await calbox(...args).done
    expect([code, err]).toEqual([2, expect.stringMatching(/^calbox: /)])
  }
  expect((await calbox('--help').done).code).toBe(0)
  expect((await calbox('--version').done).out).toMatch(/^\d+\.\d+\.\d+\n$/)
})
