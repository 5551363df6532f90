// Whether nodes still have what they acknowledged. What is not found is either gone, or cannot be told: then it is counted with the reason, so that a check which looked at nothing does not pass for one that found everything.
import type { StepClock } from '../../steps/step-clock.ts'
import { type DeltaPlace, deltaPlace } from '../../steps/sync/delta-place.ts'
import { HISTORY_LOOKS, HISTORY_PAUSE_MS } from '../limits.ts'
import type { HistoryFindings, UntoldWrites } from './findings.ts'
import { type Answer, type HistoryNodes, type Silence, toldOf } from './history-nodes.ts'
import { type Standing, standingOf } from './standing.ts'
import type { AcknowledgedWrite, WriteHistory } from './write-history.ts'

type Options = { readonly signal: AbortSignal }

/** `gone`: it has to be there. `lost`: with the whole context, for which there may be reasons that a run does not see. */
type Verdict =
  | { readonly is: 'held' }
  | { readonly is: 'voided'; readonly write: AcknowledgedWrite }
  | { readonly is: 'gone'; readonly write: AcknowledgedWrite; readonly place: DeltaPlace }
  | { readonly is: 'lost' | 'untold'; readonly write: AcknowledgedWrite; readonly why: string }

const UNTOLD: Readonly<Record<Silence, string>> = {
  stopped: 'it is stopped',
  paused: 'it is held still',
  unreachable: 'it does not answer',
  stateless: 'it does not have the state of the context any more',
  outside: 'it has left the context, or is no member of the group any more',
  mute: 'it does not tell',
  absent: 'it does not know the context any more',
}

export async function lookForWrites(
  history: WriteHistory,
  nodes: HistoryNodes,
  { clock, signal }: { readonly clock: StepClock } & Options,
): Promise<Pick<HistoryFindings, 'writes' | 'voided' | 'gone' | 'notLookedFor'>> {
  const settled: Verdict[] = []
  let writes = history.kept
  for (let looks = 1; ; looks += 1) {
    const verdicts = await verdictsOf(writes, nodes, { signal, mayBeDeleted: history.hasGivenUp })
    const open = verdicts.flatMap((each) => (each.is === 'gone' || each.is === 'lost' ? [each] : []))
    settled.push(...verdicts.filter(({ is }) => is !== 'gone' && is !== 'lost'))
    if (open.length > 0 && looks < HISTORY_LOOKS) {
      writes = open.map(({ write }) => write)
      await clock.sleep(HISTORY_PAUSE_MS, signal)
      continue
    }
    const gone = open.flatMap((each) => (each.is === 'gone' ? [{ ...each.write, state: each.place.state }] : []))
    const held = settled.filter(({ is }) => is === 'held').length
    const voided = settled.flatMap((each) => (each.is === 'voided' ? [each.write] : []))
    return { writes: held, voided, gone, notLookedFor: [...untoldOf([...settled, ...open]), ...givenUp(history)] }
  }
}

async function verdictsOf(
  writes: readonly AcknowledgedWrite[],
  nodes: HistoryNodes,
  { mayBeDeleted, ...options }: Options & { readonly mayBeDeleted: boolean },
): Promise<Verdict[]> {
  const standings = new Map<string, Answer<Standing>>()
  const verdicts: Verdict[] = []
  for (const write of writes) {
    const { node, contextId, deltaId } = write
    const place = await nodes.ask(node, options, (handle, request) => deltaPlace(handle, contextId, deltaId, request))
    const state = toldOf(place)?.state
    if (state === 'applied' || state === 'voided') {
      verdicts.push(state === 'applied' ? { is: 'held' } : { is: 'voided', write })
      continue
    }
    const key = `${node} ${contextId}`
    const standing =
      standings.get(key) ??
      (await nodes.ask(node, options, (handle, request) => standingOf(handle, contextId, request)))
    standings.set(key, standing)
    const verdict = verdictOf(write, place, standing)
    const isDeleted = verdict.is === 'lost' && mayBeDeleted && !(await isKnown(contextId, nodes, options))
    verdicts.push(isDeleted ? { is: 'untold', write, why: 'no node knows the context any more' } : verdict)
  }
  return verdicts
}

/** To any node. */
async function isKnown(contextId: string, nodes: HistoryNodes, options: Options): Promise<boolean> {
  for (const name of nodes.names) {
    const answer = await nodes.ask(name, options, (handle, request) => standingOf(handle, contextId, request))
    if ('told' in answer) return true
  }
  return false
}

/** `pruned` and `refused` are not told of what was applied only; `parked` waits for what governance or an application brings. */
const MISSING: ReadonlySet<string> = new Set(['unknown', 'pending'])

function verdictOf(write: AcknowledgedWrite, place: Answer<DeltaPlace>, standing: Answer<Standing>): Verdict {
  if ('silence' in standing) {
    const { silence } = standing
    const isLost = silence === 'absent' || silence === 'stateless'
    return { is: isLost ? 'lost' : 'untold', write, why: UNTOLD[silence] }
  }
  if ('silence' in place) return { is: 'untold', write, why: UNTOLD[place.silence] }
  if (!MISSING.has(place.told.state)) return { is: 'untold', write, why: `there it is ${place.told.state}` }
  const { isMember, checkpoint, isWhole, hash } = standing.told
  if (hash === '') return { is: 'lost', write, why: UNTOLD.stateless }
  if (isMember && isWhole) return { is: 'gone', write, place: place.told }
  // One that was removed and came back has what the others had; one that has adopted a checkpoint has made what that does not
  // contain anew, under other ids.
  if (!isMember) return { is: 'untold', write, why: 'it is no member of the group any more' }
  const why = checkpoint === undefined ? 'somebody was removed from the context' : 'it stands on a checkpoint'
  return { is: 'untold', write, why }
}

function untoldOf(verdicts: readonly Verdict[]): UntoldWrites[] {
  const rows = new Map<string, UntoldWrites>()
  for (const verdict of verdicts) {
    if (verdict.is !== 'untold' && verdict.is !== 'lost') continue
    const { why } = verdict
    const { node } = verdict.write
    const writes = (rows.get(`${node} ${why}`)?.writes ?? 0) + 1
    rows.set(`${node} ${why}`, { node, writes, why, ...(verdict.is === 'lost' && { isFinding: true }) })
  }
  return [...rows.values()]
}

function givenUp(history: WriteHistory): UntoldWrites[] {
  return [...history.forgotten].map(([node, writes]) => ({ node, writes, why: 'a step made it give them up' }))
}
