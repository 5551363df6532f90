import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { failedTests } from './failed-tests.ts'

let dir: string

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'calbox-failed-tests-'))
})

afterEach(() => rmSync(dir, { recursive: true, force: true }))

function report(results: unknown): string[] {
  writeFileSync(join(dir, 'r.json'), JSON.stringify(results))
  return failedTests(join(dir, 'r.json'), '/checkout')
}

test('each failed test is named with its place and the first lines of its cause', () => {
  const passed = { fullName: 'good', status: 'passed', failureMessages: [] }
  const broken = { fullName: 'a thing breaks', status: 'failed', failureMessages: ['Error: x\n    at y'] }
  const file = { name: '/checkout/a/b.test.ts', status: 'failed', message: '', assertionResults: [passed, broken] }
  expect(report({ testResults: [file] })).toEqual(['  a/b.test.ts > a thing breaks\n      Error: x\n          at y'])
})

test('a file that does not load is named, too', () => {
  const file = { name: '/checkout/c.test.ts', status: 'failed', message: 'cannot parse', assertionResults: [] }
  expect(report({ testResults: [file] })).toEqual(['  c.test.ts > (the file itself)\n      cannot parse'])
})

test('a run that wrote no results says so', () => {
  expect(failedTests(join(dir, 'none.json'), '/checkout')[0]).toContain('no results were written')
})
