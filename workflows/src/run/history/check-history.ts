// After the steps of a run have passed: nothing that a node acknowledged is gone from it, and nodes that hold the same
// history have the same state. Workflows need not assert it, and need not have waited for anything.
import { ClientError } from '../../client/client-error.ts'
import type { StepClock } from '../../steps/step-clock.ts'
import { StepError } from '../../steps/step-error.ts'
import type { NodeHandle } from '../../steps/step-kind.ts'
import { deltaPlace, isApplied } from '../../steps/sync/delta-place.ts'
import { shortDelta } from '../../steps/sync/diagnosis.ts'
import { headsText, readOnce, type Sighting } from '../../steps/sync/sync-targets.ts'
import { HISTORY_CONTEXTS_MAX, HISTORY_LOOKS, HISTORY_PAUSE_MS, HISTORY_REQUEST_TIMEOUT_MS } from '../limits.ts'
import type { AcknowledgedWrite, WriteHistory } from './write-history.ts'

export interface HistoryParts {
  readonly nodes: readonly NodeHandle[]
  readonly clock: StepClock
}

export interface CheckedHistory {
  /** Acknowledged writes that were found where they were acknowledged. */
  readonly writes: number
  readonly contexts: number
  /** Whose state was compared with that of others. */
  readonly nodes: readonly string[]
}

type Request = { readonly signal: AbortSignal; readonly timeoutMs: number }

/**
 * Nodes that are stopped, paused or do not answer, and nodes that do not tell heads or deltas, are left out.
 * StepError `history`: what is gone, or which nodes differ.
 */
export async function checkHistory(
  history: WriteHistory,
  parts: HistoryParts,
  { signal }: { readonly signal: AbortSignal },
): Promise<CheckedHistory> {
  const nodes = parts.nodes.filter((node) => node.running && !node.paused)
  const request = { signal, timeoutMs: HISTORY_REQUEST_TIMEOUT_MS }
  const contexts = history.contexts.slice(-HISTORY_CONTEXTS_MAX)
  const compared = new Set<string>()
  for (const contextId of contexts) {
    for (const name of await compareStates(contextId, nodes, parts.clock, request)) compared.add(name)
  }
  let writes = 0
  for (const write of history.kept) {
    if (await isHeld(write, nodes, request)) writes += 1
  }
  return { writes, contexts: contexts.length, nodes: [...compared] }
}

/** The names of those that were compared. */
async function compareStates(
  contextId: string,
  nodes: readonly NodeHandle[],
  clock: StepClock,
  request: Request,
): Promise<string[]> {
  for (let looks = 1; ; looks += 1) {
    const seen = (await Promise.all(nodes.map((node) => sight(node, contextId, request)))).flatMap((each) => each ?? [])
    const differing = findDiffering(seen)
    if (differing === undefined) return seen.map(({ node }) => node)
    // The same history under other governance, which is still on its way, may void other deltas.
    if (looks === HISTORY_LOOKS) throw divergence(contextId, differing)
    await clock.sleep(HISTORY_PAUSE_MS, request.signal)
  }
}

async function sight(node: NodeHandle, contextId: string, request: Request): Promise<Sighting | undefined> {
  const seen = await answered(() => readOnce(node, { kind: 'context', id: contextId }, request), request.signal)
  return seen?.hash === undefined || seen.heads === undefined ? undefined : seen
}

/** All that have the same heads, where their hashes are not all the same. */
function findDiffering(seen: readonly Sighting[]): readonly Sighting[] | undefined {
  const byHeads = Map.groupBy(seen, headsText)
  return [...byHeads.values()].find((same) => new Set(same.map(({ hash }) => hash)).size > 1)
}

/** False: it cannot be told, or others of the run have it: the node has given it up and gets it again. */
async function isHeld(write: AcknowledgedWrite, nodes: readonly NodeHandle[], request: Request): Promise<boolean> {
  const node = nodes.find(({ name }) => name === write.node)
  const placeOn = (each: NodeHandle) =>
    answered(() => deltaPlace(each, write.contextId, write.deltaId, request), request.signal)
  const place = node && (await placeOn(node))
  if (place === undefined || place.state === 'refused') return false
  if (isApplied(place)) return true
  const others = await Promise.all(nodes.map(placeOn))
  if (others.some((other) => other !== undefined && isApplied(other))) return false
  const which = `delta ${shortDelta(write.deltaId)} of context ${write.contextId} is ${place.state} there`
  const message = `${write.node} acknowledged a write and does not have it any more: ${which}`
  throw new StepError('history', message, { node: write.node, help: HELP })
}

const HELP = 'no workflow can cause this: please report it, with the run directory and the data of the nodes'

function divergence(contextId: string, seen: readonly Sighting[]): StepError {
  const names = seen.map(({ node }) => node).join(', ')
  const heads = headsText(seen[0] ?? { node: '' })
  const message = `${names} hold the same history of context ${contextId} and do not have the same state`
  const perNode = seen.map(({ node, hash = '' }) => ({ node, facts: { heads: heads.slice(0, 40), state: hash } }))
  return new StepError('history', message, { perNode, help: HELP })
}

/** Undefined: the node does not answer, or not this. */
async function answered<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  try {
    return await ask()
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof ClientError || error instanceof StepError) return undefined
    throw error
  }
}
