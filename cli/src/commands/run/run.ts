// `calbox run`: runs workflow files one after the other.
import path from 'node:path'
import type { Plan, RunEvent, RunResult } from '@calbox/workflows'
import type { Command } from 'commander'
import { renderProblemText } from '../../render/problems.ts'
import { createStyle, type Style } from '../../render/style.ts'
import type { CommandEdge } from '../command-edge.ts'
import { findCalnode } from '../find-calnode.ts'
import { parseKept, parsePositive } from '../parse-option.ts'
import { QuietExit } from '../quiet-exit.ts'
import { statePath } from '../state-path.ts'
import { type PlannedFile, planFiles } from '../workflow/plan-files.ts'
import { runValidate } from '../workflow/validate.ts'
import { changedPlan, loginOf, type PlanChangeOptions, withPlanChanges } from './plan-changes.ts'

export interface RunCommandOptions extends PlanChangeOptions {
  readonly verbose?: boolean
  readonly quiet?: boolean
  readonly timeout?: number
  readonly seed?: string
  readonly dryRun?: boolean
  readonly bail?: boolean
  readonly keepRuns?: number
}

interface Ready extends PlannedFile {
  readonly plan: Plan
}

interface FileEnd {
  readonly file: string
  readonly result: RunResult
}

export function registerRun(program: Command, edge: CommandEdge): void {
  const run = program.command('run').description('run workflows')
  withRunOptions(run.argument('[files...]', 'files or globs; default workflow.yml')).action(
    (files: string[], options: RunCommandOptions) => runRun(files, options, edge),
  )
}

export function withRunOptions(command: Command): Command {
  command
    .option('-v, --verbose', 'also nested steps, replies and variables')
    .option('-q, --quiet', 'failures and the end only')
    .option('--timeout <seconds>', 'for each file', parsePositive)
    .option('--seed <text>', 'what steps that use chance draw it from: the same seed, the same operations')
    .option('--dry-run', 'only check the files, as validate does; start nothing')
    .option('--keep-runs <count>', 'directories in .calbox/runs that stay (default 20)', parseKept)
    .option('--bail', 'stop at the first file that fails')
  return withPlanChanges(command)
}

export async function runRun(given: readonly string[], options: RunCommandOptions, edge: CommandEdge): Promise<void> {
  const style = createStyle(edge.stdout, edge.env)
  const remoteNodeNames = Object.keys(options.remoteNode ?? {})
  if (options.dryRun === true) return runValidate(given, edge, remoteNodeNames)
  const ready = await readyFiles(await planFiles(given, edge, { remoteNodeNames }), style, edge)
  const ends: FileEnd[] = []
  for (const file of ready) {
    if (ready.length > 1 && ends.length > 0) edge.stdout.write('\n')
    const result = await runFile(file, options, style, edge)
    ends.push({ file: file.file.name, result })
    if (edge.signal.aborted || (options.bail === true && result.exitCode !== 0)) break
  }
  if (ready.length > 1) edge.stdout.write(summary(ends, ready.length, style))
  const failed = ends.find(({ result }) => result.exitCode !== 0)
  if (failed) throw new QuietExit(failed.result.exitCode)
}

/** All problems of all files before anything is started; an error in one of them ends here. */
async function readyFiles(planned: readonly PlannedFile[], style: Style, edge: CommandEdge): Promise<Ready[]> {
  const { renderProblem } = await import('@calbox/workflows/problems')
  for (const { file, problems } of planned) {
    // Notes are said by the run itself.
    for (const problem of problems.filter(({ severity }) => severity !== 'note')) {
      edge.stderr.write(`${renderProblemText(renderProblem(problem, file.text), problem.severity, style)}\n\n`)
    }
  }
  const ready = planned.flatMap((file) => (file.plan === undefined ? [] : [{ ...file, plan: file.plan }]))
  if (ready.length < planned.length) {
    const bad = planned.filter(({ plan }) => plan === undefined).map(({ file }) => file.name)
    edge.stderr.write(`calbox: nothing was started: mend ${bad.join(', ')} first\n`)
    throw new QuietExit(2)
  }
  return ready
}

async function runFile(ready: Ready, options: RunCommandOptions, style: Style, edge: CommandEdge): Promise<RunResult> {
  const { openProcessDriver, runWorkflow, stringifyLosslessJson } = await import('@calbox/workflows')
  const { RunConsole } = await import('../../render/run-console.ts')
  const { renderRunEnd } = await import('../../render/run-end.ts')
  const isLive = edge.stdout.isTTY === true && !edge.env.CI && edge.env.TERM !== 'dumb'
  const console = new RunConsole({
    out: edge.stdout,
    style,
    verbosity: options.quiet === true ? -1 : options.verbose === true ? 1 : 0,
    live: isLive,
    nowMs: () => performance.now(),
    toText: (value) => stringifyLosslessJson(value),
  })
  let end: Extract<RunEvent, { type: 'run:end' }> | undefined
  let warnings = 0
  const listen = (event: RunEvent) => {
    if (event.type === 'step:end' && event.warning !== undefined) warnings += 1
    console.listen(event)
    if (event.type === 'run:end') end = event
  }
  const openDriver = () => openProcessDriver({ calnode: findCalnode(edge), stateDir: statePath(edge) })
  const plan = changedPlan(ready.plan, options, edge)
  const timeoutMs = options.timeout === undefined ? undefined : options.timeout * 1000
  const parts = { openDriver, cwd: edge.cwd, env: edge.env, listen }
  const { keepRuns, seed } = options
  const result = await runWorkflow(parts, plan, {
    signal: edge.signal,
    timeoutMs,
    keepRuns,
    seed,
    login: loginOf(options),
  })
  const text = renderRunEnd({
    result,
    warnings,
    name: options.quiet === true ? ready.file.name : undefined,
    durationMs: end?.durationMs ?? 0,
    source: ready.file.text,
    runDir: path.relative(edge.cwd, result.runDir),
    nodesLeftRunning: end?.nodesLeftRunning ?? [],
    style,
    columns: 'columns' in edge.stdout && typeof edge.stdout.columns === 'number' ? edge.stdout.columns : undefined,
  })
  edge.stdout.write(text)
  if (result.notRecorded !== undefined) edge.stderr.write(`calbox: ${result.notRecorded}\n`)
  return result
}

function summary(ends: readonly FileEnd[], of: number, style: Style): string {
  const passed = ends.filter(({ result }) => result.exitCode === 0).length
  const lines = ends.map(({ file, result }) => {
    if (result.exitCode === 0) return `${style.good(style.passed)} ${file}`
    const why =
      result.failure === undefined
        ? (result.notRecorded ?? result.outcome)
        : (result.failure.message.split('\n')[0] ?? '')
    return `${style.bad(style.failed)} ${file}  ${style.faint(why)}`
  })
  const skipped = of === ends.length ? '' : `, ${of - ends.length} not run`
  const count = `${passed} passed, ${ends.length - passed} failed${skipped}`
  return `\n${lines.join('\n')}\n${style.strong(count)}\n`
}
