// After the steps of a run have passed: nothing that a node acknowledged is gone from it, and nodes that hold the same
// history have the same state. Workflows need not assert it, and need not have waited for anything. What may have another
// cause does not fail a run in which nothing was asserted: it is said.
import type { StepClock } from '../../steps/step-clock.ts'
import type { NodeHandle } from '../../steps/step-kind.ts'
import { HISTORY_CONTEXTS_MAX } from '../limits.ts'
import { compareContexts } from './agreement.ts'
import type { HistoryFindings } from './findings.ts'
import { givenUpOn } from './given-up.ts'
import { lookForWrites } from './held-writes.ts'
import { HistoryNodes } from './history-nodes.ts'
import { leftWaitingIn } from './left-waiting.ts'
import type { WriteHistory } from './write-history.ts'

interface NodesAndWhat {
  readonly what: string
  readonly nodes: readonly string[]
}

export interface HistoryParts {
  readonly nodes: readonly NodeHandle[]
  /** Faults that are still on: their nodes are not compared. */
  readonly faults: readonly NodesAndWhat[]
  /** Whatever else keeps nodes from each other, these included: who is behind for it is not told as apart. */
  readonly hindrances: readonly NodesAndWhat[]
  readonly clock: StepClock
}

/** What was found; `historyFailure` says which of it fails the run. */
export async function checkHistory(
  history: WriteHistory,
  { faults, hindrances, clock, ...parts }: HistoryParts,
  options: { readonly signal: AbortSignal },
): Promise<HistoryFindings> {
  const nodes = new HistoryNodes(parts.nodes)
  const contexts = history.contexts.slice(-HISTORY_CONTEXTS_MAX)
  const comparing = { nodes, clock, faulty: byNode(faults), hindered: byNode(hindrances) }
  const compared = await compareContexts(contexts, comparing, options)
  const looked = await lookForWrites(history, nodes, { clock, ...options })
  const names = compared.nodes.filter((node) => !comparing.hindered.has(node) && !comparing.faulty.has(node))
  const leftWaiting = await leftWaitingIn(contexts, { nodes, names, clock }, options)
  return {
    ...looked,
    contexts: contexts.length,
    ...compared,
    leftWaiting,
    ...(await givenUpOn(contexts, nodes, options)),
  }
}

function byNode(all: readonly NodesAndWhat[]): ReadonlyMap<string, string> {
  return new Map(all.flatMap(({ what, nodes }) => nodes.map((node) => [node, what] as const)))
}
