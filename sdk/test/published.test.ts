// The package as npm would publish it, in a folder that knows nothing of this repository.

import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TinyHost } from './tiny-host.ts'

const run = promisify(execFile)
const ROOT = path.resolve(import.meta.dirname, '../..')
const TIMEOUT_MS = 300_000

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'calbox-sdk-'))
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: path.join(ROOT, 'sdk') })
  await mkdir(path.join(folder, 'node_modules/@calbox'), { recursive: true })
  await run('tar', ['-xzf', path.join(folder, 'calbox-sdk-0.1.0.tgz'), '-C', folder])
  await cp(path.join(folder, 'package'), path.join(folder, 'node_modules/@calbox/sdk'), { recursive: true })
  for (const name of ['assemblyscript', 'binaryen', 'long']) {
    await symlink(path.join(ROOT, 'node_modules', name), path.join(folder, 'node_modules', name))
  }
  await cp(path.join(ROOT, 'apps/kv-store/assembly'), path.join(folder, 'assembly'), { recursive: true })
}, TIMEOUT_MS)
afterAll(async () => {
  await rm(folder, { recursive: true })
})

async function asc(...args: string[]): Promise<void> {
  await run(process.execPath, [path.join(folder, 'node_modules/assemblyscript/bin/asc.js'), ...args], { cwd: folder })
}

async function works(file: string): Promise<void> {
  const host = new TinyHost(await WebAssembly.compile(await readFile(path.join(folder, file))))
  expect(host.call('init').status).toBe('ok')
  expect(host.call('set', { key: 'k', value: 'v' }).events).toEqual([
    { kind: 'Inserted', data: '{"key":"k","value":"v"}', handler: undefined },
  ])
  expect(host.call('entries').value).toBe('{"k":"v"}')
}

test('an application compiles with the configuration that the package ships', { timeout: TIMEOUT_MS }, async () => {
  const config = {
    extends: '@calbox/sdk/asconfig.json',
    entries: ['assembly/index.ts'],
    options: { outFile: 'app.wasm' },
  }
  await writeFile(path.join(folder, 'asconfig.json'), JSON.stringify(config))
  await asc()
  await works('app.wasm')
})

test('an application compiles with nothing but the transform named', { timeout: TIMEOUT_MS }, async () => {
  await asc('assembly/index.ts', '--transform', '@calbox/sdk/transform', '--outFile', 'plain.wasm')
  await works('plain.wasm')
})

test('the application of the README compiles and runs', { timeout: TIMEOUT_MS }, async () => {
  const readme = await readFile(path.join(folder, 'node_modules/@calbox/sdk/README.md'), 'utf8')
  const source = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? ''
  const config = /```json\n([\s\S]*?)```/.exec(readme)?.[1] ?? ''
  await writeFile(path.join(folder, 'assembly/index.ts'), source)
  await writeFile(path.join(folder, 'asconfig.json'), config)
  await asc()
  const host = new TinyHost(await WebAssembly.compile(await readFile(path.join(folder, 'build/app.wasm'))))
  expect(host.call('init', { title: 'Trip' }).status).toBe('ok')
  const added = host.call('add', { id: 'a', text: 'pack' })
  expect(added).toMatchObject({ status: 'ok', value: 'true' })
  expect(added.events).toEqual([{ kind: 'NoteAdded', data: '{"id":"a","text":"pack"}', handler: 'on_added' }])
  expect(host.call('add', { id: 'a', text: 'again' })).toMatchObject({ status: 'err', value: '"there is a note a"' })
  expect(host.call('star', { id: 'a' }).value).toBe('1')
  expect(host.call('star', { id: 'b' }).message).toContain('no note b at assembly/index.ts:')
  expect(host.call('on_added', added.events[0]?.data ?? '').status).toBe('ok')
  expect(host.call('about').value).toBe('"Trip: 1 notices"')
  expect(JSON.parse(host.call('all').value ?? '')).toEqual({ a: { author: '02'.repeat(32), text: 'pack', stars: 1 } })
})
