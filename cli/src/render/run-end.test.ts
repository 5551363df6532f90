import type { RunResult } from '@calbox/workflows'
import { expect, test } from 'vitest'
import { renderRunEnd } from './run-end.ts'
import { createStyle } from './style.ts'

type History = NonNullable<RunResult['record']['history']>

function linesOf(
  outcome: RunResult['outcome'],
  acknowledged: number,
  writes: number,
  found: Partial<History> = {},
): string[] {
  const record: RunResult['record'] = {
    ...{ version: 1, name: '', file: '', runDir: 'd', startedAtMs: 0, outcome },
    planned: { steps: 0, nestedSteps: 0 },
    counts: { passed: 0, failed: 0, cancelled: 0, skipped: 0, notReached: 0, notRecorded: 0, warnings: 0 },
    ...{ plannedSteps: [], notes: [], timings: [], nodes: [], steps: [] },
    history: {
      ...{ acknowledged, writes, voided: [], notLookedFor: [], contexts: 1, nodes: ['a', 'b'], apart: [] },
      ...{ notCompared: [], leftWaiting: [], givenUp: [], givenUpMore: [], givenUpUntold: [], gone: [], differing: [] },
      ...found,
    },
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

test('writes that are void are not said to be held', () => {
  const place = { file: 'f.yml', line: 3, column: 5 }
  const write = { node: 'b', contextId: 'C', deltaId: 'd', step: 's', within: [], place, method: 'set' }
  const lines = linesOf('passed', 1000, 199, { nodes: [], voided: [write] })
  expect(lines).toContain(
    'history: 200 looked at of 1000 acknowledged writes, 199 held, 1 void with the removal of its author',
  )
  expect(lines).toContain('⚠ 1 acknowledged write does not count: not accepted before the removal of its author')
  expect(lines).toContain('  of b: step "s", method set, at f.yml:3:5')
})

test('nodes that are apart are not said to be the same, and what could not be looked for is said with its node', () => {
  const apart = [
    {
      contextId: 'C',
      groups: [
        { nodes: ['a'], heads: 'h', state: 's' },
        { nodes: ['b'], heads: 'i', state: 't' },
      ],
      why: ['a lacks 1 delta:', '  …d of b'],
    },
  ]
  const lines = linesOf('passed', 2, 2, { nodes: [], apart })
  expect(lines).toContain('history: 2 acknowledged writes held')
  expect(lines).toContain('⚠ the nodes do not have the same of context C: a | b')
  expect(lines).toContain('    …d of b')
  expect(lines).toContain('⚠ 1 warning')
  const lost = { node: 'b', writes: 20, why: 'it does not know the context any more', isFinding: true } as const
  const stopped = { node: 'a', writes: 2, why: 'it is stopped' }
  const notCompared = ['c', 'd'].map((node) => ({ node, why: 'it is stopped' }))
  const untold = linesOf('passed', 22, 0, { notLookedFor: [lost, stopped], notCompared })
  expect(untold).toContain(
    'history: 0 looked at of 22 acknowledged writes; 2 of a not looked for: it is stopped; same heads, same state on 2 nodes; c, d not compared: it is stopped',
  )
  expect(untold).toContain(
    '⚠ 20 acknowledged writes of b could not be looked for: it does not know the context any more',
  )
})
