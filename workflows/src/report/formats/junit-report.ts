// `--report junit`: a suite for each file, a case for each of its top-level steps, reached or not. The shape is what the
// schemas of both Ant and Jenkins (junit-10.xsd) take: no attributes on `testsuites`, output at the end of a suite.
import type { FailureInfo, PlannedStepRef } from '../../run/events.ts'
import { type FileReport, failureText, type WholeReport } from '../file-report.ts'
import { JUNIT_OUTPUT_MAX_CHARS } from '../limits.ts'
import type { RunRecord, StepRecord } from '../run-record.ts'
import { timingLines } from '../timing-lines.ts'
import { xmlAttribute, xmlText } from './xml-text.ts'

export interface JunitOptions {
  readonly hostname: string
}

interface Case {
  readonly name: string
  readonly durationMs: number
  readonly result?: { readonly tag: 'failure' | 'error' | 'skipped'; readonly type: string; readonly text: string }
}

interface Suite {
  readonly name: string
  readonly file: string
  readonly startedAtMs: number
  readonly durationMs: number
  readonly cases: readonly Case[]
  readonly properties: Readonly<Record<string, string>>
  readonly out: readonly string[]
  readonly err: readonly string[]
}

export function junitReport(report: WholeReport, options: JunitOptions): string {
  const suites = report.files.map((file) => suiteOf(file, report))
  const lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<testsuites>']
  for (const [at, suite] of suites.entries()) lines.push(...suiteLines(suite, at, options))
  return `${[...lines, '</testsuites>'].join('\n')}\n`
}

function suiteOf(file: FileReport, report: WholeReport): Suite {
  const warnings = file.problems.filter(({ severity }) => severity === 'warning')
  const err = warnings.map(({ line, column, message }) => `${file.file}:${line}:${column}: warning: ${message}`)
  const none = {
    name: file.label ?? file.file,
    file: file.file,
    startedAtMs: report.startedAtMs,
    durationMs: 0,
    properties: {},
    out: [],
    err,
  }
  switch (file.kind) {
    case 'ran':
      return ranSuite(file, err)
    case 'invalid':
      return { ...none, cases: [errorCase('the workflow file', 'invalid', problemsText(file))] }
    case 'broken':
      return { ...none, cases: [errorCase('the run', 'environment', file.message)] }
    case 'not_run':
      return { ...none, cases: file.plannedSteps.map((step) => skipped(step.name, file.why)) }
  }
}

function ranSuite(file: Extract<FileReport, { kind: 'ran' }>, warnings: readonly string[]): Suite {
  const { record, rerun } = file
  return {
    name: file.label ?? file.file,
    file: file.file,
    startedAtMs: record.startedAtMs,
    durationMs: record.durationMs ?? 0,
    cases: casesOf(record),
    properties: { ...propertiesOf(record), ...(rerun !== undefined && { rerun }) },
    out: [...record.steps.flatMap(stepLines), ...timingLines(record.timings)],
    err: [...warnings, ...record.notes, ...record.steps.flatMap(({ noteWarnings = [] }) => noteWarnings)],
  }
}

function casesOf(record: RunRecord): Case[] {
  const reached = record.steps.map(caseOf)
  const rest = record.plannedSteps.slice(record.steps.length)
  const cases = [...reached, ...rest.map((step: PlannedStepRef) => skipped(step.name, 'not reached'))]
  const { failure } = record
  if (failure !== undefined && !record.steps.some((step) => step.failure)) {
    cases.push({ name: failure.during ?? 'the run', durationMs: 0, result: resultOf([failure]) })
  }
  if (record.outcome === 'interrupted') cases.push(errorCase('the run', 'interrupted', 'the run was interrupted'))
  return cases
}

function caseOf(step: StepRecord): Case {
  const durationMs = step.durationMs ?? 0
  if (step.outcome === 'passed') return { name: step.name, durationMs }
  if (step.failure === undefined) return { ...skipped(step.name, step.summary ?? step.outcome), durationMs }
  return { name: step.name, durationMs, result: resultOf(step.failure.failures ?? [step.failure]) }
}

function skipped(name: string, why: string): Case {
  return { name, durationMs: 0, result: { tag: 'skipped', type: 'skipped', text: why } }
}

function errorCase(name: string, type: string, text: string): Case {
  return { name, durationMs: 0, result: { tag: 'error', type, text } }
}

/** What was tried and refused, or found untrue, is a failure; what kept it from being tried is an error. */
const FAILURES =
  /^(failed|assertion|not_as_expected|state_missing|timeout|client_http|client_reply|capture_.*|unresolved_placeholder)$/

function resultOf(failures: readonly FailureInfo[]): NonNullable<Case['result']> {
  const type = failures[0]?.code ?? 'failed'
  const text = failures.map(failureText).join('\n\n')
  return { tag: FAILURES.test(type) ? 'failure' : 'error', type, text }
}

function problemsText(file: FileReport): string {
  const errors = file.problems.filter(({ severity }) => severity === 'error')
  return errors
    .map(({ line, column, message, hint }) => {
      return `${file.file}:${line}:${column}: ${message}${hint === undefined ? '' : `\n  help: ${hint}`}`
    })
    .join('\n')
}

function propertiesOf(record: RunRecord): Record<string, string> {
  const properties: Record<string, string> = { workflow: record.name, outcome: record.outcome, results: record.runDir }
  if (record.exitCode !== undefined) properties.exit_code = String(record.exitCode)
  if (record.seed !== undefined) properties.seed = record.seed
  if (record.meshedAfterMs !== undefined) properties.meshed_ms = String(Math.round(record.meshedAfterMs))
  for (const node of record.nodes) {
    if (node.readyAfterMs !== undefined)
      properties[`node_ready_ms.${node.name}`] = String(Math.round(node.readyAfterMs))
    const ended = (node.exits ?? []).filter(({ expected }) => !expected)
    if (ended.length > 0) properties[`node_ended.${node.name}`] = ended.map(({ cause }) => cause).join(', ')
  }
  return properties
}

function stepLines(step: StepRecord): string[] {
  const seconds = `${((step.durationMs ?? 0) / 1000).toFixed(3)} s`
  const head = [step.outcome, seconds, step.name, step.summary, step.warning].filter((part) => part !== undefined)
  const output = (step.output ?? []).map((line) => `  | ${line}`)
  return [head.join('  '), ...timingLines(step.timings ?? []), ...output]
}

function suiteLines(suite: Suite, id: number, { hostname }: JunitOptions): string[] {
  const { cases } = suite
  const count = (tag: string) => String(cases.filter(({ result }) => result?.tag === tag).length)
  const attributes = {
    name: suite.name,
    package: 'calbox',
    id: String(id),
    hostname,
    // Its schema has no place for a zone: UTC.
    timestamp: new Date(suite.startedAtMs).toISOString().slice(0, 19),
    tests: String(cases.length),
    failures: count('failure'),
    errors: count('error'),
    skipped: count('skipped'),
    time: seconds(suite.durationMs),
  }
  const properties = Object.entries(suite.properties).map(
    ([name, value]) => `      ${tag('property', { name, value })}`,
  )
  return [
    `  ${tag('testsuite', attributes, '>')}`,
    '    <properties>',
    ...properties,
    '    </properties>',
    ...uniqueNames(cases).map((each) => caseLine(each, suite.file)),
    `    <system-out>${xmlText(bounded(suite.out))}</system-out>`,
    `    <system-err>${xmlText(bounded(suite.err))}</system-err>`,
    '  </testsuite>',
  ]
}

/** Steps may have the same name; whoever compares two runs needs different ones. */
function uniqueNames(cases: readonly Case[]): Case[] {
  const seen = new Map<string, number>()
  return cases.map((each) => {
    const count = (seen.get(each.name) ?? 0) + 1
    seen.set(each.name, count)
    return count === 1 ? each : { ...each, name: `${each.name} (${count})` }
  })
}

function caseLine({ name, durationMs, result }: Case, file: string): string {
  const classname = file
    .replace(/\.ya?ml$/, '')
    .replace(/^[./]+/, '')
    .replaceAll('.', '_')
    .replaceAll('/', '.')
  const attributes = { name, classname, time: seconds(durationMs) }
  if (result === undefined) return `    ${tag('testcase', attributes)}`
  const [head = '', next = ''] = result.text.split('\n').filter((line) => !/^(at|in) /.test(line))
  // A heading that ends in a colon says nothing by itself.
  const message = head.endsWith(':') ? `${head} ${next.trim()}` : head
  const inside =
    result.tag === 'skipped'
      ? tag('skipped', { message: result.text })
      : `${tag(result.tag, { type: result.type, message }, '>')}${xmlText(result.text)}</${result.tag}>`
  return `    ${tag('testcase', attributes, '>')}${inside}</testcase>`
}

function tag(name: string, attributes: Readonly<Record<string, string>>, end = '/>'): string {
  const texts = Object.entries(attributes).map(([key, value]) => ` ${key}="${xmlAttribute(value)}"`)
  return `<${name}${texts.join('')}${end}`
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3)
}

function bounded(lines: readonly string[]): string {
  const text = lines.join('\n')
  return text.length <= JUNIT_OUTPUT_MAX_CHARS ? text : `…${text.slice(-JUNIT_OUTPUT_MAX_CHARS)}`
}
