// Own deltas that a snapshot did not contain, to be written again: in canonical order of the first delta that each stands
// for, which is not itself where it was lost and written again before.
import { type Bytes, fromHex, toHex } from '../../base/bytes.ts'
import { type ContextId, type DeltaId, idBytes, idFromBytes, type PublicKey } from '../../base/ids.ts'
import { type ItemKey, idOfKey, itemKey } from '../../reconcile/item-key.ts'
import { keyOf } from '../../store/keys.ts'
import { rangeOf, type StoreOp, type StoreReader } from '../../store/store.ts'
import { type Delta, type DeltaPayload, decodeDelta, encodeDelta } from '../../wire/delta.ts'
import { decodeRow, encodeRow, type ReissueRow } from '../../wire/records.ts'
import { REWRITE_BEHIND_MAX } from '../limits.ts'

/** By author, the last of its deltas, by what that stands for. */
export type Reached = ReadonlyMap<PublicKey, ItemKey>

export interface Reissue {
  readonly origin: ItemKey
  readonly delta: Delta
  /** Of other members: what stands for these is written again first. */
  readonly behind: Reached
}

/** Where the first delta sorts that this one stands for. */
export function originOf(delta: Pick<Delta, 'hlc' | 'id'>, { rewrites }: Pick<DeltaPayload, 'rewrites'>): ItemKey {
  const { hlc, id } = rewrites ?? delta
  return itemKey(hlc, id)
}

export function positionOf(origin: ItemKey): Pick<Delta, 'hlc' | 'id'> {
  return { hlc: BigInt(`0x${origin.slice(0, -ID_DIGITS)}`), id: idOfKey<DeltaId>(origin) }
}

const ID_DIGITS = 64
/** How a message begins in CBOR: its tag and its body. */
const LIST_OF_TWO = 0x82

export function putReissue(contextId: ContextId, { origin, delta, behind }: Reissue): StoreOp {
  const last = [...behind].sort(([, a], [, b]) => (a < b ? 1 : -1)).slice(0, REWRITE_BEHIND_MAX)
  const places = last.map(([author, place]) => ({ author: idBytes(author), place: fromHex(place) }))
  const value = encodeRow({ v: 1, delta: encodeDelta(delta), behind: places })
  return { type: 'put', key: keyOf('reissue', idBytes(contextId), fromHex(origin)), value }
}

export function dropReissue(contextId: ContextId, origin: ItemKey): StoreOp {
  return { type: 'del', key: keyOf('reissue', idBytes(contextId), fromHex(origin)) }
}

export async function firstReissue(store: StoreReader, contextId: ContextId): Promise<Reissue | undefined> {
  const prefix = keyOf('reissue', idBytes(contextId))
  for await (const [key, value] of store.entries({ ...rangeOf(prefix), limit: 1 })) {
    const { delta, behind } = rowOf(value)
    const places = behind.map(({ author, place }) => [idFromBytes<PublicKey>(author), toHex(place)] as const)
    return { origin: toHex(key.subarray(prefix.byteLength)), delta: decodeDelta(delta), behind: new Map(places) }
  }
  return undefined
}

/** The first nodes kept no more than the encoded delta, a list where the row is a map: nothing is waited for then. */
function rowOf(value: Bytes): Pick<ReissueRow, 'delta' | 'behind'> {
  if (value[0] === LIST_OF_TWO) return { delta: value, behind: [] }
  return decodeRow<ReissueRow>('own delta to be written again', value)
}
