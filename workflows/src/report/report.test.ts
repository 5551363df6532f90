import { expect, test } from 'vitest'
import { codeFrame } from './code-frame.ts'
import { factsTable, failureReport } from './failure-report.ts'
import { formatDuration } from './format-duration.ts'
import { RECORDED_PAYLOAD_MAX_CHARS } from './limits.ts'
import { RunRecorder } from './run-record.ts'

test('durations read well at every size', () => {
  const samples = [0, 1.4, 999, 1000, 9994, 10_000, 61_000, 3_599_000, 3_840_000]
  expect(samples.map(formatDuration)).toEqual([
    '0 ms',
    '1 ms',
    '999 ms',
    '1.00 s',
    '9.99 s',
    '10.0 s',
    '1 m 01 s',
    '59 m 59 s',
    '1 h 04 m',
  ])
})

test('a frame shows the lines around the place and marks it', () => {
  const text = 'a\nb\nc: dd\nd\ne\nf\ng'
  expect(codeFrame(text, { line: 3, column: 4, length: 2 }).map((line) => line.text)).toEqual([
    '  1 | a',
    '  2 | b',
    '> 3 | c: dd',
    '    |    ^^',
    '  4 | d',
    '  5 | e',
    '  6 | f',
  ])
  expect(codeFrame(text, { line: 99, column: 1 })).toEqual([])
  const long = `${'a'.repeat(100)}X${'b'.repeat(100)}`
  expect(codeFrame(long, { line: 1, column: 101 }, { columns: 60 }).map((line) => line.text)).toEqual([
    `> 1 | …${'a'.repeat(28)}X${'b'.repeat(23)}…`,
    `    | ${' '.repeat(29)}^`,
  ])
})

test('the table marks what differs from what most nodes have', () => {
  const nodes = [
    { node: 'n-1', facts: { root: 'aaa', heads: '1' } },
    { node: 'n-2', facts: { root: 'aaa', heads: '1' } },
    { node: 'n-3', facts: { root: 'bbb' } },
  ]
  expect(factsTable(nodes)).toEqual(['node   root   heads', 'n-1    aaa    1', 'n-2    aaa    1', 'n-3    bbb ≠  – ≠'])
  const lacking = nodes.map(({ node }) => ({ node, facts: node === 'n-3' ? { lacks: '1 delta' } : {} }))
  // What only one of them says at all is no difference.
  expect(factsTable(lacking).slice(1)).toEqual(['n-1    –', 'n-2    –', 'n-3    1 delta'])
})

test('the report of a failure has cause, place, frame, node, differences and log', () => {
  const lines = failureReport({
    failure: {
      code: 'failed',
      message: 'get on n-2: refused\n  because',
      help: 'ask again',
      place: { file: 'w.yml', line: 2, column: 5 },
      steps: ['outer', 'inner'],
      node: 'n-2',
      nodeExit: 'killed by SIGKILL',
      logTail: ['one', 'x'.repeat(300)],
      perNode: [
        { node: 'n-1', facts: { root: 'a' } },
        { node: 'n-2', facts: { root: 'b' } },
      ],
    },
    sourceOf: () => 'steps:\n  - type: call',
    runDir: '.calbox/runs/r',
    columns: 80,
  })
  expect(lines).toEqual([
    '✗ outer › inner  w.yml:2:5',
    '',
    '  get on n-2: refused',
    '    because',
    '',
    '  n-2 ended: killed by SIGKILL',
    '',
    '  help: ask again',
    '',
    '  node   root',
    '  n-1    a',
    '  n-2    b',
    '',
    '    1 | steps:',
    '  > 2 |   - type: call',
    '      |     ^',
    '',
    '  last log lines of n-2',
    '  | one',
    `  | ${'x'.repeat(73)}…`,
    '',
    '  logs and results: .calbox/runs/r',
  ])
})

test('a large reply is cut in the record', () => {
  const recorder = new RunRecorder()
  const step = {
    stepId: 1,
    kind: 'call',
    name: 'c',
    index: 1,
    of: 1,
    depth: 0,
    place: { file: 'f', line: 1, column: 1 },
    path: 'steps[0]',
  }
  recorder.listen({ type: 'step:start', atMs: 1, step })
  const payload = { text: 'x'.repeat(RECORDED_PAYLOAD_MAX_CHARS) }
  recorder.listen({ type: 'step:end', atMs: 2, step, outcome: 'passed', durationMs: 1, payload })
  expect(recorder.record.steps[0]?.payload).toMatch(/… \(\d+ characters\)$/)
})
