import { expect, test } from 'vitest'
import type { FailureInfo, PlannedStepRef } from '../run/events.ts'
import { parseXml, type XmlElement } from '../testing/parse-xml.ts'
import { runYaml, withContext } from '../testing/run-yaml.ts'
import type { FileReport, WholeReport } from './file-report.ts'
import { githubAnnotations, withoutCommands } from './formats/github-report.ts'
import { githubSummary } from './formats/github-summary.ts'
import { jsonReport } from './formats/json-report.ts'
import { junitReport } from './formats/junit-report.ts'
import { ANNOTATIONS_MAX } from './limits.ts'
import { type RunRecord, RunRecorder } from './run-record.ts'

const HOST = { hostname: 'here' }

function whole(...files: FileReport[]): WholeReport {
  return { files, exitCode: 1, startedAtMs: Date.UTC(2026, 0, 2, 3, 4, 5), durationMs: 1234 }
}

const ran = (record: RunRecord): FileReport => ({ kind: 'ran', file: 'w/a.yml', problems: [], record })

/** A record without a run. */
function recordOf(failure: FailureInfo): RunRecord {
  const { record } = new RunRecorder()
  return Object.assign(record, { file: 'w/a.yml', outcome: 'failed' as const, exitCode: 1, failure })
}

const problem = {
  severity: 'error',
  code: 'unknown_field',
  file: 'b.yml',
  line: 3,
  column: 5,
  length: 4,
  path: 'steps[0].nodee',
  message: 'unknown field "nodee"',
  hint: 'did you mean "node"?',
} as const

function all(element: XmlElement, name: string): XmlElement[] {
  return [...(element.name === name ? [element] : []), ...element.children.flatMap((child) => all(child, name))]
}

const PARALLEL = `
  - { name: loop, type: repeat, count: 3, steps: [{ name: look, type: call, node: n-1, context_id: '{{context_id}}', method: len }] }
  - name: par
    type: parallel
    groups:
      - { name: a, steps: [{ name: bad call, type: call, node: n-1, context_id: '{{context_id}}', method: nope }] }
      - { name: b, steps: [{ name: wrong, type: call, node: n-2, context_id: '{{context_id}}', method: gone }] }
  - { name: never, type: wait, seconds: 1 }
`

test('a junit suite has a case for every top-level step, also those that were never reached', async () => {
  const { record } = await runYaml(withContext(PARALLEL))
  const root = parseXml(junitReport(whole(ran(record)), HOST))
  const [suite] = all(root, 'testsuite')
  expect(root.attributes).toEqual({})
  expect(suite?.attributes).toMatchObject({
    name: 'w/a.yml',
    hostname: 'here',
    tests: '8',
    failures: '1',
    errors: '0',
    skipped: '1',
  })
  expect(suite?.attributes.timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/)
  const cases = all(root, 'testcase').map(({ attributes }) => attributes.name)
  expect(cases).toEqual([
    'install_application',
    'create_namespace',
    'create_context',
    'create_namespace_invitation',
    'join_namespace',
    'loop',
    'par',
    'never',
  ])
  const [failure] = all(root, 'failure')
  expect(failure?.attributes.message).toContain('nope on n-1')
  expect(failure?.text).toContain('in par › group a › bad call')
  expect(failure?.text).toContain('in par › group b › wrong')
  expect(all(root, 'system-out')[0]?.text).toMatch(/loop .*\n {2}look +3 × {2}p50 .*\n {2}iteration +3 × {2}p50/)
})

test('the message of a junit failure goes beyond a heading that says nothing by itself', async () => {
  const { record } = await runYaml(withContext("  - { type: assert, statements: ['1 == 2', '1 == 1', '3 == 4'] }"))
  const [failure] = all(parseXml(junitReport(whole(ran(record)), HOST)), 'failure')
  expect(failure?.attributes.message).toBe('2 of 3 statements do not hold: 1 == 2')
})

test('whatever nodes and programs wrote, the XML is well-formed', () => {
  const nasty = '\u0000\u001b[31mred\u001b[0m ]]> <b a="1"> & &amp; \ud800 \ufffe \u0008 \r\n "end\''
  const record = recordOf({ code: 'failed', message: nasty, steps: [nasty], logTail: [nasty], node: nasty })
  record.steps.push({
    id: 1,
    kind: 'call',
    name: nasty,
    index: 1,
    place: { file: nasty, line: 1, column: 1 },
    startedAtMs: 0,
    outcome: 'failed',
    output: [nasty],
    failure: { code: 'failed', message: nasty },
  })
  const file = { ...ran(record), file: nasty }
  const root = parseXml(junitReport(whole(file), HOST))
  expect(all(root, 'failure')[0]?.text).toBe('␀red ]]> <b a="1"> & &amp; \ufffd \ufffd ␈ \n "end\'')
})

test('files that were never run are in every report', () => {
  const planned: PlannedStepRef[] = [
    { kind: 'wait', name: 'w', place: { file: 'c.yml', line: 1, column: 1 }, path: 's' },
  ]
  const report = whole(
    { kind: 'invalid', file: 'b.yml', problems: [problem] },
    {
      kind: 'not_run',
      file: 'c.yml',
      label: 'c.yml (n: 2)',
      problems: [],
      why: 'another file is invalid',
      plannedSteps: planned,
    },
    { kind: 'broken', file: 'd.yml', problems: [], message: 'no space left' },
  )
  const suites = all(parseXml(junitReport(report, HOST)), 'testsuite').map(
    ({ attributes: { name, errors, skipped } }) => {
      return [name, errors, skipped]
    },
  )
  expect(suites).toEqual([
    ['b.yml', '1', '0'],
    ['c.yml (n: 2)', '0', '1'],
    ['d.yml', '1', '0'],
  ])
  expect(JSON.parse(jsonReport(report)).files).toMatchObject([
    { file: 'b.yml', outcome: 'invalid', problems: [problem] },
    { file: 'c.yml', outcome: 'not_run' },
    { file: 'd.yml', outcome: 'broken', message: 'no space left' },
  ])
  expect(githubAnnotations(report, { cwd: '/r/x', root: '/r' }).split('\n')).toEqual([
    '::error file=x/b.yml,line=3,col=5,title=b.yml%3A error::unknown field "nodee"%0Ahelp: did you mean "node"?',
    '::error file=x/d.yml,title=d.yml could not be run::no space left',
    '',
  ])
  expect(githubSummary(report)).toContain('0 of 3 workflows passed in 1.23 s')
})

test('an annotation is one line on the line of the step, and its text is no command', () => {
  const failure: FailureInfo = {
    code: 'failed',
    message: '100% \u001bsure\r\n::error::no',
    steps: ['a, b', 'c: d'],
    node: 'n-1',
    nodeExit: 'exit code 41',
    place: { file: 'w/a.yml', line: 7, column: 9 },
  }
  const text = githubAnnotations(
    whole({ ...ran(recordOf(failure)), kind: 'ran', rerun: 'calbox run w/a.yml' } as FileReport),
    {
      cwd: '/repo',
    },
  )
  expect(text).toBe(
    '::error file=w/a.yml,line=7,col=9,title=a%2C b › c%3A d::100%25 ␛sure␍%0A::error::no%0An-1 ended: exit code 41%0Arun it again: calbox run w/a.yml\n',
  )
  const safe = withoutCommands('fine\n  ::error::x\n##[error]y\n| ::z')
  expect(safe.split('\n').map((line) => line.trimStart().startsWith('::') || line.includes('##['))).toEqual([
    false,
    false,
    false,
    false,
  ])
})

test('ten annotations, failures before warnings', async () => {
  const { record } = await runYaml(withContext(PARALLEL))
  const warnings = Array.from({ length: 20 }, (_, line) => ({
    ...problem,
    severity: 'warning' as const,
    line: line + 1,
  }))
  const lines = githubAnnotations(whole({ ...ran(record), problems: warnings }), { cwd: '/' })
    .trimEnd()
    .split('\n')
  expect(lines).toHaveLength(ANNOTATIONS_MAX)
  expect(lines.map((line) => line.split(' ')[0])).toEqual([
    '::error',
    '::error',
    ...new Array(ANNOTATIONS_MAX - 2).fill('::warning'),
  ])
  expect(lines[0]).toContain('title=par › group a › bad call::')
})

test('what the history check warns of is an annotation of a file that passed', () => {
  const lost = { node: 'n-2', writes: 20, why: 'it does not know the context any more', isFinding: true } as const
  const rest = {
    writes: 0,
    contexts: 1,
    nodes: [],
    apart: [],
    notCompared: [],
    givenUp: [],
    voided: [],
    gone: [],
    differing: [],
    leftWaiting: [],
    givenUpMore: [],
    givenUpUntold: [],
  }
  const history = { acknowledged: 20, notLookedFor: [lost], ...rest }
  const text = githubAnnotations(whole(ran({ ...new RunRecorder().record, file: 'w/a.yml', history })), { cwd: '/' })
  expect(text).toMatch(/^::warning file=\S+,title=history::20 acknowledged writes of n-2 could not be looked for: /)
})

test('the summary says what failed and where the time went, and mark-up in texts is text', async () => {
  const { record } = await runYaml(withContext(PARALLEL))
  const text = githubSummary(whole({ ...ran(record), kind: 'ran', rerun: 'calbox run w/a.yml' } as FileReport))
  expect(text).toContain('| ❌ | <code>w/a.yml</code> | 6 of 8 |')
  expect(text).toContain('**par › group b › wrong** at <code>test.yml:')
  expect(text).toMatch(/\| loop \| iteration \| 3 \|/)
  expect(text).toContain('Run it again: <code>calbox run w/a.yml</code>')
  const failure = { code: 'failed', message: 'a ```` b', steps: ['<img src=x> | *x*'] }
  const hostile = githubSummary(whole(ran(recordOf(failure))))
  expect(hostile).toContain('`````text\na ```` b\n`````')
  expect(hostile).toContain('**&#60;img src=x&#62; &#124; &#42;x&#42;**')
})

test('a record knows the seed that a step drew, and how often which kind took how long', async () => {
  const run = await runYaml(
    withContext(`
  - type: fuzzy_test
    duration_minutes: 1
    max_operations: 4
    context_id: '{{context_id}}'
    nodes: [{ name: n-1 }]
    operations:
      - { name: read, steps: [{ type: call, node: n-1, context_id: '{{context_id}}', method: len, outputs: { l: result } }, { type: assert, statements: ['is_set({{l}})'] }] }
`),
  )
  expect(run.failure).toBeUndefined()
  expect(run.record.seed).toMatch(/^\d+$/)
  const counts = run.record.timings.map(({ label, count }) => [label, count])
  expect(counts).toContainEqual(['node start', 2])
  expect(counts).toContainEqual(['call', 4])
  expect(run.record.steps.at(-1)?.timings?.map(({ label, count }) => [label, count])).toEqual([
    ['call', 4],
    ['assert', 4],
  ])
})
