// What of our own is kept when it goes with history, and what of that is to be written again under another's checkpoint.
import type { DeltaId, PublicKey } from '../../base/ids.ts'
import type { StoreOp, StoreReader } from '../../store/store.ts'
import type { Checkpoint } from '../../wire/checkpoint.ts'
import type { ContextRecord } from '../parts.ts'
import { stands } from './checkpoint.ts'
import { putHandled } from './handled-rows.ts'
import { dropKept, keptRows, putKept } from './kept-rows.ts'
import { type Lost, type LostParts, reissuesOf } from './lost.ts'
import type { Reached, Reissue } from './reissue-rows.ts'

interface KeptParts extends LostParts {
  readonly record: Pick<ContextRecord, 'id'>
}

/** For `going`, in canonical order, which is in `checkpoint` and goes from here: rows to be there before it has gone. */
export async function keep(
  going: readonly Lost[],
  checkpoint: Pick<Checkpoint, 'recent'>,
  parts: KeptParts,
): Promise<StoreOp[]> {
  const own = await reissuesOf(going, parts)
  const counting = new Set(checkpoint.recent.counting)
  return own.filter(({ delta }) => counting.has(delta.id)).map((each) => putKept(parts.record.id, each))
}

/** `ops`: what is written again is kept no more. */
export async function keptAndLost(
  checkpoint: Checkpoint,
  { store, record }: { readonly store: StoreReader; readonly record: Pick<ContextRecord, 'id'> },
): Promise<{ again: Reissue[]; ops: StoreOp[] }> {
  const again: Reissue[] = []
  const ops: StoreOp[] = []
  for await (const { origin, delta, behind } of keptRows(store, record.id)) {
    if (delta.id > checkpoint.last || stands(checkpoint, delta)) continue
    ops.push(dropKept(record.id, delta.id))
    const left = [...behind].filter(([author, place]) => (checkpoint.authors[author] ?? '') < place)
    again.push({ origin, delta, behind: new Map(left) })
  }
  return { again, ops }
}

/** Of others, what was pruned here under `before` and is not in `checkpoint`: the last of each. */
export function lostBeneath(before: Checkpoint | undefined, checkpoint: Checkpoint, own: PublicKey): Reached {
  const lost = Object.entries(before?.authors ?? {}) as [PublicKey, DeltaId][]
  return new Map(lost.filter(([author, id]) => author !== own && !stands(checkpoint, { id, author })))
}

interface Before {
  readonly checkpoint: Checkpoint | undefined
  readonly unseen: readonly DeltaId[]
  /** Of what is not pruned: it has counted here. */
  readonly handled: ReadonlySet<DeltaId>
}

/**
 * `unseen`: of what `checkpoint` names as counting, what never counted here. `notes`: what was pruned here, has counted, and
 * is not known to be in it: it may come back as another.
 */
export function countedBefore(
  checkpoint: Checkpoint,
  { checkpoint: before, unseen, handled }: Before,
  { id: contextId }: Pick<ContextRecord, 'id'>,
): { unseen: DeltaId[]; notes: StoreOp[] } {
  const missed = new Set(unseen)
  const pruned = new Set(before?.recent.counting.filter((id) => !missed.has(id)))
  const counting = new Set(checkpoint.recent.counting)
  // Of what is older than it names nobody can say whether it is in it. Where it is, nothing comes to stand for it.
  const gone = [...pruned].filter((id) => !counting.has(id))
  return {
    unseen: checkpoint.recent.counting.filter((id) => !pruned.has(id) && !handled.has(id)),
    notes: gone.map((id) => putHandled(contextId, id)),
  }
}
