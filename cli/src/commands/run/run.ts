// `calbox run`: runs workflow files one after the other.
import type { PlannedStepRef } from '@calbox/workflows'
import type { Command } from 'commander'
import { renderProblemText } from '../../render/problems.ts'
import { createStyle, type Style } from '../../render/style.ts'
import type { CommandEdge, TextOutput } from '../command-edge.ts'
import { QuietExit } from '../quiet-exit.ts'
import { type PlannedFile, planFiles } from '../workflow/plan-files.ts'
import { runValidate } from '../workflow/validate.ts'
import { chooseCombinations } from './choose-combinations.ts'
import { planReports } from './report-options.ts'
import type { Reports } from './reports.ts'
import { type FileEnd, type ReadyFile, runFile } from './run-file.ts'
import { type RunCommandOptions, withRunOptions } from './run-options.ts'

export function registerRun(program: Command, edge: CommandEdge): void {
  const run = program.command('run').description('run workflows')
  withRunOptions(run.argument('[files...]', 'files or globs; default workflow.yml')).action(
    (files: string[], options: RunCommandOptions) => runRun(files, options, edge),
  )
}

export async function runRun(given: readonly string[], options: RunCommandOptions, edge: CommandEdge): Promise<void> {
  const remoteNodeNames = Object.keys(options.remoteNode ?? {})
  const reportPlan = planReports(options.report ?? [], edge.env)
  const choose = (files: readonly PlannedFile[]) => chooseCombinations(files, options.matrix ?? {})
  if (options.dryRun === true)
    return runValidate(given, edge, { remoteNodeNames, onlyChecked: options.filesMayLack === true, choose })
  const planned = choose(await planFiles(given, edge, { remoteNodeNames }))
  const { Reports } = await import('./reports.ts')
  const reports = new Reports(reportPlan, edge)
  let exitCode = 1
  try {
    exitCode = await runAll(planned, options, reports, edge)
  } finally {
    const isWritten = await reports.end(exitCode)
    if (!isWritten && !edge.signal.aborted) exitCode = 3
  }
  if (exitCode !== 0) throw new QuietExit(exitCode)
}

async function runAll(
  planned: readonly PlannedFile[],
  options: RunCommandOptions,
  reports: Reports,
  edge: CommandEdge,
): Promise<number> {
  const out = reports.console
  const style = createStyle(out, edge.env)
  const ready = await readyFiles(planned, style, edge)
  if (ready.length < planned.length) {
    for (const each of planned) await reports.add(notRun(each, 'another file is not valid'))
    return 2
  }
  const ends: FileEnd[] = []
  for (const [at, file] of ready.entries()) {
    if (edge.signal.aborted || (options.bail === true && ends.some(({ result }) => result.exitCode !== 0))) {
      const why = edge.signal.aborted ? 'interrupted' : 'another file failed (--bail)'
      for (const left of ready.slice(at)) await reports.add(notRun(left, why))
      break
    }
    if (ends.length > 0) out.write('\n')
    ends.push(await runAndReport(file, options, { edge, out, style, reports }))
  }
  if (ready.length > 1) out.write(summary(ends, ready.length, style))
  return ends.find(({ result }) => result.exitCode !== 0)?.result.exitCode ?? 0
}

async function runAndReport(
  ready: ReadyFile,
  options: RunCommandOptions,
  parts: { edge: CommandEdge; out: TextOutput; style: Style; reports: Reports },
): Promise<FileEnd> {
  const { label, problems } = ready
  const about = { file: ready.file.name, label, problems }
  try {
    const end = await runFile(ready, options, parts)
    const { record } = end.result
    await parts.reports.add({ ...about, kind: 'ran', record, rerun: end.rerun })
    return end
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    await parts.reports.add({ ...about, kind: 'broken', message })
    throw error
  }
}

/** All problems of all files before anything is started. */
async function readyFiles(planned: readonly PlannedFile[], style: Style, edge: CommandEdge): Promise<ReadyFile[]> {
  const { renderProblem } = await import('@calbox/workflows/problems')
  for (const { problems, sources } of planned) {
    // Notes are said by the run itself.
    for (const problem of problems.filter(({ severity }) => severity !== 'note')) {
      const text = renderProblem(problem, sources.get(problem.file) ?? '')
      edge.stderr.write(`${renderProblemText(text, problem.severity, style)}\n\n`)
    }
  }
  const ready = planned.flatMap((file) => (file.plan === undefined ? [] : [{ ...file, plan: file.plan }]))
  if (ready.length < planned.length) {
    const bad = planned.filter(({ plan }) => plan === undefined).map(({ file }) => file.name)
    edge.stderr.write(`calbox: nothing was started: mend ${bad.join(', ')} first\n`)
  }
  return ready
}

function notRun({ file, label, plan, problems }: PlannedFile, why: string): Parameters<Reports['add']>[0] {
  if (plan === undefined) return { kind: 'invalid', file: file.name, problems }
  const plannedSteps = plan.steps.map(({ kind, name, path, position }): PlannedStepRef => {
    return { kind, name, path, place: { file: file.name, ...position } }
  })
  return { kind: 'not_run', file: file.name, label, problems, why, plannedSteps }
}

function summary(ends: readonly FileEnd[], of: number, style: Style): string {
  const passed = ends.filter(({ result }) => result.exitCode === 0).length
  const lines = ends.map(({ label, result }) => {
    if (result.exitCode === 0) return `${style.good(style.passed)} ${label}`
    const why =
      result.failure === undefined
        ? (result.notRecorded ?? result.outcome)
        : (result.failure.message.split('\n')[0] ?? '').replace(/:$/, '')
    return `${style.bad(style.failed)} ${label}  ${style.faint(why)}`
  })
  const skipped = of === ends.length ? '' : `, ${of - ends.length} not run`
  const count = `${passed} passed, ${ends.length - passed} failed${skipped}`
  return `\n${lines.join('\n')}\n${style.strong(count)}\n`
}
