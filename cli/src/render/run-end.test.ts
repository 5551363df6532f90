import type { RunResult } from '@calbox/workflows'
import { expect, test } from 'vitest'
import { renderRunEnd } from './run-end.ts'
import { createStyle } from './style.ts'

function linesOf(outcome: RunResult['outcome'], acknowledged: number, writes: number): string[] {
  const record: RunResult['record'] = {
    ...{ version: 1, name: '', file: '', runDir: 'd', startedAtMs: 0, outcome },
    planned: { steps: 0, nestedSteps: 0 },
    counts: { passed: 0, failed: 0, cancelled: 0, skipped: 0, notReached: 0, notRecorded: 0, warnings: 0 },
    ...{ plannedSteps: [], notes: [], timings: [], nodes: [], steps: [] },
    history: { acknowledged, writes, contexts: 1, nodes: ['a', 'b'] },
  }
  const result: RunResult = { outcome, exitCode: 0, runDir: 'd', record, variables: new Map() }
  const style = createStyle({ isTTY: false, write: () => true }, {})
  const parts = { result, durationMs: 1, sourceOf: () => undefined, runDir: 'd', nodesLeftRunning: [], style }
  return renderRunEnd({ ...parts, rerun: 'calbox run f.yml --seed 7' }).split('\n')
}

function historyLineOf(acknowledged: number, writes: number): string | undefined {
  return linesOf('passed', acknowledged, writes).find((line) => line.startsWith('history:'))
}

test('who interrupted a run is told how to run it again', () => {
  expect(linesOf('interrupted', 0, 0)).toContain('run it again: calbox run f.yml --seed 7')
  expect(linesOf('passed', 0, 0).join('\n')).not.toContain('again')
})

test('writes that were not looked for are not said to be lost', () => {
  expect(historyLineOf(1000, 200)).toBe(
    'history: 200 looked at of 1000 acknowledged writes, all held; same heads, same state on 2 nodes',
  )
  expect(historyLineOf(5, 5)).toContain('history: 5 acknowledged writes held;')
})
