import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { FileReport } from '@calbox/workflows'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { CommandEdge } from '../command-edge.ts'
import { collectReports, planReports } from './report-options.ts'
import { Reports } from './reports.ts'

let cwd: string
let out: string
let err: string

beforeEach(() => {
  cwd = mkdtempSync(path.join(tmpdir(), 'calbox-reports-'))
  out = ''
  err = ''
})

afterEach(() => rmSync(cwd, { recursive: true, force: true }))

function reports(text: string, env: Record<string, string> = {}): Reports {
  const { signal } = new AbortController()
  const stdout = { write: (each: string) => (out += each) }
  const stderr = { write: (each: string) => (err += each) }
  const edge: CommandEdge = { cwd, stdout, stderr, stdin: process.stdin, signal, env }
  return new Reports(planReports(collectReports(text), env), edge)
}

const broken: FileReport = { kind: 'broken', file: 'a.yml', problems: [], message: 'no space' }
const read = (name: string) => readFileSync(path.join(cwd, name), 'utf8')

test('files are written as soon as there is something in them, with their folders', async () => {
  const all = reports('junit=x/y/j.xml,json=r.json')
  await all.add(broken)
  expect(read('x/y/j.xml')).toContain('<error type="environment" message="no space">')
  expect(JSON.parse(read('r.json')).files).toHaveLength(1)
  await all.add({ ...broken, file: 'b.yml' })
  expect(await all.end(3)).toBe(true)
  expect(JSON.parse(read('r.json'))).toMatchObject({ exitCode: 3, files: [{ file: 'a.yml' }, { file: 'b.yml' }] })
  expect([out, err]).toEqual(['', ''])
})

test('a report that cannot be written is said, and the others are complete', async () => {
  writeFileSync(path.join(cwd, 'file'), '')
  const all = reports('junit=file/j.xml,json=r.json,console=file/c.txt')
  all.console.write('a line\n')
  await all.add(broken)
  expect(await all.end(0)).toBe(false)
  expect(out).toBe('a line\n')
  expect(err).toMatch(/calbox: the console report is not written: cannot write .*\/file: /)
  expect(err).toMatch(/calbox: the junit report is not written: cannot write .*\/file: /)
  expect(JSON.parse(read('r.json')).files).toHaveLength(1)
})

test('where a report has the standard output, people read the other one', async () => {
  const all = reports('json=-,github')
  all.console.write('a line\n')
  await all.add(broken)
  await all.end(1)
  expect(JSON.parse(out).exitCode).toBe(1)
  expect(err).toBe('a line\n::error file=a.yml,title=a.yml could not be run::no space\n')
})

test('in GitHub Actions there are annotations and a summary, and nothing that nodes wrote is obeyed', async () => {
  const summary = path.join(cwd, 'summary.md')
  writeFileSync(summary, 'before\n')
  const all = reports('console', { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary, GITHUB_WORKSPACE: '/' })
  all.console.write('  ::error::no\n')
  await all.add(broken)
  expect(await all.end(1)).toBe(true)
  expect(out.split('\n').filter((line) => line.trimStart().startsWith('::'))).toEqual([
    `::error file=${path.join(cwd, 'a.yml').slice(1)},title=a.yml could not be run::no space`,
  ])
  expect(read('summary.md')).toMatch(/^before\n### ❌ calbox: 0 of 1 workflow passed/)
})

test('a summary nobody asked for is no reason to fail', async () => {
  const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: '/dev/null/x' }
  const quiet = reports('console', env)
  expect(await quiet.end(0)).toBe(true)
  expect(err).toContain('no job summary: cannot write /dev/null/x')
  expect(await reports('github', env).end(0)).toBe(false)
})

test('what people read may go to a file, or nowhere', async () => {
  const all = reports('console=c.txt')
  all.console.write('a line\n')
  await all.end(0)
  expect(read('c.txt')).toBe('a line\n')
  reports('console=off').console.write('nothing')
  expect(out).toBe('')
})
