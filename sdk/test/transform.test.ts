import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { main } from 'assemblyscript/asc'
import { afterEach, beforeEach, expect, test } from 'vitest'

const ROOT = path.resolve(import.meta.dirname, '../..')

let folder: string
beforeEach(async () => {
  const cache = path.join(ROOT, 'node_modules/.cache')
  await mkdir(cache, { recursive: true })
  folder = await mkdtemp(path.join(cache, 'calbox-transform-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true })
})

/** The compiler's messages about a program, which is not compiled to the end. */
async function messages(source: string, other = ''): Promise<string> {
  await writeFile(path.join(folder, 'index.ts'), source)
  await writeFile(path.join(folder, 'other.ts'), other)
  const written: string[] = []
  const stderr = { write: (chunk: string | Uint8Array) => void written.push(String(chunk)) }
  const entry = path.relative(ROOT, path.join(folder, 'index.ts'))
  await main([entry, '--baseDir', ROOT, '--config', 'sdk/asconfig.json', '--noEmit', '--noColors'], {
    stderr,
    stdout: stderr,
  })
  return written.join('')
}

test.each([
  ['a collection with an initialiser', '@app class A { c: Counter = new Counter(0) }', 'leave the initialiser out'],
  ['a generic method', '@app class A { get<T>(x: T): void {} }', "method 'get' cannot have type parameters"],
  ['an init with a result', '@app class A { init(): string { return "" } }', "'init' returns nothing"],
  ['two applications', '@app class A {} @app class B {}', 'there can be one @app class only'],
  ['a generic JSON class', '@json class A<T> { a: i32 = 0 }', 'cannot have type parameters'],
  [
    'a plain class as an argument',
    'class P {} @app class A { f(x: P | null): void {} }',
    "method 'f', parameter 'x': class 'P' has no JSON form: mark it with @json",
  ],
  [
    'a plain class in a result',
    'class P {} @app class A { f(): Result<P[]> { return ok<P[]>([]) } }',
    "the result of method 'f': class 'P' has no JSON form",
  ],
  [
    'a fixed array as an argument',
    '@app class A { f(x: StaticArray<u8>): void {} }',
    "method 'f', parameter 'x': 'StaticArray' has no JSON form",
  ],
  [
    'a plain class as a JSON field',
    'class P {} @json class B { p: P = new P() } @app class A {}',
    "field 'p' of 'B': class 'P'",
  ],
  ['no application', 'class A {}', 'no class is marked @app'],
  ['a derived JSON class', 'class B {} @json class A extends B { a: i32 = 0 }', 'cannot extend another'],
])('%s is refused, at its place', async (_, source, message) => {
  const text = await messages(
    `import { Counter } from '@calbox/sdk'\nexport const unused: usize = idof<Counter>()\n${source}`,
  )
  expect(text).toContain(`Transform 'calbox': `)
  expect(text).toContain(message)
  expect(text).toMatch(/index\.ts\(3,\d+\)/)
})

test('the application must be in the entry file', async () => {
  const text = await messages("import { A } from './other'\nexport { A }", '@app export class A {}')
  expect(text).toContain('the @app class must be in the entry file')
})

test('the lines of messages are those of the author', async () => {
  const source =
    "import { UnorderedMap } from '@calbox/sdk'\n@app class A {\n  m: UnorderedMap<string, string>\n  f(): i32 {\n    return wrong\n  }\n}"
  expect(await messages(source)).toMatch(/Cannot find name 'wrong'[\s\S]*index\.ts\(5,12\)/)
})

test('a file without the SDK: the missing @app is named, not the SDK’s own parts', async () => {
  const text = await messages('class A {\n  f(): void { throw new Error("no") }\n}')
  expect(text).toContain('no class is marked @app')
  expect(text).toContain('index.ts(1,7)')
  expect(text).not.toContain('abort')
})

test('a program that compiles has no messages', { timeout: 30_000 }, async () => {
  const source =
    "import { ok, Result } from '@calbox/sdk'\n@app class A { f(): Result<u64> { return ok<u64>(1) } g(): Result<string> { return ok('') } }"
  expect(await messages(source)).toBe('')
  expect(await messages('export function f(x: i32): void { if (x == 0) throw new Error("no") }')).toBe('')
})
