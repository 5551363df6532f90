// The launcher as it lies in a checkout and in an installed package, with programs of the test in place of the real ones.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
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
  // What is kept of programs goes with them.
  vi.stubEnv('NODE_COMPILE_CACHE', path.join(folder, 'cache'))
  put('cli/dist/calbox.js', "console.log('ran', ...process.argv.slice(2))")
  mkdirSync(path.join(folder, 'cli/bin'))
  copyFileSync(LAUNCHER, path.join(folder, 'cli/bin/calbox.cjs'))
})

afterEach(() => {
  vi.unstubAllEnvs()
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

/** As the build writes a program of one file. */
const script = (text: string) => `(function (exports, require, module) {\n${text}\n})`

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
    put('cli/dist/validate.cjs', script("console.log('validated', ...process.argv.slice(2))"))
    run()
    put('apps/a/assembly/index.ts')
    const stampMs = statSync(path.join(folder, 'cli/dist/.stamp')).mtimeMs
    utimesSync(path.join(folder, 'apps/a/assembly/index.ts'), (stampMs + 5000) / 1000, (stampMs + 5000) / 1000)
    expect(launch(process.execPath, 'lint', 'a.yml')).toMatchObject({ out: 'ran lint a.yml\n', err: '' })
    expect(launch(process.execPath, 'validate', 'a.yml')).toMatchObject({ out: 'validated validate a.yml\n', err: '' })
    expect(launch(process.execPath, 'run', 'a.yml').out).toBe('built --if-changed\nran run a.yml\n')
  })

  test('to validate needs a build where one of the files has changed or is gone that the build noted', () => {
    checkout()
    put('cli/dist/validate.cjs', script("console.log('validated')"))
    put('cli/src/validate-main.ts')
    put('cli/src/other.ts')
    run()
    const validate = () => launch(process.execPath, 'validate', 'a.yml').out
    const stamp = path.join(folder, 'cli/dist/.stamp')
    const { mtimeMs } = statSync(stamp)
    const newer = (mtimeMs + 5000) / 1000
    const note = () => {
      writeFileSync(stamp, JSON.stringify({ inputs: { validate: ['cli/src/validate-main.ts'] } }))
      utimesSync(stamp, mtimeMs / 1000, mtimeMs / 1000)
    }
    const change = (name: string) => utimesSync(path.join(folder, name), newer, newer)
    note()
    change('cli/src/other.ts')
    expect(validate()).toBe('validated\n')
    change('cli/src/validate-main.ts')
    expect(validate()).toBe('built --if-changed\nvalidated\n')
    note()
    rmSync(path.join(folder, 'cli/src/validate-main.ts'))
    expect(validate()).toBe('built --if-changed\nvalidated\n')
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
  put('cli/dist/validate.cjs', script("console.log('validated', ...process.argv.slice(2))"))
  expect(launch(process.execPath, 'validate', 'a.yml', 'b.yml').out).toBe('validated validate a.yml b.yml\n')
  expect(launch(process.execPath, 'validate', '--help').out).toBe('ran validate --help\n')
  expect(launch(process.execPath, 'run', 'validate').out).toBe('ran run validate\n')
})

describe('what V8 made of the program that validates', () => {
  const cache = () => path.join(folder, 'cache')
  const validate = () => launch(process.execPath, 'validate', 'a.yml')
  const kept = () =>
    (existsSync(cache()) ? readdirSync(cache(), { recursive: true, encoding: 'utf8' }) : [])
      .filter((name) => path.basename(name).startsWith('calbox-'))
      .map((name) => path.join(cache(), name))
  const runsOf = (file: string) => readFileSync(file, 'latin1').split('\n')[1]

  test('is kept from the first runs that find no problem', () => {
    put('cli/dist/validate.cjs', script('process.exitCode = 2'))
    expect(validate()).toEqual({ code: 2, out: '', err: '' })
    expect(kept()).toEqual([])
    put('cli/dist/validate.cjs', script("console.log('a')"))
    const runs = [1, 2, 3, 4, 5].map(() => {
      expect(validate()).toEqual({ code: 0, out: 'a\n', err: '' })
      return kept().map(runsOf)
    })
    expect(runs).toEqual([['1'], ['2'], ['3'], ['4'], ['4']])
  })

  test('is not used for another program at its place, though it be as long', () => {
    put('cli/dist/validate.cjs', script("console.log('a')"))
    validate()
    put('cli/dist/validate.cjs', script("console.log('b')"))
    expect(validate()).toEqual({ code: 0, out: 'b\n', err: '' })
    expect(kept().map(runsOf)).toEqual(['1'])
  })

  test.each(['damaged', 'cut off', 'empty'])('is not used when it is %s, and made anew', (state) => {
    put('cli/dist/validate.cjs', script("console.log('a')"))
    validate()
    validate()
    const [file = ''] = kept()
    const bytes = readFileSync(file)
    if (state === 'damaged') bytes.fill(0x55, bytes.length - 100)
    const length = { damaged: bytes.length, 'cut off': bytes.length - 100, empty: 0 }[state]
    writeFileSync(file, bytes.subarray(0, length))
    expect(validate()).toEqual({ code: 0, out: 'a\n', err: '' })
    expect(kept().map(runsOf)).toEqual(['1'])
  })

  test('is not kept where Node keeps nothing, and where there is no place for it', () => {
    put('cli/dist/validate.cjs', script("console.log('a')"))
    vi.stubEnv('NODE_DISABLE_COMPILE_CACHE', '1')
    expect(validate()).toEqual({ code: 0, out: 'a\n', err: '' })
    vi.stubEnv('NODE_DISABLE_COMPILE_CACHE', undefined)
    put('cache', 'a file')
    expect(validate()).toEqual({ code: 0, out: 'a\n', err: '' })
    expect(statSync(cache()).isFile()).toBe(true)
  })
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

  test('the end of the shell that npx started the launcher in reaches the program', async () => {
    put(
      'cli/dist/calbox.js',
      "process.on('SIGTERM', () => { console.log('got it'); process.exit(9) }); setTimeout(() => {}, 60_000); console.log('up')",
    )
    const command = `"${node}" "${path.join(folder, 'cli/bin/calbox.cjs')}"; :`
    const env = { ...process.env, npm_lifecycle_event: 'npx' }
    const shell = spawn('sh', ['-c', command], { stdio: ['ignore', 'pipe', 'ignore'], env })
    children.push(shell)
    let out = ''
    shell.stdout.setEncoding('utf8').on('data', (text) => {
      if (out === '') shell.kill('SIGTERM')
      out += text
    })
    await new Promise((resolve) => shell.once('close', resolve))
    expect(out).toBe('up\ngot it\n')
  })
})
