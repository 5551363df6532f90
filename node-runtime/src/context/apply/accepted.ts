// What a context here has accepted from an account, or several, as heads: their deltas in the past of these are those that
// count here. A member's own deltas chain, so they are few, whatever the others have written.
import type { AccountId, DeltaId, PublicKey } from '../../base/ids.ts'
import { accountOf } from '../../base/keys.ts'
import type { Dag } from '../../dag/dag.ts'
import type { Checkpoint } from '../../wire/checkpoint.ts'
import { PINNED_HEADS_MAX } from '../../wire/limits.ts'
import type { ContextStore } from '../context-store.ts'
import type { Turns } from '../turns.ts'

export interface AcceptedParts {
  readonly rows: Pick<ContextStore, 'deltas'>
  readonly dag: Pick<Dag, 'inOrder' | 'heads'>
  readonly checkpoint: () => Checkpoint | undefined
  readonly turns: Turns
}

/** In ascending order. Reads every delta that is not pruned. */
export async function acceptedFrom(isFrom: (account: AccountId) => boolean, parts: AcceptedParts): Promise<DeltaId[]> {
  const isOf = memoized((key) => isFrom(accountOf(key)))
  const own = await appliedOf(isOf, parts)
  const pruned = parts.checkpoint()
  const hasPruned = Object.keys(pruned?.authors ?? {}).some((key) => isOf(key as PublicKey))
  if (own.size === 0 && !hasPruned) return []
  const cover = coverOf(own, hasPruned ? (pruned?.heads ?? []) : [], parts)
  const heads = parts.dag.heads()
  // Their past has all of it, too.
  const chosen = heads.length < cover.length ? heads : cover
  // More than one operation can say are the work of an author who forked: what it wrote first is what others have had.
  return chosen.slice(0, PINNED_HEADS_MAX).sort()
}

async function appliedOf(isOf: (key: PublicKey) => boolean, { rows, turns }: AcceptedParts): Promise<Set<DeltaId>> {
  const applied = new Set<DeltaId>()
  for await (const { delta, status } of rows.deltas()) {
    await turns.spend(delta.sealed.byteLength)
    if (status === 'applied' && isOf(delta.author)) applied.add(delta.id)
  }
  return applied
}

/** Those of `own` that no other of them builds on, and what is needed to reach those that are pruned; oldest first. */
function coverOf(
  own: ReadonlySet<DeltaId>,
  pruned: readonly DeltaId[],
  { dag }: Pick<AcceptedParts, 'dag'>,
): DeltaId[] {
  const beneath = new Set<DeltaId>()
  const cover: DeltaId[] = []
  for (const { id, parents } of dag.inOrder().toReversed()) {
    const isBeneath = beneath.has(id)
    if (own.has(id) && !isBeneath) cover.push(id)
    if (own.has(id) || isBeneath) for (const parent of parents) beneath.add(parent)
  }
  // All that is pruned is in the past of its heads.
  return [...pruned.filter((id) => !beneath.has(id)), ...cover.reverse()]
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
