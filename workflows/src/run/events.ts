// What a run says about itself, in order. Reports and renderers read nothing else.
// Plain JSON, so that an event can be written to a file or sent over a pipe as it is.
import type { JsonValue } from '../values/json/json-value.ts'
import type { HistoryFindings } from './history/findings.ts'

export type RunOutcome = 'passed' | 'failed' | 'interrupted'
/** `skipped`: its `if` does not hold, or there is nothing to do it for. */
export type StepOutcome = 'passed' | 'failed' | 'cancelled' | 'skipped'

/** A place in the workflow file; line and column start at 1. */
export interface SourcePlace {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** Why something failed, complete enough for a report that never saw the run. */
export interface FailureInfo {
  readonly code: string
  /** What was attempted, on what, what was seen, and what to do. May have several lines. */
  readonly message: string
  /** What to do, where the message does not say it. */
  readonly help?: string
  readonly place?: SourcePlace
  /** What was being done, where it was no step. */
  readonly during?: 'starting the nodes' | 'after the last step' | 'checking the history' | 'ending the run'
  /** Path of step names from the outermost step, with the iterations and groups between them. */
  readonly steps?: readonly string[]
  /** The node the failed operation was addressed to. */
  readonly node?: string
  /** How that node ended, when it did. */
  readonly nodeExit?: string
  /** Its last log lines, oldest first. */
  readonly logTail?: readonly string[]
  /** What steps, or an earlier run, had made wrong with the nodes and nobody had mended yet. */
  readonly faultsOn?: readonly FaultOn[]
  /** What each node had, for failures that compare nodes. */
  readonly perNode?: readonly NodeFacts[]
  /** What was compared and did not hold, for failures of assertions; `message` says the same in words. */
  readonly comparisons?: readonly FailedComparison[]
  /** All failures where several steps failed beside each other, each complete; `message` sums them up. */
  readonly failures?: readonly FailureInfo[]
}

export interface FaultOn {
  /** `partition of n-1 | n-2`. */
  readonly what: string
  readonly nodes: readonly string[]
  /** Of the step that began it; absent where an earlier run did. */
  readonly place?: SourcePlace
}

export interface FailedComparison {
  /** The statement as the file has it. */
  readonly statement: string
  /** What the file says instead of the statement. */
  readonly label?: string
  /** As JSON. Absent where nothing could be compared: `reason` says why. */
  readonly left?: string
  readonly operator?: string
  readonly right?: string
  readonly reason?: string
  /** Where the values differ, or what was compared instead of them. */
  readonly hints?: readonly string[]
}

/** What one node showed: label → text, in the order to be shown. */
export interface NodeFacts {
  readonly node: string
  readonly facts: Readonly<Record<string, string>>
}

export interface NodeSummary {
  readonly name: string
  readonly rpcPort?: number
  readonly swarmPort?: number
}

/** A step of the file that may never be reached. */
export interface PlannedStepRef {
  readonly kind: string
  readonly name: string
  readonly place: SourcePlace
  readonly path: string
}

/** How long something took that ran `count` times inside a step; what failed is not in it. */
export interface StepTiming {
  /** `iteration`, `group writers`, the name of a step. */
  readonly label: string
  readonly count: number
  readonly minMs: number
  readonly meanMs: number
  readonly p50Ms: number
  readonly p95Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

export interface StepRef {
  /** Unique within the run. */
  readonly stepId: number
  /** The step this one is nested in. */
  readonly parentId?: number
  readonly kind: string
  readonly name: string
  /** 1-based place among its siblings, and how many there are. */
  readonly index: number
  readonly of: number
  /** 0 at the top level. */
  readonly depth: number
  readonly place: SourcePlace
  /** Which step of the file it is, however often it runs: `steps[4].groups[1].steps[0]`. */
  readonly path: string
  /** `iteration 2 of 3`, `group writers`: set where one step of the file runs several times. */
  readonly scope?: string
}

export type RunEvent = { readonly atMs: number } & (
  | {
      readonly type: 'run:start'
      readonly name: string
      readonly file: string
      readonly runDir: string
      readonly nodes: readonly NodeSummary[]
      /** Of the top level, and in all others together. */
      readonly steps: number
      readonly nestedSteps: number
      /** Those of the top level, in order. */
      readonly plannedSteps: readonly PlannedStepRef[]
    }
  /** What the steps that use chance draw it from; once, when the first one does. */
  | { readonly type: 'run:seed'; readonly seed: string }
  /** After the last step, where all before has passed; what fails the run is in it, too. `acknowledged`: all writes that nodes acknowledged. */
  | ({ readonly type: 'history'; readonly acknowledged: number } & HistoryFindings)
  | { readonly type: 'note'; readonly level: 'info' | 'warning'; readonly message: string }
  | { readonly type: 'phase'; readonly phase: 'nuke' | 'start' | 'steps' | 'teardown'; readonly message: string }
  | { readonly type: 'node:starting'; readonly node: string }
  | {
      readonly type: 'node:ready'
      readonly node: string
      readonly url: string
      readonly tookMs: number
      readonly reused: boolean
    }
  | { readonly type: 'node:exited'; readonly node: string; readonly cause: string; readonly expected: boolean }
  | { readonly type: 'network:meshed'; readonly tookMs: number }
  | { readonly type: 'step:start'; readonly step: StepRef }
  | { readonly type: 'step:progress'; readonly step: StepRef; readonly message: string }
  | { readonly type: 'step:note'; readonly step: StepRef; readonly level: 'info' | 'warning'; readonly message: string }
  /** Text that the step's program wrote. */
  | { readonly type: 'step:output'; readonly step: StepRef; readonly text: string }
  | {
      readonly type: 'step:end'
      readonly step: StepRef
      readonly outcome: StepOutcome
      readonly durationMs: number
      /** One line: what came out of it. */
      readonly summary?: string
      /** Why a step that passed should be looked at. */
      readonly warning?: string
      /** Raw reply, for a verbose report and run.json. */
      readonly payload?: JsonValue
      readonly captured?: Readonly<Record<string, JsonValue>>
      /** Of the steps inside, where there are any. */
      readonly timings?: readonly StepTiming[]
      readonly failure?: FailureInfo
    }
  | {
      readonly type: 'run:end'
      readonly outcome: RunOutcome
      readonly exitCode: number
      readonly durationMs: number
      readonly runDir: string
      readonly nodesLeftRunning: readonly string[]
      readonly captured: Readonly<Record<string, JsonValue>>
      readonly failure?: FailureInfo
    }
)

export type RunEventBody = RunEvent extends infer Event
  ? Event extends { atMs: number }
    ? Omit<Event, 'atMs'>
    : never
  : never

/** Receives every event of a run, in order. Must not throw. */
export type RunListener = (event: RunEvent) => void

/** How a part of the run says something: the run adds the time. */
export type EmitRunEvent = (event: RunEventBody) => void
