// `--report github`: annotations on the lines of workflow files, as commands of the runner that reads our output.
import path from 'node:path'
import type { FailureInfo } from '../../run/events.ts'
import { visibleText } from '../../values/visible-text.ts'
import { type FileReport, failuresOf, faultLines, type WholeReport } from '../file-report.ts'
import { historyLines } from '../history-lines.ts'
import { ANNOTATION_MAX_CHARS, ANNOTATION_MAX_LINES, ANNOTATIONS_MAX } from '../limits.ts'
import type { StepRecord } from '../run-record.ts'

export interface GithubOptions {
  /** Names of files are relative to it. */
  readonly cwd: string
  /** The checkout: annotations name files from there (GITHUB_WORKSPACE). */
  readonly root?: string | undefined
}

interface Annotation {
  readonly level: 'error' | 'warning'
  readonly title: string
  readonly message: string
  readonly file: string
  readonly line?: number
  readonly column?: number
}

/** One command a line. A step shows ten: failures come first, then what is wrong in files, then what passed with a warning. */
export function githubAnnotations(report: WholeReport, options: GithubOptions): string {
  const all = report.files.flatMap(annotationsOf)
  const chosen = [...all.filter(({ level }) => level === 'error'), ...all.filter(({ level }) => level === 'warning')]
  return chosen
    .slice(0, ANNOTATIONS_MAX)
    .map((each) => `${command(each, options)}\n`)
    .join('')
}

/**
 * Text that nodes and programs wrote may look like a command, and the runner would obey it. What we print besides our own
 * annotations goes through this.
 */
export function withoutCommands(text: string): string {
  return text.replaceAll(/^([ \t]*):(?=:)/gm, '$1:\u200b').replaceAll('##[', '##\u200b[')
}

function annotationsOf(file: FileReport): Annotation[] {
  const problems = file.problems.flatMap(({ severity, line, column, message, hint }): Annotation[] => {
    if (severity === 'note') return []
    const text = hint === undefined ? message : `${message}\nhelp: ${hint}`
    return [{ level: severity, title: `${file.file}: ${severity}`, message: text, file: file.file, line, column }]
  })
  if (file.kind === 'broken') {
    return [
      { level: 'error', title: `${file.file} could not be run`, message: file.message, file: file.file },
      ...problems,
    ]
  }
  if (file.kind !== 'ran') return problems
  const { record, rerun } = file
  const failures = failuresOf(record).map((failure) => failed(failure, file.file, rerun))
  const found = record.history === undefined ? [] : historyLines(record.history).warnings
  const history = found.map((message): Annotation => ({ level: 'warning', title: 'history', message, file: file.file }))
  return [...failures, ...history, ...record.steps.flatMap((step) => warned(step)), ...problems]
}

function failed(failure: FailureInfo, file: string, rerun: string | undefined): Annotation {
  const { place, node, nodeExit, help, message } = failure
  const ended = nodeExit === undefined || message.includes(nodeExit) ? [] : [`${node} ended: ${nodeExit}`]
  const lines = [
    ...message.split('\n').slice(0, ANNOTATION_MAX_LINES),
    ...ended,
    ...faultLines(failure),
    ...(help === undefined ? [] : [`help: ${help}`]),
    ...(rerun === undefined ? [] : [`run it again: ${rerun}`]),
  ]
  return {
    level: 'error',
    title: failure.steps?.join(' › ') ?? failure.during ?? 'the run',
    message: lines.join('\n'),
    file: place?.file ?? file,
    ...(place && { line: place.line, column: place.column }),
  }
}

/** Of a step and those in it, each place and text once: an iteration says what the one before said. */
function warned(step: StepRecord, known = new Set<string>()): Annotation[] {
  const { place, name } = step
  const texts = [...(step.warning === undefined ? [] : [step.warning]), ...(step.noteWarnings ?? [])]
  const own = texts.filter((text) => !known.has(`${place.line} ${text}`))
  for (const text of own) known.add(`${place.line} ${text}`)
  return [
    ...own.map((message): Annotation => ({ level: 'warning', title: name, message, ...place })),
    ...(step.steps ?? []).flatMap((inner) => warned(inner, known)),
  ]
}

function command({ level, title, message, file, line, column }: Annotation, options: GithubOptions): string {
  const properties = {
    file: fromRoot(file, options),
    ...(line !== undefined && { line: String(line) }),
    ...(column !== undefined && { col: String(column) }),
    title: cut(title, 200),
  }
  const texts = Object.entries(properties).map(([name, value]) => `${name}=${escapeProperty(value)}`)
  return `::${level} ${texts.join(',')}::${escapeData(cut(message, ANNOTATION_MAX_CHARS))}`
}

function fromRoot(file: string, { cwd, root }: GithubOptions): string {
  const full = path.resolve(cwd, file)
  const relative = path.relative(root ?? cwd, full)
  return relative.startsWith('..') || path.isAbsolute(relative) ? full : relative.split(path.sep).join('/')
}

function escapeData(text: string): string {
  return visibleText(text).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`
}
