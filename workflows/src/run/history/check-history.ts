// After the steps of a run have passed: nothing that a node acknowledged is gone from it, and nodes that hold the same
// history have the same state. Workflows need not assert it, and need not have waited for anything. What may have another
// cause is left out: this fails runs in which nothing was asserted.
import type { StepClock } from '../../steps/step-clock.ts'
import { StepError } from '../../steps/step-error.ts'
import type { NodeHandle } from '../../steps/step-kind.ts'
import { type DeltaPlace, deltaPlace } from '../../steps/sync/delta-place.ts'
import { shortDelta } from '../../steps/sync/diagnosis.ts'
import { HISTORY_CONTEXTS_MAX, HISTORY_LOOKS, HISTORY_PAUSE_MS } from '../limits.ts'
import { HistoryNodes } from './history-nodes.ts'
import { findDiffering, type Standing, standingOf, withDeltas } from './standing.ts'
import type { AcknowledgedWrite, WriteHistory } from './write-history.ts'

export interface HistoryParts {
  readonly nodes: readonly NodeHandle[]
  /** Names of nodes with a fault that is still on. */
  readonly faulty: readonly string[]
  readonly clock: StepClock
}

export interface CheckedHistory {
  /** Acknowledged writes that were found where they were acknowledged. */
  readonly writes: number
  readonly contexts: number
  /** Whose state was compared with that of others. */
  readonly nodes: readonly string[]
}

type Options = { readonly signal: AbortSignal }

/**
 * Nodes that are stopped, paused or do not answer, and nodes that do not tell their standing or deltas, are left out.
 * StepError `history`: what is gone, or which nodes differ.
 */
export async function checkHistory(
  history: WriteHistory,
  { faulty, clock, ...parts }: HistoryParts,
  options: Options,
): Promise<CheckedHistory> {
  const nodes = new HistoryNodes(parts.nodes)
  const contexts = history.contexts.slice(-HISTORY_CONTEXTS_MAX)
  const compared = new Set<string>()
  for (const contextId of contexts) {
    const look = () => comparable(nodes, { contextId, faulty }, options)
    for (const { node } of await compareStates(contextId, look, { clock, ...options })) compared.add(node)
  }
  const writes = await countHeld(history.kept, nodes, { clock, ...options })
  return { writes, contexts: contexts.length, nodes: [...compared] }
}

async function comparable(
  nodes: HistoryNodes,
  { contextId, faulty }: { readonly contextId: string; readonly faulty: readonly string[] },
  options: Options,
): Promise<Standing[]> {
  const asked = nodes.names.filter((name) => !faulty.includes(name))
  const seen = await Promise.all(asked.map((name) => standingIn(nodes, name, contextId, options)))
  // Who was removed is brought up to nobody's state any more.
  return seen.flatMap((each) => (each?.isMember === true ? each : []))
}

/** Those that were compared. */
async function compareStates(
  contextId: string,
  look: () => Promise<Standing[]>,
  { clock, signal }: { readonly clock: StepClock } & Options,
): Promise<readonly Standing[]> {
  for (let looks = 1; ; looks += 1) {
    const seen = await look()
    const differing = findDiffering(seen)
    if (differing === undefined) return withDeltas(seen)
    // What decides a state beside what is compared may still be on its way.
    if (looks === HISTORY_LOOKS) throw divergence(contextId, differing)
    await clock.sleep(HISTORY_PAUSE_MS, signal)
  }
}

/** How many were found. Of the others it cannot be told: one that is gone throws. */
async function countHeld(
  kept: readonly AcknowledgedWrite[],
  nodes: HistoryNodes,
  { clock, signal }: { readonly clock: StepClock } & Options,
): Promise<number> {
  const options = { signal }
  let held = 0
  let writes = kept
  for (let looks = 1; ; looks += 1) {
    const missing: { readonly write: AcknowledgedWrite; readonly place: DeltaPlace }[] = []
    for (const write of writes) {
      const place = await nodes.ask(write.node, options, (node, request) =>
        deltaPlace(node, write.contextId, write.deltaId, request),
      )
      if (place?.state === 'applied') held += 1
      else if (place !== undefined && MISSING.has(place.state)) missing.push({ write, place })
    }
    const gone = await firstGone(missing, nodes, options)
    if (gone === undefined) return held
    if (looks === HISTORY_LOOKS) throw loss(gone.write, gone.place)
    writes = missing.map(({ write }) => write)
    await clock.sleep(HISTORY_PAUSE_MS, signal)
  }
}

/** `pruned` and `refused` are not told of what was applied only; `parked` waits for what governance or an application brings. */
const MISSING: ReadonlySet<string> = new Set(['unknown', 'pending'])

/**
 * A node that has adopted a checkpoint has made what that does not contain anew, under other ids; and one that was removed
 * and came back has what the others had.
 */
async function firstGone<Missing extends { readonly write: AcknowledgedWrite }>(
  missing: readonly Missing[],
  nodes: HistoryNodes,
  options: Options,
): Promise<Missing | undefined> {
  const standings = new Map<string, Standing | undefined>()
  for (const each of missing) {
    const { node, contextId } = each.write
    const key = `${node} ${contextId}`
    if (!standings.has(key)) standings.set(key, await standingIn(nodes, node, contextId, options))
    const standing = standings.get(key)
    if (standing?.isMember === true && standing.isWhole) return each
  }
  return undefined
}

function standingIn(nodes: HistoryNodes, name: string, contextId: string, options: Options) {
  return nodes.ask(name, options, (node, request) => standingOf(node, contextId, request))
}

const HELP = 'no workflow can cause this: please report it, with the run directory and the data of the nodes'

function loss(write: AcknowledgedWrite, place: DeltaPlace): StepError {
  const which = `delta ${shortDelta(write.deltaId)} of context ${write.contextId} is ${place.state} there`
  const message = `${write.node} acknowledged a write and does not have it any more: ${which}`
  return new StepError('history', message, { node: write.node, help: HELP })
}

function divergence(contextId: string, seen: readonly Standing[]): StepError {
  const names = seen.map(({ node }) => node).join(', ')
  const message = `${names} hold the same history of context ${contextId} and do not have the same state`
  const perNode = seen.map(({ node, heads, hash }) => {
    return { node, facts: { heads: heads.join(',').slice(0, 40), state: hash } }
  })
  return new StepError('history', message, { perNode, help: HELP })
}
