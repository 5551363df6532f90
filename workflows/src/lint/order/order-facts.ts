// What the walk through a file has found out about before and after.
import type { LintStep } from '../source/lint-step.ts'

/** A check that may come too early: nothing orders it after a write on another node. */
export interface Race {
  readonly read: LintStep
  readonly readNode: string
  readonly write: LintStep
  readonly writeNode: string
  /** A node that has it and can reach the other one: the one that wrote it, where that can. */
  readonly holder: string
  readonly about: 'context' | 'governance'
  /** Fixed pauses between the two, in order, but for those in which nothing could have come. */
  readonly sleeps: readonly LintStep[]
  /** The last barrier between the two, and which of the two nodes it leaves out. */
  readonly barrier?: { readonly step: LintStep; readonly leavesOut: string }
  /** The last barrier between the two that compares something else. */
  readonly otherBarrier?: LintStep
  /** The step that stopped the writer before the read: whether others have it by then is a matter of chance. */
  readonly writerStopped?: LintStep
  /** In groups of the same `parallel`. */
  readonly isConcurrent: boolean
}

/** A step that asks a node which was stopped or paused before. */
export interface DownUse {
  readonly step: LintStep
  readonly node: string
  readonly since: LintStep
}

export interface OrderFacts {
  readonly races: readonly Race[]
  readonly downUses: readonly DownUse[]
  /** Pauses during which something was cut, stopped or held still, or had been before: they have reasons of their own. */
  readonly sleepsInTrouble: ReadonlySet<LintStep>
  /** Steps at which a fault of any kind may be on. */
  readonly underFault: ReadonlySet<LintStep>
}
