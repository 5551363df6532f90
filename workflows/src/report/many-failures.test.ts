import { expect, test } from 'vitest'
import type { FailureInfo } from '../run/events.ts'
import { githubSummary } from './formats/github-summary.ts'
import type { RunRecord } from './run-record.ts'
import { failureReport } from './screen/failure-report.ts'

const failures = Array.from({ length: 14 }, (_, at): FailureInfo => {
  const place = { file: 'many.yml', line: at + 5, column: 7 }
  return { code: 'failed', message: `boom ${at + 1}\nmore of it`, steps: ['parallel', `f${at + 1}`], place }
})
const failure: FailureInfo = { code: 'failed', message: '14 of 14 groups failed', failures }

test('of many failures beside each other the last screen has five in full and each of the rest in a line', () => {
  const lines = failureReport({ failure })
  expect(lines.filter((line) => /^ +more of it/.test(line))).toHaveLength(5)
  expect(lines).toContain('  6) f6  many.yml:10:7  boom 6')
  expect(lines).toContain('  14) f14  many.yml:18:7  boom 14')
})

test('the summary of a job has all failures', () => {
  const record = {
    outcome: 'failed',
    failure,
    steps: [],
    nodes: [],
    timings: [],
    notes: [],
    runDir: 'r',
    plannedSteps: [],
  }
  const file = { kind: 'ran', file: 'many.yml', problems: [], record: record as unknown as RunRecord } as const
  const summary = githubSummary({ files: [file], exitCode: 1, startedAtMs: 0, durationMs: 1 })
  for (let at = 1; at <= 14; at += 1) expect(summary).toContain(`boom ${at}\n`)
})
