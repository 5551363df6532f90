// What a step kind is, and the port through which it acts: the run implements StepContext and NodeHandle.
// A kind is one file (fields, outputs, run) and one entry of the registry; validation, `calbox steps`, the docs and the
// editor schema read the same declaration.
import type { Static, TSchema } from '@calbox/schemas'
import type { NodeClient } from '../client/node-client.ts'
import type { StepSchema } from '../plan/check/step-schema.ts'
import type { PlannedBranch, PlannedStep } from '../plan/plan-types.ts'
import type { JsonValue } from '../values/json/json-value.ts'
import type { Variables } from '../values/variables.ts'
import type { StepClock } from './step-clock.ts'

export interface StepOutput {
  /** What `outputs` reads: a path in the payload. */
  readonly name: string
  readonly description: string
}

export interface StepKind<Schema extends TSchema = TSchema> extends StepSchema {
  readonly schema: Schema
  readonly outputs: readonly StepOutput[]
  /** False: the flag has no meaning here, and a failure is a failure. */
  readonly honoursExpectedFailure: boolean
  /** What an `expected_failure` that succeeds does here, where it does not fail the step. */
  readonly unexpectedSuccess?: string
  /** It judges expected failures and captures its outputs itself. */
  readonly settlesItself?: boolean
  run(input: Static<Schema>, context: StepContext, options: { signal: AbortSignal }): Promise<StepResult>
}

/** Keeps the schema's type for `run`, and gives it up for the registry. */
export function defineStep<Schema extends TSchema>(kind: StepKind<Schema>): StepKind {
  return kind
}

export interface StepResult {
  /** What `outputs` reads. Absent: this kind has none. */
  readonly payload?: JsonValue
  /** Variables that are set without being asked for, before the outputs. */
  readonly exports?: Readonly<Record<string, JsonValue>>
  /** Under which key the legacy placeholders find the payload. */
  readonly rawKey?: string
  /** Stands for `{node_name}` in outputs. */
  readonly node?: string
  /** One line for people: what came out. */
  readonly summary?: string
  /** It passed, and something about that should be looked at: shown and counted even with -q. */
  readonly warning?: string
}

export interface StepContext {
  readonly step: PlannedStep
  /** Of the scope this step runs in. */
  readonly variables: Variables
  readonly clock: StepClock
  /** Paths of steps are relative to it. */
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Placeholders resolved, resolving to blank excluded: it would match everything. */
  readonly expectedError: string | undefined
  /** Throws StepError `invalid` for a name the run does not have. */
  node(name: string): NodeHandle
  nodes(): readonly NodeHandle[]
  /** Lenient: an unknown placeholder stays and is noted. */
  resolve(value: JsonValue): JsonValue
  /** The same as text. */
  text(value: JsonValue): string
  /** Sets variables from a payload by the step's `outputs`; ValuesError where the payload lacks one. */
  capture(payload: JsonValue, options?: { node?: string; keep?: ReadonlySet<string> }): void
  /** Sets a variable without being asked, and reports it. */
  export(variables: Readonly<Record<string, JsonValue>>): void
  /** What the step is doing now, for the live display. */
  progress(message: string): void
  note(level: 'info' | 'warning', message: string): void
  /** Text of a program that the step runs. */
  output(text: string): void
  runBranch(branch: PlannedBranch, run: BranchRun, options: { signal: AbortSignal }): Promise<void>
}

export interface BranchRun {
  readonly variables: Variables
  /** `iteration 2 of 3`, `group writers`. */
  readonly scope: string
  /** Called before each step. */
  readonly beforeStep?: (step: PlannedStep, index: number) => void
}

export interface NodeHandle {
  readonly name: string
  /** Of the running node; StepError `failed` when it is stopped. */
  readonly client: NodeClient
  readonly url: string
  readonly running: boolean
  /** Directory of the node's own files on this machine. */
  readonly directory: string | undefined
  /** It can be given paths of this machine. */
  readonly hostFiles: boolean
  /** Resolves with how it ended; its data stays. */
  stop(options: { signal: AbortSignal }): Promise<string>
  /** Resolves when it answers again. */
  start(options: { signal: AbortSignal; readyTimeoutMs: number }): Promise<void>
}
