// Work that nodes which have the same still have before them: deltas that are held back, handlers that never ran, calls to other
// contexts. What a node waits for that stands apart is told with that. A handler may take long, and a stamp of tomorrow be waited for: it
// fails no run.
import type { StepClock } from '../../steps/step-clock.ts'
import { waitsOn } from '../../steps/sync/settled.ts'
import { HISTORY_LOOKS, HISTORY_PAUSE_MS } from '../limits.ts'
import type { LeftWaiting } from './findings.ts'
import { type HistoryNodes, toldOf } from './history-nodes.ts'
import { standingOf } from './standing.ts'

export interface LeftWaitingParts {
  readonly nodes: HistoryNodes
  /** Those to ask: nothing keeps them from the others. */
  readonly names: readonly string[]
  readonly clock: StepClock
}

type Options = { readonly signal: AbortSignal }

/** What is still there after all looks. */
export async function leftWaitingIn(
  contexts: readonly string[],
  { nodes, names, clock }: LeftWaitingParts,
  options: Options,
): Promise<LeftWaiting[]> {
  let open = contexts.flatMap((contextId) => names.map((node) => ({ node, contextId })))
  for (let looks = 1; ; looks += 1) {
    const seen = await Promise.all(open.map((place) => lookAt(place, nodes, options)))
    const left = seen.filter(({ what }) => what.length > 0)
    if (left.length === 0 || looks === HISTORY_LOOKS) return left
    open = left.map(({ node, contextId }) => ({ node, contextId }))
    await clock.sleep(HISTORY_PAUSE_MS, options.signal)
  }
}

async function lookAt(
  { node, contextId }: { readonly node: string; readonly contextId: string },
  nodes: HistoryNodes,
  options: Options,
): Promise<LeftWaiting> {
  const nothing = { node, contextId, what: [] }
  const answer = await nodes.ask(node, options, (handle, request) => waitsOn(handle, contextId, request))
  const what = toldOf(answer) ?? []
  if (what.length === 0) return nothing
  // Who was removed is told nothing more, and what it waits for does not come.
  const standing = await nodes.ask(node, options, (handle, request) => standingOf(handle, contextId, request))
  return toldOf(standing)?.isMember === true ? { node, contextId, what } : nothing
}
