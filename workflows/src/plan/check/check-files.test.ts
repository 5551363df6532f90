import { expect, test } from 'vitest'
import { lines, withSteps } from '../sample-plan.ts'
import type { SeenFile } from './application-file.ts'

const GZIP = Uint8Array.of(0x1f, 0x8b, 8, 0)
const install = (path: string, more = '') =>
  `  - {type: install_application, node: calimero-node-1, path: ${path}${more}}\n`
const WASM = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)
const files = (known: Record<string, SeenFile | string>) => ({
  lookAtFile: (path: string): SeenFile => {
    const seen = known[path] ?? { kind: 'absent' }
    return typeof seen === 'string' ? { kind: 'file', start: new TextEncoder().encode(seen) } : seen
  },
})

test('files to install are looked for, but not behind placeholders, and mildly after a script', () => {
  const here = files({ 'here.wasm': { kind: 'file', start: WASM } })
  const steps = `${install('here.wasm')}${install('gone.wasm')}${install('"{{p}}.wasm"')}  - {type: script, script: build.sh}\n${install('built.wasm')}`
  const found = withSteps(steps, here).problems.filter((problem) => problem.code === 'missing_file')
  expect(found.map((problem) => [problem.severity, problem.line, problem.column, problem.path])).toEqual([
    ['error', 6, 62, 'steps[1].path'],
    ['warning', 9, 62, 'steps[4].path'],
  ])
})

test.for([
  ['hello there, how are you', /neither a WebAssembly module nor a bundle: it begins with "hello there, how"/],
  ['', /is empty \| the build/],
  ['version https://git-lfs.github.com/spec/v1', /pointer of Git LFS \| .*git lfs pull/],
  [' (module)', /compile it first/],
  ['\0asm\r\0\u0001\0', /a form that nodes do not run/],
  [{ kind: 'folder' }, /is a folder \| name a file in it, one that ends in .wasm/],
  [{ kind: 'unreadable', reason: 'permission denied' }, /cannot be read: permission denied/],
] as const)('what is no application is refused before anything starts: %j', ([file, words]) => {
  const found = withSteps(install('x.wasm'), files({ 'x.wasm': file }))
  expect(lines(found)).toEqual([expect.stringMatching(words)])
  expect(lines(found)[0]).toMatch(/^5:62 error the file x\.wasm /)
  // Where the refusal is what is tested, it is none of ours.
  expect(lines(withSteps(install('x.wasm', ', expected_failure: true'), files({ 'x.wasm': file })))).toEqual([])
})

test.for([
  [
    { error: 'section extends past end of the module @+9', exportsMemory: false },
    'is no WebAssembly that compiles: section extends past end of the module @+9 | it is cut off: build it again, or copy it again',
  ],
  [
    { error: 'unknown section code #0x32', exportsMemory: false },
    'compiles: unknown section code #0x32 | build it again',
  ],
  [{ exportsMemory: false }, 'is WebAssembly that exports no memory, so nodes cannot run it | applications pass'],
] as const)('what begins as a module and is none is refused, at its path: %j', ([module, words]) => {
  const found = lines(withSteps(install('x.wasm'), files({ 'x.wasm': { kind: 'file', start: WASM, module } })))
  expect(found).toEqual([expect.stringContaining(`5:62 error the file x.wasm `)])
  expect(found[0]).toContain(words)
})

test('where nothing is run, a file that is not there is a warning that says what a run does', () => {
  const [found] = withSteps(install('x.wasm'), { ...files({}), absentFiles: 'warning' }).problems
  expect(found).toMatchObject({
    severity: 'warning',
    hint: expect.stringMatching(/^there `calbox run` ends with an error; /),
  })
})

test('modules and bundles are applications', () => {
  const known = files({ a: { kind: 'file', start: WASM }, b: 'PK\u0003\u0004', c: { kind: 'file', start: GZIP } })
  expect(lines(withSteps(['a', 'b', 'c'].map((path) => install(path)).join(''), known))).toEqual([])
})

test('a file that is beside the workflow, and not where the command runs, is pointed at', () => {
  const known = { ...files({ 'sub/app.wasm': { kind: 'file', start: WASM } }), file: 'sub/w.yml' }
  expect(lines(withSteps(install('./app.wasm'), known)).join()).toContain(
    'it is beside the workflow file: write sub/app.wasm, or run calbox in sub',
  )
})
