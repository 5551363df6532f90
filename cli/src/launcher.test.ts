// The launcher as it lies in a checkout and in an installed package, with programs of the test in place of the real ones.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

const LAUNCHER = fileURLToPath(new URL('../bin/calbox.cjs', import.meta.url))
const MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url))

// Processes on a busy machine take their time, which is not what is tested.
vi.setConfig({ testTimeout: 120_000 })

let folder: string
let children: ChildProcess[]

beforeEach(() => {
  // What a URL would read as something else.
  folder = mkdtempSync(path.join(tmpdir(), 'cal box#1%20?-'))
  children = []
  put('cli/dist/calbox.js', "console.log('ran', ...process.argv.slice(2))")
  mkdirSync(path.join(folder, 'cli/bin'))
  copyFileSync(LAUNCHER, path.join(folder, 'cli/bin/calbox.cjs'))
})

afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

function put(name: string, text = ''): void {
  mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
  writeFileSync(path.join(folder, name), text)
}

function launch(node: string, ...args: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(node, [path.join(folder, 'cli/bin/calbox.cjs'), ...args], {
    encoding: 'utf8',
  })
  return { code: status, out: stdout, err: stderr }
}

const run = () => launch(process.execPath, 'x')

/** A checkout whose build says how it was asked and leaves stamps, all of one age. */
function checkout(): void {
  const build = `
    import { writeFileSync } from 'node:fs'
    for (const folder of ['cli', 'node-runtime']) writeFileSync(folder + '/dist/.stamp', '')
    console.log('built', ...process.argv.slice(2))`
  put('scripts/build.ts', build)
  for (const file of ['cli/src/main.ts', 'apps/a/assembly/index.ts', 'sdk/assembly/b.ts', 'package-lock.json'])
    put(file)
  put('node-runtime/dist/calnode.js')
}

describe('a checkout', () => {
  test('is built at the first run, and not again', () => {
    checkout()
    const { code, out, err } = run()
    expect([code, out, err]).toEqual([0, 'built\nran x\n', expect.stringContaining('first run of this checkout')])
    expect(run()).toEqual({ code: 0, out: 'ran x\n', err: '' })
  })

  test('asks the build after a change of anything that it reads, and of nothing else', () => {
    checkout()
    run()
    const change = (name: string, text = '') => {
      put(name, text)
      // Of the build before this change: each takes as long as the machine lets it.
      const stampMs = statSync(path.join(folder, 'cli/dist/.stamp')).mtimeMs
      utimesSync(path.join(folder, name), (stampMs + 5000) / 1000, (stampMs + 5000) / 1000)
    }
    for (const name of ['cli/src/x.test.ts', 'apps/a/workflow.yml', 'apps/a/build/a.wasm', 'apps/a/.calbox/run.json']) {
      change(name)
    }
    expect(run()).toEqual({ code: 0, out: 'ran x\n', err: '' })
    for (const name of ['cli/src/main.ts', 'apps/a/assembly/index.ts', 'sdk/assembly/b.ts', 'package-lock.json']) {
      change(name)
      const { out, err } = run()
      // What has changed, and whether it has, only the build can say: it reads the content.
      expect([name, out, err]).toEqual([name, 'built --if-changed\nran x\n', ''])
      rmSync(path.join(folder, name))
    }
  })

  test('to read workflows needs no build where only nodes or applications have changed', () => {
    checkout()
    put('cli/dist/validate.js', "console.log('validated', ...process.argv.slice(2))")
    run()
    put('apps/a/assembly/index.ts')
    const stampMs = statSync(path.join(folder, 'cli/dist/.stamp')).mtimeMs
    utimesSync(path.join(folder, 'apps/a/assembly/index.ts'), (stampMs + 5000) / 1000, (stampMs + 5000) / 1000)
    expect(launch(process.execPath, 'lint', 'a.yml')).toMatchObject({ out: 'ran lint a.yml\n', err: '' })
    expect(launch(process.execPath, 'validate', 'a.yml')).toMatchObject({ out: 'validated validate a.yml\n', err: '' })
    expect(launch(process.execPath, 'run', 'a.yml').out).toBe('built --if-changed\nran run a.yml\n')
  })

  test('whose build fails ends with 3', () => {
    checkout()
    put('scripts/build.ts', 'process.exit(1)')
    expect(run()).toMatchObject({ code: 3, out: '', err: expect.stringContaining('the build failed') })
  })
})

test('an installed package is never built, and says when it is not whole', () => {
  expect(run()).toEqual({ code: 0, out: 'ran x\n', err: '' })
  rmSync(path.join(folder, 'cli/dist/calbox.js'))
  expect(run()).toMatchObject({ code: 3, err: expect.stringContaining('install it again') })
})

test('validate with names of files only is a program of its own', () => {
  put('cli/dist/validate.js', "console.log('validated', ...process.argv.slice(2))")
  expect(launch(process.execPath, 'validate', 'a.yml', 'b.yml').out).toBe('validated validate a.yml b.yml\n')
  expect(launch(process.execPath, 'validate', '--help').out).toBe('ran validate --help\n')
  expect(launch(process.execPath, 'run', 'validate').out).toBe('ran run validate\n')
})

/** One that is too old for the program, so that the launcher starts another; where there is one. */
const oldNode = (process.env.PATH ?? '')
  .split(path.delimiter)
  .map((place) => path.join(place, 'node'))
  .find((file) => {
    const { status, stdout } = spawnSync(file, ['--version'], { encoding: 'utf8' })
    return status === 0 && Number(/^v(\d+)/.exec(stdout)?.[1] ?? 24) < 24
  })

describe.skipIf(oldNode === undefined)('on an older Node.js', () => {
  const node = oldNode ?? ''

  beforeEach(() => symlinkSync(MODULES, path.join(folder, 'node_modules')))

  test('the program runs on the one that came with the package, and its exit is that of the launcher', () => {
    put('cli/dist/calbox.js', 'console.log(process.versions.node.split(".")[0] >= 24); process.exitCode = 5')
    expect(launch(node)).toEqual({ code: 5, out: 'true\n', err: '' })
  })

  test.for(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s to the launcher alone reaches the program', async (signal) => {
    put(
      'cli/dist/calbox.js',
      `process.on('${signal}', () => { console.log('got it'); process.exit(9) }); setTimeout(() => {}, 60_000); console.log('up')`,
    )
    const child = spawn(node, [path.join(folder, 'cli/bin/calbox.cjs')], { stdio: ['ignore', 'pipe', 'ignore'] })
    children.push(child)
    let out = ''
    child.stdout.setEncoding('utf8').on('data', (text) => {
      out += text
    })
    const ended = new Promise((resolve) => child.once('close', resolve))
    await expect.poll(() => out, { timeout: 60_000 }).toBe('up\n')
    child.kill(signal)
    expect([await ended, out]).toEqual([9, 'up\ngot it\n'])
  })
})
