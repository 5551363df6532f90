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
