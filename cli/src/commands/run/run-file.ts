// One planned file of `calbox run`: its run drawn while it goes on, and its last screen.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { Plan, RunEvent, RunResult } from '@calbox/workflows'
import type { Style } from '../../render/style.ts'
import { calboxCommandIn, quoted } from '../calbox-command.ts'
import type { CommandEdge, TextOutput } from '../command-edge.ts'
import { type DriverOptions, openDriver, openScripts } from '../driver/driver-options.ts'
import type { PlannedFile } from '../workflow/plan-files.ts'
import { chosenValuesOf } from './choose-combinations.ts'
import { changedPlan, loginOf, unusedOptions } from './plan-changes.ts'
import { rerunCommand } from './rerun-command.ts'
import type { RunCommandOptions } from './run-options.ts'
import { withScriptPrograms } from './script-programs.ts'

export interface ReadyFile extends PlannedFile {
  readonly plan: Plan
}

export interface FileEnd {
  /** The file, with its combination where it has a matrix. */
  readonly label: string
  readonly result: RunResult
  readonly rerun: string
}

export interface RunFileParts {
  readonly edge: CommandEdge
  readonly out: TextOutput
  readonly style: Style
}

export async function runFile(ready: ReadyFile, options: RunCommandOptions, parts: RunFileParts): Promise<FileEnd> {
  const { edge, out, style } = parts
  const { runWorkflow, stringifyLosslessJson } = await import('@calbox/workflows')
  const { RunConsole } = await import('../../render/run-console.ts')
  const { renderRunEnd } = await import('../../render/run-end.ts')
  const console = new RunConsole({
    out,
    style,
    verbosity: options.quiet === true ? -1 : options.verbose === true ? 1 : 0,
    live: out.isTTY === true && !edge.env.CI && edge.env.TERM !== 'dumb',
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
  const note = (message: string) => listen({ atMs: Date.now(), type: 'note', level: 'info', message })
  // A file's own program counts only where merod was asked for: others run the files of merobox with calbox's nodes.
  const { binaryPath = options.driver === 'merod' ? ready.plan.settings.binaryPath : undefined } = options
  const network = await openDriver(
    { ...ofFile(ready.plan), ...options, ...(binaryPath !== undefined && { binaryPath }) },
    edge,
    note,
  )
  const plan = changedPlan(ready.plan, options, edge)
  for (const unused of unusedOptions(options, { plan, isMerod: network.driver.kind === 'merod' })) note(unused)
  const timeoutMs = options.timeout === undefined ? undefined : options.timeout * 1000
  const { keepRuns, seed } = options
  const env = await withScriptPrograms(edge.env)
  const scripts = await openScripts(options, edge, note)
  const result = await runWorkflow({ openDriver: () => network, scripts, cwd: edge.cwd, env, listen }, plan, {
    signal: edge.signal,
    timeoutMs,
    keepRuns,
    seed,
    login: loginOf(options),
  })
  const usedSeed = seed ?? result.record.seed
  const file = ready.file.name
  const calbox = await calboxCommandIn(edge.cwd)
  const matrix = chosenValuesOf(ready)
  const again = { ...options, ...(usedSeed !== undefined && { seed: usedSeed }), ...(matrix && { matrix }) }
  const rerun = rerunCommand(calbox, file, again, quoted)
  const text = renderRunEnd({
    result,
    warnings,
    name: options.quiet === true ? ready.label : undefined,
    durationMs: end?.durationMs ?? 0,
    sourceOf: (name) => (name === file ? ready.file.text : textOf(path.resolve(edge.cwd, name))),
    runDir: path.relative(edge.cwd, result.runDir),
    rerun,
    nodesLeftRunning: end?.nodesLeftRunning ?? [],
    style,
    columns: 'columns' in out && typeof out.columns === 'number' ? out.columns : undefined,
  })
  out.write(text)
  if (result.notRecorded !== undefined) edge.stderr.write(`calbox: ${result.notRecorded}\n`)
  return { label: ready.label, result, rerun }
}

/** What a file says to merod; the command line goes before it. */
function ofFile({ settings: { logLevel, rustBacktrace } }: ReadyFile['plan']): Partial<DriverOptions> {
  return { ...(logLevel !== undefined && { logLevel }), ...(rustBacktrace !== undefined && { rustBacktrace }) }
}

/** Of a file that another one includes; a frame is left out where it is gone by now. */
function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
