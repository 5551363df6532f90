// What a run says about itself, in order. Reports and renderers read nothing else.
// Plain JSON, so that an event can be written to a file or sent over a pipe as it is.
import type { JsonValue } from '../values/json/json-value.ts'

export type RunOutcome = 'passed' | 'failed' | 'interrupted'
export type StepOutcome = 'passed' | 'failed' | 'cancelled'

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
  readonly during?: 'starting the nodes' | 'ending the run'
  /** Path of step names from the outermost step. */
  readonly steps?: readonly string[]
  /** The node the failed operation was addressed to. */
  readonly node?: string
  /** How that node ended, when it did. */
  readonly nodeExit?: string
  /** Its last log lines, oldest first. */
  readonly logTail?: readonly string[]
  /** What each node had, for failures that compare nodes. */
  readonly perNode?: readonly NodeFacts[]
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
    }
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
