// All that was called in a run with collections, and which of it counts: what the checks of the collections read.
import type { DeltaId } from '../../../src/base/ids.ts'
import type { Causality } from '../../record/causality.ts'
import type { Facts } from '../../record/facts.ts'
import { isWithoutEffect, mayBeHere, type Write, type Written } from './cells.ts'

export interface Called {
  readonly facts: Facts
  readonly causality: Causality
  /** What is known to be void is among them. */
  readonly all: readonly Written[]
  /** Counts, as far as anyone knows, and did something, as far as it was answered. */
  readonly counts: (write: Written) => boolean
  /** It may stand on something that counted for its author then and does no more. */
  readonly isOnVoid: (write: Written) => boolean
  /** Of the delta that counts for it; undefined: nobody knows it. */
  readonly hlcOf: (write: Written) => bigint | undefined
}

export interface Calls {
  readonly all: readonly Written[]
  readonly counting: ReadonlySet<Written>
  readonly causality: Causality
}

export function calledIn(facts: Facts, { all, counting, causality }: Calls): Called {
  const { deltas, everything, history, reissued } = facts
  const hlcs = new Map(deltas.map(({ delta }) => [delta.id, delta.hlc]))
  // Void, or lost with a state that another took the place of. What was written again is as it was.
  const lost = everything.map(({ id }) => id).filter((id) => !hlcs.has(id) && !reissued.has(id))
  const seen = new Map<string, readonly DeltaId[]>()
  const seenBy = (name: string): readonly DeltaId[] => {
    const known = seen.get(name)
    if (known) return known
    // Of a state that was taken nobody says here what was in it.
    const isWhole = !history.adoptions.has(name)
    const found = isWhole ? lost.filter((id) => history.applied.get(name)?.has(id) ?? false) : lost
    seen.set(name, found)
    return found
  }
  return {
    facts,
    causality,
    all,
    counts: (write) => counting.has(write) && !isWithoutEffect(write) && mayBeHere(write.deltaId, causality),
    isOnVoid: ({ deltaId, operation }) =>
      deltaId !== undefined && seenBy(operation.node).some((id) => causality.includes(deltaId, id)),
    hlcOf: ({ deltaId }) => (deltaId === undefined ? undefined : hlcs.get(reissued.get(deltaId) ?? deltaId)),
  }
}

/** Of methods that write a value, or take one away. */
export function cellOf(writes: readonly Written[], removing: string): Write[] {
  return writes.map((attempt): Write => {
    const { method, args } = attempt.operation
    const value = method === removing ? null : (args.value ?? '')
    // What answers has said that it did something.
    return { attempt, value, sure: attempt.outcome === 'acknowledged' }
  })
}
