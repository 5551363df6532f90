// The spine of a run (reference 1.5): clear, start, steps, tear down, results. Everything it says goes out as events;
// the run directory is complete when it returns, however the run ended.

import { randomInt } from 'node:crypto'
import { DriverError } from '../driver/errors.ts'
import { fileFault } from '../driver/file-fault.ts'
import type { ImageScripts } from '../driver/image-scripts.ts'
import type { NetworkParts } from '../driver/network.ts'
import { NodeState, STATE_DIR } from '../driver/state/node-state.ts'
import { sleep } from '../driver/until.ts'
import type { Plan, RemoteAuth } from '../plan/plan-types.ts'
import { type RunRecord, RunRecorder } from '../report/run-record.ts'
import { stepKind } from '../steps/registry.ts'
import { type StepClock, systemClock } from '../steps/step-clock.ts'
import type { JsonValue } from '../values/json/json-value.ts'
import type { Variables } from '../values/variables.ts'
import type { EmitRunEvent, FailureInfo, RunEventBody, RunListener, RunOutcome } from './events.ts'
import { type Described, describeError } from './failure.ts'
import { endFaults, stillOnText } from './faults/end-faults.ts'
import { checkHistory } from './history/check-history.ts'
import { historyFailure } from './history/history-failure.ts'
import { WriteHistory } from './history/write-history.ts'
import { refuseScripts, scriptsOf } from './image-scripts.ts'
import { initialVariables } from './initial-variables.ts'
import { KEEP_RUNS } from './limits.ts'
import { administratorsOf } from './nodes/administrators.ts'
import { clearanceNotes, clearNodeData, endOtherNodes } from './nodes/clear-data.ts'
import { ignoredEnvironment, ignoredSettings } from './nodes/ignored-settings.ts'
import { refuseNeeds } from './nodes/node-needs.ts'
import { RunNodes } from './nodes/run-nodes.ts'
import { saveLogs } from './nodes/save-logs.ts'
import { refuseUnsupported, startNodes } from './nodes/start-nodes.ts'
import { stopGrace } from './nodes/stop-grace.ts'
import { portPlace } from './port-place.ts'
import { pruneRuns, RunDirectory } from './run-directory.ts'
import { runTimedOut, StepFailedError } from './run-errors.ts'
import { type Ended, outcomeOf } from './run-outcome.ts'
import { redactPlan } from './secrets/redact-plan.ts'
import { Secrets } from './secrets/secrets.ts'
import { StepRunner } from './steps/step-runner.ts'

export interface WorkflowRunParts {
  /** Called when there are nodes to start. */
  readonly openDriver: () => Pick<NetworkParts, 'driver' | 'ports' | 'topology'>
  /** For scripts in containers of their own. */
  readonly scripts?: ImageScripts
  /** Where `data/`, `.calbox/` and the files of steps are. Absolute. */
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly listen: RunListener
  readonly clock?: StepClock
}

export interface WorkflowRunOptions {
  /** An abort tears down and still writes the results; its reason may carry an `exitCode`. */
  readonly signal: AbortSignal
  /** For the whole run. */
  readonly timeoutMs?: number | undefined
  /** Run directories that stay, this one included. Default KEEP_RUNS. */
  readonly keepRuns?: number | undefined
  /** What steps that use chance draw it from; default: each its own. */
  readonly seed?: string | undefined
  /** For nodes with auth_mode embedded, before the first step. */
  readonly login?: { readonly username: string; readonly password: string } | undefined
}

export interface RunResult {
  readonly outcome: RunOutcome
  /** 0 passed, 1 failed, 3 environment, 4 timeout, else what the interrupting signal says. */
  readonly exitCode: number
  readonly runDir: string
  readonly failure?: FailureInfo
  /** Why run.json could not be written; the exit code is 3 then. */
  readonly notRecorded?: string
  /** What run.json holds. */
  readonly record: RunRecord
  readonly variables: ReadonlyMap<string, JsonValue>
}

/** Rejects only where no results can be written. */
export async function runWorkflow(
  parts: WorkflowRunParts,
  plan: Plan,
  options: WorkflowRunOptions,
): Promise<RunResult> {
  const stateDir = `${parts.cwd}/${STATE_DIR}`
  const directory = await RunDirectory.create(stateDir, plan.name, new Date())
  try {
    return await new WorkflowRun(parts, plan, directory, stateDir, options).run(options)
  } finally {
    await directory.release()
  }
}

class WorkflowRun {
  readonly #parts: WorkflowRunParts
  readonly #plan: Plan
  readonly #directory: RunDirectory
  readonly #stateDir: string
  readonly #options: Pick<WorkflowRunOptions, 'seed' | 'login'>
  readonly #state: NodeState
  readonly #recorder = new RunRecorder()
  readonly #variables: Variables
  readonly #secrets = new Secrets()
  readonly #history = new WriteHistory()
  readonly #crashed = new AbortController()
  readonly #emit: EmitRunEvent
  #seed: string | undefined
  #network: ReturnType<WorkflowRunParts['openDriver']> | undefined
  #nodes: RunNodes | undefined

  constructor(
    parts: WorkflowRunParts,
    plan: Plan,
    directory: RunDirectory,
    stateDir: string,
    options: Pick<WorkflowRunOptions, 'seed' | 'login'>,
  ) {
    this.#options = options
    this.#parts = parts
    this.#plan = plan
    this.#secrets.addPassword(options.login?.password)
    for (const { auth } of plan.remoteNodes) this.#secrets.addPassword(credentialOf(auth))
    this.#variables = initialVariables(plan, this.#secrets)
    this.#directory = directory
    this.#stateDir = stateDir
    this.#state = new NodeState(stateDir)
    this.#emit = (body) => {
      const event = { atMs: Date.now(), ...this.#secrets.redacted(body) }
      this.#recorder.listen(event)
      parts.listen(event)
    }
  }

  async run(options: WorkflowRunOptions): Promise<RunResult> {
    const started = performance.now()
    const plan = this.#plan
    this.#emit({
      type: 'run:start',
      name: plan.name,
      file: plan.file,
      runDir: this.#directory.path,
      nodes: [...plan.nodes, ...plan.remoteNodes].map(({ name }) => ({ name })),
      steps: plan.steps.length,
      nestedSteps: plan.stepCount - plan.steps.length,
      plannedSteps: plan.steps.map(({ kind, name, path, position }) => {
        return { kind, name, path, place: { file: plan.file, ...position } }
      }),
    })
    await this.#prune(options.keepRuns ?? KEEP_RUNS)
    await this.#directory.writeJson('plan.json', this.#secrets.redacted(redactPlan(plan)))
    const failed = await this.#phases(options)
    const failure = options.signal.aborted ? undefined : failed
    // Who is tired of a slow end interrupts again, and that leaves no time to write.
    if (failed !== undefined) await this.#record(this.#resultOf({ failure }, options.signal))
    const trouble = await this.#teardown(failed === undefined, options.signal)
    const result = this.#resultOf({ failure, trouble }, options.signal)
    this.#emit({
      type: 'run:end',
      ...result,
      durationMs: performance.now() - started,
      runDir: this.#directory.path,
      nodesLeftRunning: this.#nodes?.running().map(({ name }) => name) ?? [],
      captured: this.#secrets.without(Object.fromEntries(this.#variables.entries())),
    })
    const notRecorded = await this.#record()
    return {
      ...result,
      ...(notRecorded !== undefined && {
        notRecorded,
        exitCode: result.outcome === 'interrupted' ? result.exitCode : 3,
      }),
      runDir: this.#directory.path,
      record: this.#recorder.record,
      variables: new Map(this.#variables.entries()),
    }
  }

  /** What cannot be tidied up is no reason not to run. */
  async #prune(keep: number): Promise<void> {
    try {
      await pruneRuns(this.#stateDir, keep)
    } catch (error) {
      const why = fileFault(error)?.message ?? String(error)
      this.#emit({ type: 'note', level: 'warning', message: `results of older runs could not be removed: ${why}` })
    }
  }

  /** Why not, where the results cannot be written: what came out of the run is known and must not be lost with them. */
  async #record(early: Partial<RunResult> = {}): Promise<string | undefined> {
    try {
      await this.#directory.writeJson('run.json', { ...this.#recorder.record, ...early })
      return undefined
    } catch (error) {
      // Whatever it is: there are nodes to be ended, and other reports to be written.
      const why = error instanceof DriverError ? error.message : `run.json is not written: ${String(error)}`
      return this.#secrets.redacted(why)
    }
  }

  /** What went wrong, or undefined. */
  async #phases(options: WorkflowRunOptions): Promise<Described | undefined> {
    const done = new AbortController()
    const late = new AbortController()
    const { timeoutMs } = options
    if (timeoutMs !== undefined) {
      const expire = () => late.abort(runTimedOut(timeoutMs))
      sleep(timeoutMs, done.signal).then(expire, () => undefined)
    }
    const signal = AbortSignal.any([options.signal, late.signal, this.#crashed.signal])
    let phase: FailureInfo['during'] = 'starting the nodes'
    try {
      await this.#start({ signal })
      phase = undefined
      await this.#steps({ signal })
      phase = 'after the last step'
      signal.throwIfAborted()
      const failed = await this.#checkHistory({ signal })
      if (failed !== undefined) return failed
      await this.#nodes?.lookForEnds({ signal })
      signal.throwIfAborted()
      return undefined
    } catch (error) {
      if (error instanceof StepFailedError) return error
      const described = await describeError(error, this.#nodes)
      const isStarting = phase === 'starting the nodes'
      const placed = isStarting ? withPlace(described, portPlace(error, this.#plan)) : described
      return phase === undefined ? placed : during(phase, placed)
    } finally {
      done.abort()
    }
  }

  async #start(options: { signal: AbortSignal }): Promise<void> {
    const { settings } = this.#plan
    if (this.#plan.nodes.length > 0) this.#network = this.#parts.openDriver()
    const driver = this.#network?.driver
    refuseUnsupported(this.#plan, this.#network)
    await refuseNeeds(this.#plan, driver)
    await refuseScripts(this.#plan, this.#parts.scripts, options)
    const ignored = [...ignoredSettings(this.#plan, driver), ...ignoredEnvironment(this.#parts.env)]
    for (const message of ignored) this.#emit({ type: 'note', level: 'info', message })
    if (settings.nukeOnStart) await this.#nuke('nuke_on_start', options)
    this.#emit({ type: 'phase', phase: 'start', message: 'starting the nodes' })
    const network = this.#network
    const onUnexpectedExit = (error: unknown) => this.#crashed.abort(error)
    const nodes = new RunNodes({ driver: network?.driver, emit: this.#emit, onUnexpectedExit })
    this.#nodes = nodes
    await Promise.all(this.#plan.remoteNodes.map((remote) => nodes.addRemote(remote, options)))
    if (!network) return
    if (settings.restart) (await endOtherNodes(this.#plan, this.#state, options)).forEach(this.#emit)
    const { login } = this.#options
    const { cwd, env } = this.#parts
    const administrators = administratorsOf(this.#plan, { env, login, variables: this.#variables })
    const meshed: RunEventBody[] = []
    const emit: EmitRunEvent = (event) => (event.type === 'network:meshed' ? meshed.push(event) : this.#emit(event))
    await startNodes({ network, nodes, emit, cwd, administrators }, this.#plan, options)
    if (login && settings.authMode === 'embedded') await nodes.logIn(login, options)
    const left = await nodes.takeOverFaults(this.#parts.clock ?? systemClock, options)
    // Nodes that have met each other before go on saying so, whatever keeps them apart now.
    if (left.length === 0) return meshed.forEach(this.#emit)
    const message = `faults of an earlier run are still on: ${left.join(', ')}; heal ends them`
    this.#emit({ type: 'note', level: 'warning', message })
  }

  async #steps(options: { signal: AbortSignal }): Promise<void> {
    if (!this.#nodes) return
    this.#emit({ type: 'phase', phase: 'steps', message: 'running the steps' })
    const runner = new StepRunner({
      kind: stepKind,
      nodes: this.#nodes,
      scripts: this.#parts.scripts && scriptsOf(this.#plan, this.#parts.scripts),
      clock: this.#parts.clock ?? systemClock,
      cwd: this.#parts.cwd,
      env: this.#parts.env,
      emit: this.#emit,
      file: this.#plan.file,
      seed: this.#options.seed,
      drawSeed: () => this.#drawSeed(),
      secrets: this.#secrets,
      history: this.#history,
    })
    await runner.run(this.#plan.steps, this.#variables, options)
  }

  async #checkHistory(options: { signal: AbortSignal }): Promise<Described | undefined> {
    const nodes = this.#nodes?.all() ?? []
    const faults = this.#nodes?.faults.active() ?? []
    const hindrances = this.#nodes?.faultsOn() ?? []
    const clock = this.#parts.clock ?? systemClock
    const stillOn = stillOnText(hindrances)
    if (stillOn !== undefined) this.#emit({ type: 'note', level: 'info', message: stillOn })
    try {
      const checked = await checkHistory(this.#history, { nodes, faults, hindrances, clock }, options)
      this.#emit({ type: 'history', ...checked, acknowledged: this.#history.count })
      const found = historyFailure(checked)
      if (found === undefined) return undefined
      // Where nodes differ it is no single step.
      const place = checked.differing.length === 0 ? checked.gone[0]?.place : undefined
      return withPlace(during('checking the history', await describeError(found, this.#nodes)), place)
    } catch (error) {
      options.signal.throwIfAborted()
      return during('checking the history', await describeError(error, this.#nodes))
    }
  }

  #drawSeed(): string {
    if (this.#seed === undefined) {
      this.#seed = String(randomInt(2 ** 32))
      this.#emit({ type: 'run:seed', seed: this.#seed })
    }
    return this.#seed
  }

  /** Returns what went wrong in it; a failure before it matters more. */
  async #teardown(passed: boolean, signal: AbortSignal): Promise<Described | undefined> {
    const { settings } = this.#plan
    const network = this.#network
    const nodes = this.#nodes
    if (!network || !nodes) return undefined
    const how = signal.aborted ? '; interrupt again to end at once' : ''
    this.#emit({ type: 'phase', phase: 'teardown', message: `ending${how}` })
    const nukes = passed && settings.nukeOnEnd && !signal.aborted
    const stops = settings.stopAllNodes || nukes || signal.aborted || settings.topology !== undefined
    const left = signal.aborted ? undefined : await this.#endFaults(nodes, { signal, timed: !stops, failed: !passed })
    nodes.expectAll()
    const crash = passed && this.#crashed.signal.aborted ? this.#crashed.signal.reason : undefined
    const ended = crash && during('after the last step', await describeError(crash, nodes))
    try {
      if (!stops) for (const node of nodes.running()) await network.driver.keep(node)
      await network.driver.close(stopGrace(this.#parts.env))
      if (stops) await Promise.all(nodes.lives().map(({ exited }) => exited))
      await saveLogs(this.#plan, nodes, {
        driver: network.driver,
        state: this.#state,
        directory: this.#directory,
        emit: this.#emit,
      })
      if (nukes && !ended) await this.#nuke('nuke_on_end', { signal })
      return ended ?? left
    } catch (error) {
      return ended ?? left ?? during('ending the run', await describeError(error, nodes))
    }
  }

  /** `timed`: nodes are kept, and nobody would end what was to end by itself. */
  async #endFaults(
    nodes: RunNodes,
    options: { readonly signal: AbortSignal; readonly timed: boolean; readonly failed: boolean },
  ): Promise<Described | undefined> {
    const { errors, left } = await endFaults(nodes, options)
    const described = errors.map(async (error) => during('ending the run', await describeError(error, nodes)))
    const troubles = await Promise.all(described)
    // Only one is the failure of the run, and a step that failed before goes first.
    for (const { failure } of options.failed ? troubles : troubles.slice(1)) {
      this.#emit({ type: 'note', level: 'warning', message: failure.message })
    }
    if (options.timed && left.length > 0) {
      const message = `nodes are kept with what is wrong with them: ${left.join(', ')}; heal ends it in the next run`
      this.#emit({ type: 'note', level: 'warning', message })
    }
    return troubles[0]
  }

  async #nuke(setting: string, options: { signal: AbortSignal }): Promise<void> {
    this.#emit({ type: 'phase', phase: 'nuke', message: `${setting}: removing data` })
    const cleared = await clearNodeData(this.#plan, this.#parts.cwd, this.#state, options)
    clearanceNotes(setting, this.#plan, cleared).forEach(this.#emit)
  }

  #resultOf(ended: Ended, signal: AbortSignal): ReturnType<typeof outcomeOf> {
    const result = outcomeOf(ended, signal)
    return result.failure === undefined ? result : { ...result, failure: this.#secrets.redacted(result.failure) }
  }
}

function during(what: NonNullable<FailureInfo['during']>, { failure, exitCode }: Described): Described {
  return { failure: { ...failure, during: what }, exitCode }
}

function withPlace(described: Described, place: FailureInfo['place']): Described {
  return place === undefined ? described : { ...described, failure: { ...described.failure, place } }
}

function credentialOf(auth: RemoteAuth): string | undefined {
  if (auth.method === 'none') return undefined
  return auth.method === 'api_key' ? auth.apiKey : auth.password
}
