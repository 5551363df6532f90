import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { CommandEdge } from '../command-edge.ts'
import { planFiles } from '../workflow/plan-files.ts'
import { chooseCombinations, chosenValuesOf, collectChosen } from './choose-combinations.ts'
import { runRun } from './run.ts'

let folder: string
let said: string
let edge: CommandEdge

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'calbox-matrix-'))
  said = ''
  const output = {
    write: (text: string) => {
      said += text
    },
  }
  const signal = new AbortController().signal
  edge = { cwd: folder, stdout: output, stderr: output, stdin: new PassThrough(), signal, env: {} }
  const steps = "steps:\n  - { type: assert, statements: ['{{unknown}} == 1'] }\n"
  const matrix = 'matrix: { count: [2, 3], fast: [true, false] }\n'
  writeFileSync(path.join(folder, 'm.yml'), `name: m\n${matrix}nodes: { count: '{{matrix.count}}' }\n${steps}`)
  writeFileSync(path.join(folder, 'plain.yml'), `name: p\nnodes: { count: 1 }\n${steps}`)
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

const chosen = async (files: readonly string[], values: Record<string, string>) =>
  chooseCombinations(await planFiles(files, edge), values)

test('the combinations with the values that were given are left, and files without a matrix', async () => {
  const labels = async (values: Record<string, string>) =>
    (await chosen(['m.yml', 'plain.yml'], values)).map(({ label }) => label)
  expect(await labels({ count: '3' })).toEqual([
    'm.yml (count=3, fast=True)',
    'm.yml (count=3, fast=False)',
    'plain.yml',
  ])
  expect(await labels({ fast: 'False', count: '2' })).toEqual(['m.yml (count=2, fast=False)', 'plain.yml'])
  expect(await labels({})).toHaveLength(5)
})

test('the problems of the file come with the first of them', async () => {
  const files = await chosen(['m.yml'], { count: '3' })
  expect(files.map(({ problems }) => problems.length)).toEqual([1, 0])
})

test('what a combination is chosen by chooses it alone', async () => {
  for (const file of await planFiles(['m.yml'], edge)) {
    const found = await chosen(['m.yml'], chosenValuesOf(file) ?? {})
    expect(found.map(({ label }) => label)).toEqual([file.label])
  }
  const [plain] = await planFiles(['plain.yml'], edge)
  expect(plain && chosenValuesOf(plain)).toBeUndefined()
})

test('values that no combination has are refused with those that there are, and so is a choice without a matrix', async () => {
  await expect(chosen(['m.yml'], { count: '4' })).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringMatching(/^no combination of m\.yml has count=4; it has:\n {2}count=2, fast=True\n/),
  })
  await expect(chosen(['m.yml'], { toString: 'x' })).rejects.toThrow('no combination')
  await expect(chosen(['plain.yml'], { count: '2' })).rejects.toMatchObject({ exitCode: 2 })
})

test('the option is axis=value, once an axis', () => {
  expect(collectChosen('b=1=2', collectChosen('a=x'))).toEqual({ a: 'x', b: '1=2' })
  for (const text of ['a', '=x', 'a=y']) expect(() => collectChosen(text, { a: 'x' })).toThrow(/axis/)
})

test('a dry run looks at what was chosen', async () => {
  await runRun(['m.yml'], { dryRun: true, matrix: { count: '2', fast: 'True' } }, edge)
  expect(said).toContain('m.yml (count=2, fast=True) is valid')
  expect(said).not.toContain('count=3')
})
