// `calnode` as it lies in a package, with a program of the test in place of the node, on a Node.js that says it is an old one.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

const LAUNCHER = fileURLToPath(new URL('../bin/calnode.cjs', import.meta.url))
const BUNDLED = `node_modules/node-${process.platform}-${process.arch}`

let folder: string
const children: ChildProcess[] = []

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'calnode-launcher-'))
  put('dist/calnode.js', "console.log('ran', ...process.argv.slice(2)); process.exitCode = 5")
  put('old.cjs', "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.1.0' } })")
  mkdirSync(path.join(folder, 'bin'))
  copyFileSync(LAUNCHER, path.join(folder, 'bin/calnode.cjs'))
})

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

function put(name: string, text: string): void {
  mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
  writeFileSync(path.join(folder, name), text)
}

function bringNode(): void {
  put(`${BUNDLED}/package.json`, '{ "bin": { "node": "bin/node" } }')
  mkdirSync(path.join(folder, BUNDLED, 'bin'))
  symlinkSync(process.execPath, path.join(folder, BUNDLED, 'bin/node'))
}

const old = () => ['-r', path.join(folder, 'old.cjs'), path.join(folder, 'bin/calnode.cjs')]

function launch(args: readonly string[]): readonly unknown[] {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  return [status, stdout, stderr]
}

test('runs on a Node.js that is new enough', () => {
  expect(launch([path.join(folder, 'bin/calnode.cjs'), 'x'])).toEqual([5, 'ran x\n', ''])
})

test('an older one hands over to the one that was installed beside it, with its exit', () => {
  bringNode()
  expect(launch([...old(), 'check', 'a b'])).toEqual([5, 'ran check a b\n', ''])
})

test('hands over with what Node.js is told for a node', () => {
  bringNode()
  put('dist/calnode.js', 'console.log(...process.execArgv)')
  expect(launch(old())).toEqual([0, '--max-semi-space-size=4\n', ''])
})

test('without one it says what is lacking', () => {
  const name = path.basename(BUNDLED)
  const why = `Node.js 24 or newer is needed; this is 20.1.0, and the package ${name} that brings one is not installed`
  expect(launch(old())).toEqual([3, '', `calnode: ${why}\n`])
})

test.each(['SIGTERM', 'SIGKILL'] as const)('%s to the launcher alone ends the node in order', async (signal) => {
  bringNode()
  put(
    'dist/calnode.js',
    "process.on('SIGTERM', () => { console.log('ended'); process.exit(0) }); setInterval(() => {}, 1000); console.log('up')",
  )
  const child = spawn(process.execPath, old(), { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    out += text
    if (text === 'up\n') child.kill(signal)
  })
  // Of the node: it holds the output, too.
  await new Promise((resolve) => child.stdout.once('end', resolve))
  expect(out).toBe('up\nended\n')
})
