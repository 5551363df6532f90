// The answering side of a reconciliation: it keeps nothing between frames. A probe says what the asker has in a range; an
// answer says how what is here differs.
import { type Bytes, equalBytes } from '../base/bytes.ts'
import { type Bound, behind, type ItemKey, type KeyRange, packKeys, START } from './item-key.ts'
import { ANSWER_VISITS_MAX, FANOUT, LIST_MAX } from './limits.ts'
import type { SetView } from './set-view.ts'

export interface Probe extends KeyRange {
  /** Of the asker's keys in the range; absent where it has none. */
  readonly fingerprint?: Bytes
}

export interface AnswerPart {
  /** The part begins where the one before it ends, the first one at the probe's `from`. */
  readonly to: Bound
  readonly count: number
  readonly fingerprint: Bytes
}

export type Answer =
  | { readonly t: 'same' }
  /** All keys of the range; 40 bytes each, ascending, maybe none. */
  | { readonly t: 'items'; readonly keys: Bytes }
  /** More keys than a list may have, where the asker has none: it lacks them all. */
  | { readonly t: 'all' }
  /** The range, cut into parts: ask about those that differ. */
  | { readonly t: 'parts'; readonly parts: readonly AnswerPart[] }
  /** Not looked at: too much for one frame. Ask again. */
  | { readonly t: 'later' }

export interface AnswerOptions {
  /** What is before it was pruned here, and is not compared. */
  readonly floor?: Bound
  readonly visitsMax?: number
}

/** One answer a probe, in their order. Looks at about `visitsMax` nodes at most; the first probe is always answered. */
export function answerProbes(view: SetView, probes: readonly Probe[], options: AnswerOptions = {}): Answer[] {
  const { floor = START, visitsMax = ANSWER_VISITS_MAX } = options
  return probes.map((probe, index) =>
    index > 0 && view.visits >= visitsMax ? { t: 'later' } : answerProbe(view, probe, floor),
  )
}

function answerProbe(view: SetView, probe: Probe, floor: Bound): Answer {
  // An asker that does not know the floor yet learns it with this answer, and asks again from there on.
  if (probe.from < floor) return { t: 'later' }
  const here = view.summary(probe)
  if (probe.fingerprint === undefined ? here.count === 0 : equalBytes(here.fingerprint, probe.fingerprint)) {
    return { t: 'same' }
  }
  if (here.count <= LIST_MAX) return { t: 'items', keys: packKeys(view.keys(probe, LIST_MAX)) }
  if (probe.fingerprint === undefined) return { t: 'all' }
  return { t: 'parts', parts: view.split(probe, FANOUT).map((part) => ({ to: part.to, ...view.summary(part) })) }
}

/** What is to be fetched: whole ranges or single items, in canonical order, so that parents come before children. */
export type Want = { readonly t: 'item'; readonly key: ItemKey } | ({ readonly t: 'range' } & KeyRange)

export interface FoundKeys {
  readonly keys: readonly ItemKey[]
  /** Not all of the wants were looked at: too much for one turn. */
  readonly isCut: boolean
}

/**
 * The keys that `wants` name and that are here, in order, the first `limit`. Looks at about `visitsMax` nodes at most, as what is
 * not here costs as much as what is; the first want is always looked at.
 */
export function keysOfWants(
  view: SetView,
  wants: readonly Want[],
  { limit, visitsMax = ANSWER_VISITS_MAX }: { readonly limit: number; readonly visitsMax?: number },
): FoundKeys {
  const keys: ItemKey[] = []
  for (const [index, want] of wants.entries()) {
    if (keys.length >= limit) break
    if (index > 0 && view.visits >= visitsMax) return { keys, isCut: true }
    if (want.t === 'range') keys.push(...view.keys(want, limit - keys.length))
    else if (view.has(want.key)) keys.push(want.key)
  }
  return { keys, isCut: false }
}

/** What is left of `wants` once everything up to `key` has come. */
export function wantsBehind(wants: readonly Want[], key: ItemKey): Want[] {
  return wants.flatMap((want): Want[] => {
    if (want.t === 'item') return want.key > key ? [want] : []
    if (want.to <= behind(key)) return []
    return [want.from > key ? want : { ...want, from: behind(key) }]
  })
}
