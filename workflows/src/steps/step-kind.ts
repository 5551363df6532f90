// What a step kind is, and the port through which it acts: the run implements StepContext and NodeHandle.
// A kind is one file (fields, outputs, run) and one entry of the registry; validation, `calbox steps`, the docs and the
// editor schema read the same declaration.
import type { Static, TSchema } from '@calbox/schemas'
import type { NodeClient } from '../client/node-client.ts'
import type { ImageScripts } from '../driver/image-scripts.ts'
import type { ProcessGuard } from '../driver/process/program-group.ts'
import type { StepSchema } from '../plan/check/step-schema.ts'
import type { PlannedBranch, PlannedStep } from '../plan/plan-types.ts'
import type { SourcePlace } from '../run/events.ts'
import type { CaptureRequest } from '../values/capture-outputs.ts'
import type { JsonObject, JsonValue } from '../values/json/json-value.ts'
import type { Variables } from '../values/variables.ts'
import type { NodeFaultPort, ProcessPort, RunFaults } from './fault/making/fault-port.ts'
import type { StepClock } from './step-clock.ts'

export interface StepOutput {
  /** What `outputs` reads: a path in the payload. */
  readonly name: string
  readonly description: string
}

export interface StepKind<Schema extends TSchema = TSchema> extends StepSchema {
  readonly schema: Schema
  readonly outputs: readonly StepOutput[]
  /** The original captures nothing here: an output that the reply lacks is noted instead of failing the step. */
  readonly outputsAreExtra?: boolean
  /** False: the flag has no meaning here, and a failure is a failure. */
  readonly honoursExpectedFailure: boolean
  /** What an `expected_failure` that succeeds does here, where it does not fail the step. */
  readonly unexpectedSuccess?: string
  /** What it captures and replies is not for the record of the run: tokens. */
  readonly isSecret?: boolean
  /** Its node gives up what it holds of contexts: what it acknowledged before is not looked for there any more. */
  readonly givesUpHistory?: boolean
  /** It judges expected failures and captures its outputs itself. */
  readonly settlesItself?: boolean
  /**
   * Called before the step before it in its list begins, so that nothing which that one brings about is missed. Undefined or
   * a rejection: `run` has no head start. Nothing it says is shown.
   */
  headStart?(input: Static<Schema>, context: StepContext, options: StepOptions): Promise<HeadStart | undefined>
  run(input: Static<Schema>, context: StepContext, options: StepRunOptions): Promise<StepResult>
}

export interface StepOptions {
  readonly signal: AbortSignal
}

export interface StepRunOptions extends StepOptions {
  readonly headStart?: HeadStart | undefined
}

/** What a step has open already. Closed by the run when the step has ended, or never begins; more than once is harmless. */
export interface HeadStart {
  close(): void
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
  /** Why it was not run. */
  readonly skipped?: string
  /** Statements that were judged, for a step around this one that counts them. */
  readonly judged?: readonly JudgedStatement[]
}

export interface JudgedStatement {
  readonly passed: boolean
  /** Its message, else the statement itself. */
  readonly label: string
}

export interface StepContext {
  readonly step: PlannedStep
  /** Of the step in its file; undefined where it is run alone. */
  readonly place?: SourcePlace | undefined
  /** Of the scope this step runs in. */
  readonly variables: Variables
  readonly clock: StepClock
  /** Paths of steps are relative to it. */
  readonly cwd: string
  /** What chance is drawn from, where the caller fixed it (`--seed`). */
  readonly seed: string | undefined
  /** The seed of this run where nobody fixed one: the same for all steps, and part of the command that runs it again. */
  drawSeed(): string
  /** Mixed into the seed: this step, and which of its iterations, groups and entries this is. The same in a run with the seed. */
  readonly drawKey: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Placeholders resolved, resolving to blank excluded: it would match everything. */
  readonly expectedError: string | undefined
  /**
   * Placeholders in the name are resolved. Throws StepError `invalid` for a name the run does not have. Whatever the step asks
   * it carries the token that the step gives.
   */
  node(name: string): NodeHandle
  nodes(): readonly NodeHandle[]
  /** Ends with calbox what the step starts, however calbox ends. */
  readonly guard?: ProcessGuard | undefined
  /** Runs scripts in containers of their own; undefined where nobody can. */
  readonly scripts?: ImageScripts | undefined
  /** Of the run; undefined where the step is run alone. */
  readonly faults?: RunFaults | undefined
  /** Lenient: an unknown placeholder stays and is noted. */
  resolve(value: JsonValue): JsonValue
  /** The same as text. */
  text(value: JsonValue): string
  /** It reads what no report may show: its values are left out of messages. */
  hides(statement: JsonValue): boolean
  /** Sets variables from a payload by the step's `outputs`; ValuesError where it lacks one. */
  capture(payload: JsonValue, options?: CaptureOptions): void
  /** Sets a variable without being asked, and reports it. */
  export(variables: Readonly<Record<string, JsonValue>>): void
  /**
   * A call that may write in a context is about to be sent; what it gives is told what was written, for steps that wait for
   * it. Undefined: which delta, and whether one, is not told.
   */
  beginWrite(node: string, contextId: string, method: string): (deltaId: string | undefined) => void
  /**
   * Before a failure counts as the expected one: where it broke off because its node has ended by itself, this rejects with
   * that. What a step of the workflow ended may be what is expected.
   */
  brokeOff?(error: Error, options: { signal: AbortSignal }): Promise<void>
  /** What the step is doing now, for the live display. */
  progress(message: string): void
  note(level: 'info' | 'warning', message: string): void
  /** Text of a program that the step runs. */
  output(text: string): void
  runBranch(branch: PlannedBranch, run: BranchRun, options: { signal: AbortSignal }): Promise<void>
}

export interface CaptureOptions extends Pick<CaptureRequest, 'node' | 'keep' | 'byName'> {
  /** A warning for what it lacks, and no error. */
  readonly loose?: boolean
}

export interface BranchRun {
  readonly variables: Variables
  /** `iteration 2 of 3`, `group writers`. */
  readonly scope?: string
  /** What this way through the steps is called in the timings: `iteration`. Absent: only its steps are timed. */
  readonly timedAs?: string
  /** Called before each step. */
  readonly beforeStep?: (step: PlannedStep, index: number) => void
  /** Called after each step that passed. */
  readonly afterStep?: (step: PlannedStep, result: StepResult) => void
  /** Of these steps, and of all inside them. */
  readonly trial?: StepTrial
}

/** What a step that tries its steps out does to them, and is told of them, at whatever depth. */
export interface StepTrial {
  /** The step with what chance makes in it: once for each time that it is run, however often it is tried. */
  draw(step: PlannedStep): PlannedStep
  /** Variables that `fill` sets, by what they are made of. */
  lent(step: PlannedStep): JsonObject
  /** The step as it is run, once its own variables are set. `isSecret`: its texts stay, so that reports know what they read. */
  fill(step: PlannedStep, variables: Variables, how: TrialFill): PlannedStep
  /** It has ended by itself, of tries with the last one. What only failed with a step inside it is told of that one. */
  ended(step: PlannedStep, end: StepTrialEnd): void
}

export interface TrialFill {
  /** It, or a step around it, is tried again where it fails: its failures are not to be passed over. */
  readonly isTriedAgain: boolean
  readonly isSecret: boolean
}

export interface StepTrialEnd {
  readonly passed: boolean
  readonly judged?: readonly JudgedStatement[] | undefined
}

export interface StartNodeOptions extends StepOptions {
  readonly readyTimeoutMs: number
  readonly mockTee?: boolean | undefined
}

export interface NodeHandle {
  readonly name: string
  /** Of the running node; StepError `not_running` when it is stopped. */
  readonly client: NodeClient
  readonly url: string
  readonly running: boolean
  /** A signal holds its process still, and it answers nobody: who, and what ends that. Undefined also where that cannot be told. */
  readonly pausedBy: string | undefined
  /** Tokens of a login; what `client` sends carries the access token from then on. */
  readonly session: NodeSession
  /** The same node, with a client, links and faults that send this token instead. */
  withToken(token: string): NodeHandle
  /** Directory of the node's own files on this machine. */
  readonly directory: string | undefined
  /** It can be given paths of this machine. */
  readonly hostFiles: boolean
  /** Its path as the node sees it; where that sees other files than this machine, it is copied there first. */
  placeFile?(file: string): Promise<string>
  /** Resolves with how it ended; its data stays. `kill`: at once, with no time to write anything. */
  stop(options: { signal: AbortSignal; kill?: boolean }): Promise<string>
  /** Resolves when it answers again. `mockTee`: as one, or not; absent: as it was. One that runs as something else: `invalid`. */
  start(options: StartNodeOptions): Promise<void>
  /** Holds it still and lets it go on, as a signal does. StepError `unsupported` where that cannot be done. */
  pause(place: SourcePlace | undefined, options: StepOptions): Promise<void>
  resume(options: StepOptions): Promise<void>
  /** Undefined: nothing can be done to its process from here. */
  readonly process?: ProcessPort | undefined
  /**
   * What it wrote since this run first started it, piece by piece; undefined where its log cannot be read from here. Told of
   * what is not kept any more.
   */
  logPieces(options?: { readonly onGone: (bytes: number) => void }): AsyncIterable<string> | undefined
  /** Runs the node's own program on its data, as `calnode <args>`. */
  exec(args: readonly string[], options: { signal: AbortSignal; timeoutMs: number }): Promise<ExecEnd>
  /** What it runs as, as steps name it; undefined for nodes that nothing here has started. */
  readonly driver?: string
  /** Undefined: nothing can be done to the connections of this node from here. */
  readonly links: NodeLinks | undefined
  /** Undefined: the same of what it can do to itself. */
  readonly faults?: NodeFaultPort | undefined
  /**
   * Takes it off this network of a container engine, or puts it on it; without a name, the usual one. Undefined where there
   * is none, or where nodes have no such networks.
   */
  leaveNetwork?(network: string | undefined, options: { signal: AbortSignal }): Promise<NetworkChange | undefined>
  joinNetwork?(network: string | undefined, options: { signal: AbortSignal }): Promise<NetworkChange | undefined>
}

export interface NetworkChange {
  readonly network: string
  /** False: it was so already. */
  readonly changed: boolean
}

export interface NodeSession {
  accessToken: string | undefined
  refreshToken: string | undefined
  username?: string
  /** A renewal under way, which all that need it wait for. */
  renewing?: Promise<boolean> | undefined
}

export interface ExecEnd {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** The connections of a node. What is cut stays cut until it is healed; HTTP goes on where nothing else is said. */
export interface NodeLinks {
  /** From every other node. */
  disconnect(options: CutOptions): Promise<void>
  connect(options: { signal: AbortSignal }): Promise<void>
  partition(peers: readonly string[], options: CutOptions): Promise<void>
  heal(peers: readonly string[], options: { signal: AbortSignal }): Promise<void>
  /** Of what it sends, until `meanwhile` has come to its end, however it does. Several beside each other are all on. */
  degrade(fault: LinkFault, meanwhile: () => Promise<void>, options: CutOptions): Promise<void>
}

export interface CutOptions {
  readonly signal: AbortSignal
  /** Of the step that does it: failures name it as long as it is on. */
  readonly place?: SourcePlace | undefined
}

export type LinkFault = { readonly lossPercent: number; readonly seed: string } | { readonly delayMs: number }
