import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type LintOptions, runLint } from './lint.ts'

let cwd: string
let shown: string

beforeEach(() => {
  cwd = mkdtempSync(path.join(tmpdir(), 'lint-test-'))
  shown = ''
})
afterEach(() => rmSync(cwd, { recursive: true }))

const RACE = `name: w
nodes: { a: {}, b: {} }
vars: { ctx: CTX }
steps:
  - { type: call, node: a, context_id: '{{ctx}}', method: set, args: { key: k } }
  - { type: call, node: b, context_id: '{{ctx}}', method: get, args: { key: k }, expect: { output: v } }
`

/** The exit code. */
async function lint(options: LintOptions, files: string[] = []): Promise<number> {
  const out = { write: (text: string) => (shown += text) }
  const edge = {
    cwd,
    stdout: out,
    stderr: out,
    stdin: new PassThrough(),
    signal: new AbortController().signal,
    env: { NO_COLOR: '1' },
  }
  try {
    await runLint(files, options, edge)
    return 0
  } catch (error) {
    if (error instanceof Error && 'exitCode' in error && typeof error.exitCode === 'number') return error.exitCode
    throw error
  }
}

function write(text: string): string {
  const file = path.join(cwd, 'workflow.yml')
  writeFileSync(file, text)
  return file
}

test('a finding is shown with its place, its rule and its fix, and is the exit code', async () => {
  write(RACE)
  expect(await lint({})).toBe(1)
  expect(shown).toContain(
    'workflow.yml:6:7: warning: nothing makes sure that b has what "set" wrote on a in line 5 [read-without-barrier]',
  )
  expect(shown).toContain('help: put a wait_for_sync of a and b for the context between them')
  expect(shown).toContain('⚠ workflow.yml: 1 warning')
  expect(await lint({ severity: 'error' })).toBe(0)
})

test('--fix writes, --dry-run shows', async () => {
  const file = write(
    RACE.replace(
      "  - { type: call, node: b, context_id: '{{ctx}}'",
      "  - type: call\n    node: b\n    context_id: '{{ctx}}'",
    ).replace(
      ', method: get, args: { key: k }, expect: { output: v } }',
      '\n    method: get\n    args: { key: k }\n    expect: { output: v }',
    ),
  )
  const before = readFileSync(file, 'utf8')
  expect(await lint({ dryRun: true })).toBe(1)
  expect(shown).toContain('+    type: wait_for_sync')
  expect(readFileSync(file, 'utf8')).toBe(before)
  expect(await lint({ fix: true })).toBe(0)
  expect(shown).toContain('✓ workflow.yml: nothing found; 1 finding fixed')
  expect(readFileSync(file, 'utf8')).toContain('nodes: [a, b]')
})

test('a file that cannot be planned is a bad file', async () => {
  write('name: w\nsteps: 5\n')
  expect(await lint({})).toBe(2)
  expect(shown).toContain('error: the steps must be a list')
})

test('findings as JSON and as annotations', async () => {
  write(RACE)
  expect(await lint({ format: 'json' })).toBe(1)
  const { files } = JSON.parse(shown)
  expect(files[0]).toMatchObject({ file: 'workflow.yml', problems: [] })
  expect(files[0].findings[0]).toMatchObject({ rule: 'read-without-barrier', severity: 'warning', line: 6, column: 7 })
  shown = ''
  expect(await lint({ format: 'github' })).toBe(1)
  expect(shown).toMatch(/^::warning file=workflow\.yml,line=6,col=7,.*\[read-without-barrier\]/)
})

test('--rules lists what there is to find', async () => {
  expect(await lint({ rules: true })).toBe(0)
  expect(shown).toContain('read-without-barrier')
})
