// What a context here has accepted from an account, or several, as heads: their deltas in the past of these are those that
// count here, or are taken down to be applied again. A member's own deltas chain, so they are few, whatever the others have written.
// Only the rows tell all of it: after a start the graph may still lack what was taken down.
import type { AccountId, DeltaId, PublicKey } from '../../base/ids.ts'
import { accountOf } from '../../base/keys.ts'
import type { Checkpoint } from '../../wire/checkpoint.ts'
import type { Delta } from '../../wire/delta.ts'
import { PINNED_HEADS_MAX } from '../../wire/limits.ts'
import type { ContextStore } from '../context-store.ts'
import type { Turns } from '../turns.ts'

export interface AcceptedParts {
  readonly rows: Pick<ContextStore, 'deltas'>
  readonly checkpoint: () => Checkpoint | undefined
  readonly turns: Turns
}

interface Stored extends Pick<Delta, 'id' | 'parents'> {
  readonly isAccepted: boolean
}

/** In ascending order. Reads every delta that is not pruned. */
export async function acceptedFrom(isFrom: (account: AccountId) => boolean, parts: AcceptedParts): Promise<DeltaId[]> {
  const isOf = memoized((key) => isFrom(accountOf(key)))
  const pruned = parts.checkpoint()
  const stored = await storedIn(isOf, pruned?.last ?? '', parts)
  const hasPruned = Object.keys(pruned?.authors ?? {}).some((key) => isOf(key as PublicKey))
  if (!hasPruned && !stored.some(({ isAccepted }) => isAccepted)) return []
  const cover = coverOf(stored, hasPruned ? (pruned?.heads ?? []) : [])
  const heads = headsOf(stored, pruned?.heads ?? [])
  // Their past has all of it, too.
  const chosen = heads.length < cover.length ? heads : cover
  // More than one operation can say are the work of an author who forked: what it wrote first is what others have had.
  return chosen.slice(0, PINNED_HEADS_MAX).sort()
}

/** What sorts after `last` and does not wait for parents, in canonical order. */
async function storedIn(
  isOf: (key: PublicKey) => boolean,
  last: string,
  { rows, turns }: AcceptedParts,
): Promise<Stored[]> {
  const stored: Stored[] = []
  for await (const { delta, status } of rows.deltas()) {
    await turns.spend(delta.sealed.byteLength)
    const { id, parents, author } = delta
    const counts = status === 'applied' || status === 'again'
    if (status !== 'pending' && id > last) stored.push({ id, parents, isAccepted: counts && isOf(author) })
  }
  return stored
}

/** Those accepted that no other of them builds on, and what is needed to reach those that are pruned; oldest first. */
function coverOf(stored: readonly Stored[], pruned: readonly DeltaId[]): DeltaId[] {
  const beneath = new Set<DeltaId>()
  const cover: DeltaId[] = []
  for (const { id, parents, isAccepted } of stored.toReversed()) {
    const isBeneath = beneath.has(id)
    if (isAccepted && !isBeneath) cover.push(id)
    if (isAccepted || isBeneath) for (const parent of parents) beneath.add(parent)
  }
  // All that is pruned is in the past of its heads.
  return [...pruned.filter((id) => !beneath.has(id)), ...cover.reverse()]
}

/** As the graph has them once it is whole. */
function headsOf(stored: readonly Stored[], pruned: readonly DeltaId[]): DeltaId[] {
  const heads = new Set(pruned)
  for (const { id, parents } of stored) {
    for (const parent of parents) heads.delete(parent)
    heads.add(id)
  }
  return [...heads].sort()
}

/** Hashing a key once is enough. */
function memoized(ask: (key: PublicKey) => boolean): (key: PublicKey) => boolean {
  const known = new Map<PublicKey, boolean>()
  return (key) => {
    const answer = known.get(key) ?? ask(key)
    known.set(key, answer)
    return answer
  }
}
