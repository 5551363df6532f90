// Own deltas that are lost under a checkpoint, to be written again: in canonical order of the first delta that each stands
// for, which is not itself where it was lost and written again before.
import type { Bytes } from '../../base/bytes.ts'
import { type ContextId, type DeltaId, idBytes, idFromBytes, type PublicKey } from '../../base/ids.ts'
import { keyOf } from '../../store/keys.ts'
import { rangeOf, type StoreOp, type StoreReader } from '../../store/store.ts'
import { type Delta, decodeDelta, encodeDelta } from '../../wire/delta.ts'
import { decodeRow, encodeRow, type ReissueRow } from '../../wire/records.ts'
import { REWRITE_BEHIND_MAX } from '../limits.ts'

/** By author, the last of its deltas, by what that stands for. */
export type Reached = ReadonlyMap<PublicKey, DeltaId>

export interface Reissue {
  readonly origin: DeltaId
  readonly delta: Delta
  /** Of other members: what stands for these is written again first. */
  readonly behind: Reached
}

/** The first delta that this one stands for: itself, where it stands for none. */
export function originOf({ id, rewrites }: Pick<Delta, 'id' | 'rewrites'>): DeltaId {
  return rewrites?.[0] ?? id
}

export function putReissue(contextId: ContextId, reissue: Reissue): StoreOp {
  const key = keyOf('reissue', idBytes(contextId), idBytes(reissue.origin))
  return { type: 'put', key, value: encodeRow(rowOf(reissue)) }
}

export function rowOf({ delta, behind }: Omit<Reissue, 'origin'>): ReissueRow {
  const last = [...behind].sort(([, a], [, b]) => (a < b ? 1 : -1)).slice(0, REWRITE_BEHIND_MAX)
  const places = last.map(([author, place]) => ({ author: idBytes(author), place: idBytes(place) }))
  return { v: 1, delta: encodeDelta(delta), behind: places }
}

export function reissueOf(value: Bytes): Reissue {
  const row = decodeRow<ReissueRow>('own delta to be written again', value)
  const delta = decodeDelta(row.delta)
  const behind = row.behind.map(
    ({ author, place }) => [idFromBytes<PublicKey>(author), idFromBytes<DeltaId>(place)] as const,
  )
  return { origin: originOf(delta), delta, behind: new Map(behind) }
}

export function dropReissue(contextId: ContextId, origin: DeltaId): StoreOp {
  return { type: 'del', key: keyOf('reissue', idBytes(contextId), idBytes(origin)) }
}

export async function firstReissue(store: StoreReader, contextId: ContextId): Promise<Reissue | undefined> {
  const prefix = keyOf('reissue', idBytes(contextId))
  for await (const [, value] of store.entries({ ...rangeOf(prefix), limit: 1 })) return reissueOf(value)
  return undefined
}
