import { expect, test } from 'vitest'
import { formatDuration } from './format-duration.ts'
import { RECORDED_MAX_CHARS, RECORDED_PAYLOAD_MAX_CHARS, RECORDED_STEPS_MAX } from './limits.ts'
import { RunRecorder } from './run-record.ts'
import { codeFrame } from './screen/code-frame.ts'
import { factsTable, failureReport } from './screen/failure-report.ts'

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

const ref = (stepId: number, more: object = {}) => ({
  stepId,
  kind: 'call',
  name: 'c',
  index: 1,
  of: 1,
  depth: 0,
  place: { file: 'f', line: 1, column: 1 },
  path: 'steps[0]',
  ...more,
})

const ended = { type: 'step:end', atMs: 2, outcome: 'passed', durationMs: 1 } as const
const long = 'x'.repeat(RECORDED_PAYLOAD_MAX_CHARS)

test('a large reply and a large capture are cut in the record', () => {
  const recorder = new RunRecorder()
  recorder.listen({ type: 'step:start', atMs: 1, step: ref(1) })
  recorder.listen({ ...ended, step: ref(1), payload: { text: long }, captured: { a: long, b: Number.NaN } })
  const cut = /… \(\d+ characters\)$/
  expect(recorder.record.steps[0]?.payload).toMatch(cut)
  expect(recorder.record.steps[0]?.captured).toEqual({ a: expect.stringMatching(cut), b: Number.NaN })
  const end = { outcome: 'passed', exitCode: 0, durationMs: 1, runDir: '', nodesLeftRunning: [] } as const
  recorder.listen({ type: 'run:end', atMs: 3, ...end, captured: { a: long } })
  expect(recorder.record.captured?.a).toMatch(cut)
})

test('a record that is full keeps what failed, and leaves out what came', () => {
  const recorder = new RunRecorder()
  const rounds = RECORDED_MAX_CHARS / RECORDED_PAYLOAD_MAX_CHARS + 1
  for (let id = 1; id <= rounds; id += 1) {
    recorder.listen({ type: 'step:start', atMs: 1, step: ref(id) })
    recorder.listen({ ...ended, step: ref(id), payload: long })
  }
  recorder.listen({ type: 'step:start', atMs: 1, step: ref(rounds + 1) })
  const failure = { code: 'failed', message: 'm'.repeat(10_000), node: 'n' }
  recorder.listen({ ...ended, step: ref(rounds + 1), outcome: 'failed', failure })
  const [full, failed] = recorder.record.steps.slice(-2)
  expect(full?.payload).toMatch(/^\(left out, the record is full/)
  expect(failed?.failure).toEqual({ code: 'failed', message: 'm'.repeat(500), node: 'n' })
})

test('steps of the top level are in the record, however many ran before them', () => {
  const recorder = new RunRecorder()
  const late = ref(RECORDED_STEPS_MAX + 1, { name: 'late' })
  recorder.listen({ type: 'step:start', atMs: 1, step: late })
  const inner = ref(RECORDED_STEPS_MAX + 2, { parentId: late.stepId, depth: 1 })
  recorder.listen({ type: 'step:start', atMs: 1, step: inner })
  recorder.listen({ ...ended, step: late, outcome: 'failed', failure: { code: 'failed', message: 'm' } })
  expect(recorder.record.steps).toMatchObject([{ name: 'late', outcome: 'failed', failure: { message: 'm' } }])
  expect(recorder.record.counts).toMatchObject({ failed: 1, notRecorded: 1 })
})

test('of notes and output the last ones are in the record', () => {
  const recorder = new RunRecorder()
  recorder.listen({ type: 'step:start', atMs: 1, step: ref(1) })
  for (let at = 1; at <= 1_500; at += 1) {
    recorder.listen({ type: 'step:note', atMs: 1, step: ref(1), level: 'warning', message: `${at}` })
    recorder.listen({ type: 'step:output', atMs: 1, step: ref(1), text: `${at}` })
    recorder.listen({ type: 'note', atMs: 1, level: 'info', message: `${at}` })
  }
  const [step] = recorder.record.steps
  for (const list of [step?.notes, step?.noteWarnings, step?.output, recorder.record.notes]) {
    expect([list?.length, list?.[0], list?.at(-1)]).toEqual([1_000, '501', '1500'])
  }
})
