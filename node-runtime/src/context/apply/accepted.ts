// What a context here has accepted from one account, as heads: the deltas of the account in their past are those that
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
  readonly written: ReadonlyMap<PublicKey, bigint>
  readonly checkpoint: () => Checkpoint | undefined
  readonly turns: Turns
}

/** In ascending order. Reads every delta that is not pruned, unless the account never wrote here. */
export async function acceptedFrom(account: AccountId, parts: AcceptedParts): Promise<DeltaId[]> {
  const { dag, written } = parts
  const keys = new Set([...written.keys()].filter((key) => accountOf(key) === account))
  if (keys.size === 0) return []
  const cover = coverOf(await appliedOf(keys, parts), keys, parts)
  const heads = dag.heads()
  // Their past has all of it, too.
  const chosen = heads.length < cover.length ? heads : cover
  // More than one operation can say are the work of an author who forked: what it wrote first is what others have had.
  return chosen.slice(0, PINNED_HEADS_MAX).sort()
}

async function appliedOf(keys: ReadonlySet<PublicKey>, { rows, turns }: AcceptedParts): Promise<Set<DeltaId>> {
  const applied = new Set<DeltaId>()
  for await (const { delta, status } of rows.deltas()) {
    await turns.spend(delta.sealed.byteLength)
    if (status === 'applied' && keys.has(delta.author)) applied.add(delta.id)
  }
  return applied
}

/** Those of `own` that no other of them builds on, and what is needed to reach those that are pruned; oldest first. */
function coverOf(
  own: ReadonlySet<DeltaId>,
  keys: ReadonlySet<PublicKey>,
  { dag, checkpoint }: AcceptedParts,
): DeltaId[] {
  const beneath = new Set<DeltaId>()
  const cover: DeltaId[] = []
  for (const { id, parents } of dag.inOrder().toReversed()) {
    const isBeneath = beneath.has(id)
    if (own.has(id) && !isBeneath) cover.push(id)
    if (own.has(id) || isBeneath) for (const parent of parents) beneath.add(parent)
  }
  const pruned = checkpoint()
  // All that is pruned is in the past of what is known of it.
  const hasPruned = pruned?.authors.some(({ author }) => keys.has(author)) ?? false
  const reached = hasPruned ? (pruned?.beneath ?? []).filter(({ id }) => !beneath.has(id)) : []
  return [...reached.map(({ id }) => id), ...cover.reverse()]
}
