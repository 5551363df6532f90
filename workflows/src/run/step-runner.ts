// Runs planned steps one after the other: events, expected failures, variables. A step that fails rejects with a
// StepFailedError that says everything; one that is cancelled rejects with the reason of the signal.
import { ClientError } from '../client/client-error.ts'
import type { PlannedBranch, PlannedStep } from '../plan/plan-types.ts'
import { StepError } from '../steps/step-error.ts'
import type { BranchRun, StepKind, StepResult } from '../steps/step-kind.ts'
import type { JsonValue } from '../values/json/json-value.ts'
import { resolveToText } from '../values/placeholders.ts'
import type { Variables } from '../values/variables.ts'
import type { EmitRunEvent, StepRef } from './events.ts'
import { describeFailure } from './failure.ts'
import { withoutSecrets } from './redact-plan.ts'
import { StepAbortError, StepFailedError } from './run-errors.ts'
import type { RunNodes } from './run-nodes.ts'
import { StepScope, type StepScopeParts } from './step-scope.ts'
import { TimingTally } from './timing-tally.ts'

export interface StepRunnerParts {
  readonly kind: (name: string) => StepKind | undefined
  readonly nodes: RunNodes
  readonly clock: StepScopeParts['clock']
  readonly cwd: string
  readonly env: StepScopeParts['env']
  readonly emit: EmitRunEvent
  /** For places. */
  readonly file: string
  readonly seed: string | undefined
  readonly drawSeed: () => string
  /** Names of variables whose values no report may show; filled here. */
  readonly secrets: Set<string>
}

interface Level {
  readonly parent?: StepRef
  readonly scope?: string
  readonly timedAs?: string | undefined
  readonly tally?: TimingTally
  readonly beforeStep?: BranchRun['beforeStep']
  readonly afterStep?: BranchRun['afterStep']
}

type Options = { signal: AbortSignal }

export class StepRunner {
  readonly #parts: StepRunnerParts
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
    for (const [at, step] of steps.entries()) {
      level.beforeStep?.(step, at)
      const ref = this.#refOf(step, at, steps.length, variables, level)
      const stepStarted = clock.nowMs()
      const result = await this.#runStep(step, ref, variables, options)
      level.tally?.add(step.name, clock.nowMs() - stepStarted)
      level.afterStep?.(step, result)
    }
    if (level.timedAs !== undefined) level.tally?.add(level.timedAs, clock.nowMs() - started)
  }

  #refOf(step: PlannedStep, at: number, of: number, variables: Variables, level: Level): StepRef {
    this.#lastId += 1
    return {
      stepId: this.#lastId,
      ...(level.parent && { parentId: level.parent.stepId }),
      kind: step.kind,
      name: resolveToText(step.name, variables),
      index: at + 1,
      of,
      depth: level.parent ? level.parent.depth + 1 : 0,
      place: { file: this.#parts.file, ...step.position },
      path: step.path,
      ...(level.scope !== undefined && { scope: level.scope }),
    }
  }

  async #runStep(step: PlannedStep, ref: StepRef, variables: Variables, options: Options): Promise<StepResult> {
    const { emit, clock } = this.#parts
    const kind = this.#parts.kind(step.kind)
    if (!kind) throw new Error(`assertion failed: planned a step of the unknown kind ${step.kind}`)
    const tally = new TimingTally()
    const runBranch = this.#branchRunner(tally)
    const scope = new StepScope({ ...this.#parts, runBranch }, step, ref, variables)
    const started = clock.nowMs()
    emit({ type: 'step:start', step: ref })
    const end = () => {
      const timings = tally.timings()
      const durationMs = clock.nowMs() - started
      return { type: 'step:end', step: ref, durationMs, ...(timings.length > 0 && { timings }) } as const
    }
    try {
      options.signal.throwIfAborted()
      const result = await this.#execute(kind, scope, options)
      emit({
        ...end(),
        outcome: 'passed',
        captured: this.#shownCaptures(kind, scope),
        ...(result.summary !== undefined && { summary: result.summary }),
        ...(result.warning !== undefined && { warning: result.warning }),
        ...(result.payload !== undefined && kind.isSecret !== true && { payload: result.payload }),
      })
      return result
    } catch (thrown) {
      const error = await this.#causeOf(thrown, options.signal)
      if (isCancelled(options.signal)) {
        emit({ ...end(), outcome: 'cancelled', captured: scope.captured })
        throw options.signal.reason
      }
      const { failure, exitCode } = await describeFailure(
        error,
        { ...ref, fields: step.fieldPositions },
        this.#parts.nodes,
      )
      emit({ ...end(), outcome: 'failed', captured: scope.captured, failure })
      throw new StepFailedError(failure, exitCode, error)
    }
  }

  #shownCaptures(kind: StepKind, scope: StepScope): Readonly<Record<string, JsonValue>> {
    if (kind.isSecret === true) for (const name of Object.keys(scope.captured)) this.#parts.secrets.add(name)
    return withoutSecrets(scope.captured, this.#parts.secrets)
  }

  #branchRunner(tally: TimingTally): StepScopeParts['runBranch'] {
    return (branch: PlannedBranch, run, parent, options) => {
      const { variables, ...rest } = run
      return this.#runAll(branch.steps, variables, { parent, tally, ...rest }, options)
    }
  }

  async #execute(kind: StepKind, scope: StepScope, options: Options): Promise<StepResult> {
    const expectsFailure = scope.step.expectedFailure && kind.honoursExpectedFailure && kind.settlesItself !== true
    let result: StepResult
    if (scope.step.flaw !== undefined) throw new StepError('invalid', scope.step.flaw)
    try {
      result = await kind.run(scope.step.input, scope, options)
    } catch (error) {
      if (options.signal.aborted || !expectsFailure || !isOperationFailure(error)) throw error
      return judgeFailure(error, scope.expectedError)
    }
    if (expectsFailure) throw new StepError('not_as_expected', 'the step was expected to fail, and succeeded')
    if (result.rawKey !== undefined && result.payload !== undefined) {
      scope.variables.setRawResult(result.rawKey, result.payload)
    }
    if (result.exports) scope.export(result.exports)
    if (result.payload !== undefined && kind.settlesItself !== true) {
      const node = result.node === undefined ? {} : { node: result.node }
      scope.capture(result.payload, { ...node, ...(kind.outputsAreExtra === true && { loose: true }) })
    }
    return result
  }

  /** A request that broke off because its node has ended: the end is the cause. */
  async #causeOf(error: unknown, signal: AbortSignal): Promise<unknown> {
    if (error instanceof ClientError && error.isNetworkFault && !signal.aborted) {
      const name = this.#parts.nodes.nameOfUrl(error.data.url)
      if (name !== undefined) await this.#parts.nodes.settle(name, signal)
    }
    const reason: unknown = signal.aborted ? signal.reason : undefined
    // A step inside this one has said it already.
    const isInner = error instanceof Error && [error, error.cause].some((each) => each instanceof StepFailedError)
    return reason instanceof StepAbortError && !isInner ? reason : error
  }
}

function isCancelled(signal: AbortSignal): boolean {
  return signal.aborted && !(signal.reason instanceof StepAbortError)
}

function isOperationFailure(error: unknown): error is StepError | ClientError {
  if (error instanceof StepError) return error.code === 'failed'
  return error instanceof ClientError && error.code !== 'USAGE'
}

function judgeFailure(error: Error, expected: string | undefined): StepResult {
  if (expected === undefined || error.message.includes(expected)) {
    return { summary: `failed as expected: ${error.message}` }
  }
  const message = `the step failed, but not as expected: ${JSON.stringify(expected)} is not in: ${error.message}`
  throw new StepError('not_as_expected', message, { cause: error })
}
