// Lists, text and counters that go down: an application with them, compiled and run.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { main } from 'assemblyscript/asc'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TinyHost } from './tiny-host.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const COMPILE_TIMEOUT_MS = 300_000

const SOURCE = `
import { PnCounter, ReplicatedGrowableArray, Vector } from '@calbox/sdk'
@app class Lists {
  items: Vector<string>
  note: ReplicatedGrowableArray
  score: PnCounter
  push(value: string): void { this.items.push(value) }
  insert(index: u64, value: string): void { this.items.insert(index, value) }
  set(index: u64, value: string): void { this.items.set(index, value) }
  remove(index: u64): bool { return this.items.delete(index) }
  pop(): string | null { return this.items.pop() }
  @view get(index: u64): string | null { return this.items.get(index) }
  @view all(): string[] { return this.items.values() }
  @view len(): u64 { return this.items.len() }
  type(index: u64, text: string): void { this.note.insert(index, text) }
  erase(index: u64): void { this.note.delete(index) }
  @view read(): string { return this.note.text() + ' ' + this.note.len().toString() }
  lose(): void { this.score.decrement() ; this.score.decrement() ; this.score.increment() }
  @view points(): i64 { return this.score.value() }
  @view pushInView(): void { this.items.push('x') }
}
`

let folder: string
let module: WebAssembly.Module
beforeAll(async () => {
  const cache = path.join(ROOT, 'node_modules/.cache')
  await mkdir(cache, { recursive: true })
  folder = await mkdtemp(path.join(cache, 'calbox-lists-'))
  await writeFile(path.join(folder, 'index.ts'), SOURCE)
  const [entry, out] = ['index.ts', 'out.wasm'].map((name) => path.relative(ROOT, path.join(folder, name)))
  const written: string[] = []
  const stderr = { write: (chunk: string | Uint8Array) => void written.push(String(chunk)) }
  const options = ['--baseDir', ROOT, '--config', 'sdk/asconfig.json', '--outFile', out ?? '', '--noColors']
  await main([entry ?? '', ...options], { stderr, stdout: stderr })
  expect(written.join('')).toBe('')
  module = await WebAssembly.compile(await readFile(path.join(folder, 'out.wasm')))
}, COMPILE_TIMEOUT_MS)
afterAll(async () => {
  await rm(folder, { recursive: true })
})

describe('an application with lists, text and a counter that goes down', () => {
  function started(): TinyHost {
    const host = new TinyHost(module)
    expect(host.call('init')).toMatchObject({ status: 'ok' })
    return host
  }

  function answers(host: TinyHost, method: string, args?: object): string | undefined {
    const outcome = host.call(method, args)
    expect(outcome).toMatchObject({ status: 'ok', message: undefined })
    return outcome.value
  }

  test('keeps a list', () => {
    const host = started()
    for (const value of ['a', 'c', 'd']) answers(host, 'push', { value })
    answers(host, 'insert', { index: 1, value: 'b' })
    answers(host, 'set', { index: 0, value: 'A' })
    expect(answers(host, 'all')).toBe('["A","b","c","d"]')
    expect(answers(host, 'remove', { index: 2 })).toBe('true')
    expect(answers(host, 'pop')).toBe('"d"')
    expect([answers(host, 'get', { index: 1 }), answers(host, 'get', { index: 2 })]).toEqual(['"b"', 'null'])
    expect(answers(host, 'len')).toBe('2')
    expect(host.call('pushInView').message).toContain('a method marked @view cannot change a vector')
  })

  test('keeps a text', () => {
    const host = started()
    answers(host, 'type', { index: 0, text: 'h😀llo' })
    answers(host, 'erase', { index: 1 })
    answers(host, 'type', { index: 1, text: 'e' })
    expect(answers(host, 'read')).toBe('"hello 5"')
  })

  test('counts below zero', () => {
    const host = started()
    answers(host, 'lose')
    expect(answers(host, 'points')).toBe('-1')
  })
})
