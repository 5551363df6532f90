// What the check of the history saw, as plain data: for the last screen, run.json and every other report.
import type { AcknowledgedWrite } from './write-history.ts'

export interface HistoryFindings {
  /** Acknowledged writes that were found where they were acknowledged. */
  readonly writes: number
  /** Those that are there and do not count: their author was removed, and who removed it had not accepted them. */
  readonly voided: readonly AcknowledgedWrite[]
  /** Those that their node does not have any more; one of them fails the run. */
  readonly gone: readonly GoneWrite[]
  /** Contexts in which nodes with the same history do not have the same state; one of them fails the run. */
  readonly differing: readonly ContextDiffering[]
  /** Those that were to be found and could not be looked for, or of which nothing can be told. */
  readonly notLookedFor: readonly UntoldWrites[]
  readonly contexts: number
  /** That were seen to have the same heads and state, each of them in every context in which it was compared. */
  readonly nodes: readonly string[]
  /** Contexts of which nodes that nothing kept apart did not have the same, for as long as they were looked at. */
  readonly apart: readonly ContextApart[]
  readonly notCompared: readonly NotCompared[]
  /** What nodes that have the same, and that nothing keeps apart, still had before them after all looks. */
  readonly leftWaiting: readonly LeftWaiting[]
  /** Events that nodes have not handled and will not. */
  readonly givenUp: readonly GivenUp[]
  /** Where there are others of them. */
  readonly givenUpMore: readonly { readonly node: string; readonly contextId: string }[]
  /** Of whom it is not known whether there are any. */
  readonly givenUpUntold: readonly NotCompared[]
}

export interface GoneWrite extends AcknowledgedWrite {
  /** Where the node says the delta is: `unknown`, `pending`. */
  readonly state: string
}

export interface ContextDiffering {
  readonly contextId: string
  /** Heads as hex, sorted. */
  readonly nodes: readonly { readonly node: string; readonly heads: readonly string[]; readonly state: string }[]
  /** Which entries differ, in words, where the nodes have found it out. */
  readonly entries: readonly string[]
}

export interface UntoldWrites {
  readonly node: string
  readonly writes: number
  readonly why: string
  /** The node answers, and nothing that the run has seen explains it. */
  readonly isFinding?: true
}

export interface ContextApart {
  readonly contextId: string
  /** Nodes with the same heads and state are in one; the largest first. */
  readonly groups: readonly { readonly nodes: readonly string[]; readonly heads: string; readonly state: string }[]
  /** What nodes lack, and what waits there for what, a line each. */
  readonly why: readonly string[]
}

export interface LeftWaiting {
  readonly node: string
  readonly contextId: string
  /** `2 deltas parked`, `1 event handler to run`. */
  readonly what: readonly string[]
}

export interface NotCompared {
  readonly node: string
  readonly why: string
}

export interface GivenUp {
  readonly node: string
  readonly contextId: string
  readonly event: string
  readonly handler: string
  readonly attempts: number
  /** Of the last attempt. */
  readonly error?: string
}
