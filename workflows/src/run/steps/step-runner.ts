// Runs planned steps one after the other: events, expected failures, variables. A step that fails rejects with a
// StepFailedError that says everything; one that is cancelled rejects with the reason of the signal.
import type { PlannedBranch, PlannedControls, PlannedStep } from '../../plan/plan-types.ts'
import { formatDuration } from '../../report/format-duration.ts'
import type { BranchRun, HeadStart, StepKind, StepResult, StepRunOptions } from '../../steps/step-kind.ts'
import { resolveToText } from '../../values/placeholders.ts'
import type { Variables } from '../../values/variables.ts'
import { afterSync } from '../controls/after-sync.ts'
import { runAttempts } from '../controls/attempts.ts'
import { whySkipped } from '../controls/condition.ts'
import { entriesOf, entryText, entryVariables } from '../controls/each-entry.ts'
import { judgeExpectation } from '../controls/expectation.ts'
import { openHeadStart } from '../controls/head-start.ts'
import { resolveInOrder } from '../controls/lent-variables.ts'
import { TimeLimitError, withTimeLimit, withTryLimit } from '../controls/time-limit.ts'
import { isHopeless } from '../controls/unset-variables.ts'
import { WriteLedger } from '../controls/write-ledger.ts'
import type { EmitRunEvent, StepRef } from '../events.ts'
import { describeFailure } from '../failure.ts'
import type { WriteHistory } from '../history/write-history.ts'
import type { RunNodes } from '../nodes/run-nodes.ts'
import { StepAbortError, StepFailedError } from '../run-errors.ts'
import type { Secrets } from '../secrets/secrets.ts'
import { TimingTally } from '../timing-tally.ts'
import { EventLoopTurn } from './event-loop-turn.ts'
import { executeStep } from './execute-step.ts'
import { StepRun, type StepRunPlace } from './step-run.ts'
import { StepScope, type StepScopeParts } from './step-scope.ts'
import { TrialLevel } from './trial-level.ts'

export interface StepRunnerParts {
  readonly kind: (name: string) => StepKind | undefined
  readonly nodes: RunNodes
  readonly scripts?: StepScopeParts['scripts']
  readonly clock: StepScopeParts['clock']
  readonly cwd: string
  readonly env: StepScopeParts['env']
  readonly emit: EmitRunEvent
  /** For places. */
  readonly file: string
  readonly seed: string | undefined
  readonly drawSeed: () => string
  /** Variables whose values no report may show; filled here. */
  readonly secrets: Secrets
  /** Of all writes; filled here. */
  readonly history: WriteHistory
}

interface Level {
  readonly parent?: StepRef
  readonly scope?: string
  /** Of the step around it. */
  readonly within?: readonly string[]
  readonly timedAs?: string | undefined
  readonly tally?: TimingTally
  readonly beforeStep?: BranchRun['beforeStep']
  readonly afterStep?: BranchRun['afterStep']
  readonly trial?: TrialLevel | undefined
}

type Options = { signal: AbortSignal }

export class StepRunner {
  readonly #parts: StepRunnerParts
  readonly #ledger = new WriteLedger()
  readonly #turn = new EventLoopTurn()
  #lastId = 0

  constructor(parts: StepRunnerParts) {
    this.#parts = parts
  }

  /** Steps of the top level. */
  run(steps: readonly PlannedStep[], variables: Variables, options: Options): Promise<void> {
    return this.#runAll(steps, variables, {}, options)
  }

  async #runAll(steps: readonly PlannedStep[], variables: Variables, level: Level, options: Options): Promise<void> {
    const { clock } = this.#parts
    const started = clock.nowMs()
    const within = [...(level.within ?? []), ...(level.scope === undefined ? [] : [level.scope])]
    let next: HeadStart | undefined
    for (const [at, step] of steps.entries()) {
      level.beforeStep?.(step, at)
      const ref = this.#refOf(step, at, steps.length, variables, level)
      const headStart = next
      next = await this.#headStart(steps[at + 1], ref, variables, options)
      const stepStarted = clock.nowMs()
      try {
        const run = this.#begin(step, ref, { variables, trial: level.trial, within })
        const result = await this.#runStep(run, { ...options, headStart })
        level.tally?.add(step.name, clock.nowMs() - stepStarted)
        level.afterStep?.(step, result)
      } catch (error) {
        next?.close()
        throw error
      } finally {
        headStart?.close()
      }
    }
    if (level.timedAs !== undefined) level.tally?.add(level.timedAs, clock.nowMs() - started)
  }

  async #headStart(step: PlannedStep | undefined, before: StepRef, variables: Variables, options: Options) {
    const kind = step && this.#parts.kind(step.kind)
    if (!step || kind?.headStart === undefined) return undefined
    const silent = { ...this.#parts, emit: () => {}, ledger: this.#ledger, isSecret: true }
    const runBranch = this.#branchRunner(new TimingTally(), [])
    const scope = new StepScope({ ...silent, runBranch, within: [] }, step, before, variables)
    const onLate = (message: string) => this.#parts.emit({ type: 'note', level: 'info', message })
    return openHeadStart(kind, step, scope, { ...options, onLate })
  }

  #refOf(step: PlannedStep, at: number, of: number, variables: Variables, level: Level): StepRef {
    this.#lastId += 1
    return {
      stepId: this.#lastId,
      ...(level.parent && { parentId: level.parent.stepId }),
      // Its entries are the steps of that kind.
      kind: step.controls?.forEach === undefined ? step.kind : 'for_each',
      name: this.#nameOf(step, variables),
      index: at + 1,
      of,
      depth: level.parent ? level.parent.depth + 1 : 0,
      place: { file: step.file ?? this.#parts.file, ...step.position },
      path: step.path,
      ...(level.scope !== undefined && { scope: level.scope }),
    }
  }

  #begin(step: PlannedStep, ref: StepRef, place: StepRunPlace): StepRun {
    const kind = this.#parts.kind(step.kind)
    if (!kind) throw new Error(`assertion failed: planned a step of the unknown kind ${step.kind}`)
    return new StepRun(kind, place.trial?.draw(step) ?? step, ref, place)
  }

  async #runStep(run: StepRun, options: StepRunOptions): Promise<StepResult> {
    const { emit, clock } = this.#parts
    const { kind, step, ref } = run
    const started = clock.nowMs()
    emit({ type: 'step:start', step: ref })
    const end = () => {
      const timings = run.tally.timings()
      const durationMs = clock.nowMs() - started
      return { type: 'step:end', step: ref, durationMs, ...(timings.length > 0 && { timings }) } as const
    }
    try {
      await this.#turn.due()
      options.signal.throwIfAborted()
      const result = await this.#controlled(run, options)
      const summary = run.summaryOf(result)
      emit({
        ...end(),
        outcome: result.skipped === undefined ? 'passed' : 'skipped',
        captured: this.#parts.secrets.without(run.captured),
        ...(summary !== undefined && { summary }),
        ...(result.warning !== undefined && { warning: result.warning }),
        ...(result.payload !== undefined && kind.isSecret !== true && { payload: result.payload }),
      })
      return result
    } catch (thrown) {
      const error = await this.#causeOf(thrown, options.signal)
      if (isCancelled(options.signal)) {
        const { reason } = options.signal
        if (reason instanceof TimeLimitError) reason.at ??= ref.name
        emit({ ...end(), outcome: 'cancelled', captured: this.#parts.secrets.without(run.captured) })
        throw reason
      }
      const unset = run.scope?.unset(error)
      const place = { fields: step.fieldPositions, token: step.token, ...(unset && { unset }) }
      const described = await describeFailure(error, { ...ref, ...place }, this.#parts.nodes)
      const { lead } = run.history
      const help = [described.failure.help, ignoredText(kind, step)].filter((each) => each !== undefined).join('; ')
      const message = `${lead}${described.failure.message}`
      const failure = { ...described.failure, message, ...(help !== '' && { help }) }
      emit({ ...end(), outcome: 'failed', captured: this.#parts.secrets.without(run.captured), failure })
      if (run.trial?.isPassedOver(error) === true) return {}
      throw new StepFailedError(failure, described.exitCode, error, run.scope?.passedOn)
    }
  }

  /** What the keys of the step say around it: once for each entry, only if, again after a failure, not for too long. */
  async #controlled(run: StepRun, options: StepRunOptions): Promise<StepResult> {
    const { step, variables, history, trial } = run
    const { forEach, vars, if: condition, retry, eventually, timeoutSec } = step.controls ?? {}
    if (forEach !== undefined) return this.#forEach(run, forEach, options)
    const { secrets } = this.#parts
    secrets.addMadeOf(vars ?? {})
    secrets.addHandedOn(step, run.kind)
    const isSecret = run.kind.isSecret === true
    return variables.during(resolveInOrder(vars ?? {}, variables), async () => {
      const skipped = whySkipped(condition, variables, secrets)
      if (skipped !== undefined) return { skipped }
      const isTriedAgain = retry !== undefined || eventually !== undefined
      const tries = trial?.tries(isTriedAgain)
      const attempt = (tryMs: number | undefined) => {
        const runBranch = this.#branchRunner(run.tally, run.within, tries?.begin())
        const scope = new StepScope(
          { ...this.#parts, runBranch, ledger: this.#ledger, isSecret, within: run.within },
          tries?.fill(step, variables, secrets) ?? step,
          run.ref,
          variables,
        )
        run.scope = scope
        const limited = withTryLimit(tryMs, scope, options, (within) =>
          withTimeLimit(timeoutSec, scope, within, (limit) => this.#try(run.kind, scope, { ...options, ...limit })),
        )
        return tries === undefined ? limited : tries.told(step, limited, options)
      }
      const onFailure = (message: string, pauseMs: number) => {
        run.scope?.progress(`${message}; again in ${formatDuration(pauseMs)} (try ${history.count})`)
        if (retry) run.scope?.note('info', `try ${history.count} of ${retry.attempts} failed: ${message}`)
      }
      const isLost = (error: unknown) => isHopeless(error, run.scope?.passedOn ?? [], step, this.#parts.kind)
      const parts = { clock: this.#parts.clock, variables, isHopeless: isLost, onFailure }
      try {
        return await runAttempts({ retry, eventually }, parts, history, attempt, options)
      } finally {
        tries?.end()
      }
    })
  }

  async #forEach(
    { step, ref, variables, trial, within }: StepRun,
    forEach: NonNullable<PlannedControls['forEach']>,
    options: Options,
  ): Promise<StepResult> {
    const { forEach: _, ...rest } = step.controls ?? {}
    const entries = entriesOf(forEach.in, variables)
    if (entries.length === 0) return { skipped: 'the list of for_each is empty' }
    const { secrets } = this.#parts
    const isSecret = secrets.isReadBy(forEach.in)
    if (isSecret) secrets.add(forEach.as)
    let skipped = 0
    for (const [index, entry] of entries.entries()) {
      await variables.during(entryVariables(forEach, entry, index), async () => {
        this.#lastId += 1
        const named = this.#nameOf({ ...step, controls: rest }, variables)
        const name = named === ref.name ? `${named} [${isSecret ? index + 1 : entryText(entry)}]` : named
        const place = { index: index + 1, of: entries.length, depth: ref.depth + 1 }
        const { scope: _scope, ...inner } = ref
        const own = { ...inner, ...place, stepId: this.#lastId, parentId: ref.stepId, kind: step.kind, name }
        const inEntry = { variables, trial, within: [...within, `entry ${index + 1}`] }
        const result = await this.#runStep(this.#begin({ ...step, controls: rest }, own, inEntry), options)
        if (result.skipped !== undefined) skipped += 1
      })
    }
    const count = entries.length === 1 ? '1 entry' : `${entries.length} entries`
    if (skipped === entries.length) return { skipped: `each of its ${count}` }
    return { summary: skipped === 0 ? count : `${count}, ${skipped} skipped` }
  }

  async #try(kind: StepKind, scope: StepScope, options: StepRunOptions): Promise<StepResult> {
    const { after, expect } = scope.step.controls ?? {}
    if (after !== undefined) await afterSync(after.syncSec, this.#ledger, scope, options)
    const result = await executeStep(kind, scope, options)
    // Also where it failed as expected: half of it may have been done.
    const node = result.node ?? scope.nodeName
    if (kind.givesUpHistory === true && node !== undefined) this.#parts.history.forget(node)
    return expect === undefined ? result : judgeExpectation(expect, result, scope)
  }

  /** As it is written where it would show a secret. */
  #nameOf({ name, controls }: PlannedStep, variables: Variables): string {
    const { secrets } = this.#parts
    const lent = name.includes('{{') && controls?.forEach === undefined ? controls?.vars : undefined
    if (lent !== undefined) secrets.addMadeOf(lent)
    if (secrets.isReadBy(name)) return name
    return resolveToText(name, lent === undefined ? variables : variables.scope(resolveInOrder(lent, variables)))
  }

  #branchRunner(tally: TimingTally, within: readonly string[], above?: TrialLevel): StepScopeParts['runBranch'] {
    return (branch: PlannedBranch, run, parent, options) => {
      const { variables, trial, ...rest } = run
      const level = trial === undefined ? above : new TrialLevel(trial)
      return this.#runAll(branch.steps, variables, { parent, tally, within, ...rest, trial: level }, options)
    }
  }

  /** A request that broke off because its node has ended: the end is the cause. */
  async #causeOf(error: unknown, signal: AbortSignal): Promise<unknown> {
    await this.#parts.nodes.settle(error, signal)
    const reason: unknown = signal.aborted ? signal.reason : undefined
    // A step inside this one has said it already.
    const isInner = error instanceof Error && [error, error.cause].some((each) => each instanceof StepFailedError)
    return reason instanceof StepAbortError && !isInner ? reason : error
  }
}

function isCancelled(signal: AbortSignal): boolean {
  return signal.aborted && !(signal.reason instanceof StepAbortError)
}

/** Who expected the failure must not look for the reason why it was not this one. */
function ignoredText(kind: StepKind, step: PlannedStep): string | undefined {
  if (!step.expectedFailure || kind.honoursExpectedFailure || kind.unsupported !== undefined) return undefined
  return `expected_failure has no effect on ${kind.kind}`
}
