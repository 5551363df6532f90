// `calbox lint`: what in a workflow is likely to go wrong, with its place and a fix. Starts nothing.
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Problem, Severity } from '@calbox/workflows'
import type { FixResult } from '@calbox/workflows/fix'
import type { LintRequest, LintResult } from '@calbox/workflows/lint'
import { type Command, Option } from 'commander'
import { type LintedFile, renderDifference, renderLintVerdict, renderRules } from '../../render/lint-text.ts'
import { renderProblemText } from '../../render/problems.ts'
import { createStyle, type Style } from '../../render/style.ts'
import type { CommandEdge } from '../command-edge.ts'
import { CommandError } from '../command-error.ts'
import { QuietExit } from '../quiet-exit.ts'
import { includedFrom } from './plan-files.ts'
import { readWorkflowFiles, type WorkflowFile } from './workflow-files.ts'

export interface LintOptions {
  readonly fix?: boolean
  readonly dryRun?: boolean
  readonly format?: 'text' | 'json' | 'github'
  readonly severity?: Severity
  readonly rules?: boolean
}

const AFTER = `
A finding is held back by a comment above the line or the step that it is about, with a reason:
  # calbox-lint-disable-next-line read-without-barrier -- the reason

Exit codes: 0 nothing found   1 findings of the given severity or above   2 bad file or usage`

export function registerLint(program: Command, edge: CommandEdge): void {
  program
    .command('lint')
    .description('find races, pauses that should be barriers, and checks that check nothing; starts nothing')
    .argument('[files...]', 'files or globs; default workflow.yml')
    .option('--fix', 'write the fixes that are safe into the files')
    .option('--dry-run', 'show what --fix would change, and write nothing')
    .addOption(new Option('--format <format>', 'how to show it').choices(['text', 'json', 'github']).default('text'))
    .addOption(
      new Option('--severity <least>', 'exit with 1 for findings of this severity and above')
        .choices(['error', 'warning', 'note'])
        .default('warning'),
    )
    .option('--rules', 'list the rules, and end')
    .addHelpText('after', AFTER)
    .action((files: string[], options: LintOptions) => runLint(files, options, edge))
}

export async function runLint(given: readonly string[], options: LintOptions, edge: CommandEdge): Promise<void> {
  const style = createStyle(edge.stdout, edge.env)
  if (options.rules === true) {
    const { lintRules } = await import('@calbox/workflows/lint-rules')
    edge.stdout.write(renderRules(lintRules, style))
    return
  }
  const { lintWorkflow, isAtLeast } = await import('@calbox/workflows/lint')
  const isFixing = options.fix === true || options.dryRun === true
  const fix = isFixing ? (await import('@calbox/workflows/fix')).fixWorkflow : undefined
  const linted = readWorkflowFiles(edge.cwd, given).map((file): LintedFile => {
    const world = { environment: edge.env, readIncluded: includedFrom(edge) }
    const request: LintRequest = { file: file.name, text: file.text, ...world }
    const fixed = fix?.(request)
    if (fixed !== undefined && options.dryRun !== true) writeFixed(file, fixed, edge)
    const isWritten = fixed !== undefined && options.dryRun !== true
    const text = isWritten ? fixed.text : file.text
    return { file: { ...file, text }, ...(fixed && { fixed }), ...lintWorkflow({ ...request, text }) }
  })
  if (options.format === 'json') edge.stdout.write(`${JSON.stringify(jsonOf(linted), null, 2)}\n`)
  else if (options.format === 'github') edge.stdout.write(await annotationsOf(linted, edge))
  else await showAll(linted, options, style, edge)
  if (linted.some(({ problems }) => problems.length > 0)) throw new QuietExit(2)
  const least = options.severity ?? 'warning'
  const counts = linted.some(({ findings }) => findings.some(({ severity }) => isAtLeast(severity, least)))
  if (counts) throw new QuietExit(1)
}

function writeFixed(file: WorkflowFile, { text, fixed }: FixResult, edge: CommandEdge): void {
  if (fixed.length === 0) return
  try {
    writeFileSync(path.resolve(edge.cwd, file.name), text)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new CommandError('USAGE', `cannot write ${file.name}: ${why}; give this user access to it, or use --dry-run`)
  }
}

async function showAll(
  linted: readonly LintedFile[],
  options: LintOptions,
  style: Style,
  edge: CommandEdge,
): Promise<void> {
  const { renderProblem } = await import('@calbox/workflows/problems')
  for (const result of linted) {
    const show = (problem: Problem) => {
      const text = renderProblem(problem, result.sources.get(problem.file) ?? result.file.text)
      edge.stdout.write(`${renderProblemText(text, problem.severity, style)}\n\n`)
    }
    if (options.dryRun === true && result.fixed !== undefined && result.fixed.difference !== '') {
      edge.stdout.write(`${renderDifference(result.fixed.difference, style)}\n\n`)
    }
    for (const problem of result.problems) show(problem)
    for (const finding of result.findings) show({ ...finding, message: `${finding.message} [${finding.rule}]` })
    edge.stdout.write(`${renderLintVerdict(result, options.dryRun === true, style)}\n`)
  }
}

/** What `--format json` prints; columns count from 1, `endColumn` is behind the last sign. */
function jsonOf(linted: readonly LintedFile[]) {
  return {
    files: linted.map(({ file, problems, findings, fixed }) => ({
      file: file.name,
      problems,
      findings: findings.map(({ fix, code: _, length, file: __, ...finding }) => ({
        ...finding,
        endColumn: finding.column + length,
        ...(fix && { fix }),
      })),
      ...(fixed && { fixed: fixed.fixed.map(({ rule, line, message }) => ({ rule, line, message })) }),
    })),
  }
}

async function annotationsOf(linted: readonly LintedFile[], edge: CommandEdge): Promise<string> {
  const { githubAnnotations } = await import('@calbox/workflows')
  const named = ({ message, rule, ...finding }: LintResult['findings'][number]): Problem => ({
    ...finding,
    message: `${message} [${rule}]`,
  })
  const files = linted.map(({ file, problems, findings }) => ({
    file: file.name,
    kind: 'invalid' as const,
    problems: [...problems, ...findings.map(named)],
  }))
  const report = { files, exitCode: 0, startedAtMs: 0, durationMs: 0 }
  return githubAnnotations(report, { cwd: edge.cwd, root: edge.env.GITHUB_WORKSPACE })
}
