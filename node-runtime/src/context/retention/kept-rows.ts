// Own deltas that are pruned here, for as long as the checkpoint names them: it may turn out that a greater one, certified at
// the same time, does not contain them, and then they are written again. As they would be: with what of others' they knew.
import { type ContextId, type DeltaId, idBytes, idFromBytes } from '../../base/ids.ts'
import type { Bound } from '../../reconcile/item-key.ts'
import { keyOf } from '../../store/keys.ts'
import { rangeOf, type StoreOp, type StoreReader } from '../../store/store.ts'
import { encodeRow } from '../../wire/records.ts'
import { type Reissue, reissueOf, rowOf } from './reissue-rows.ts'

export function putKept(contextId: ContextId, kept: Reissue): StoreOp {
  return { type: 'put', key: keyOf('kept', idBytes(contextId), idBytes(kept.delta.id)), value: encodeRow(rowOf(kept)) }
}

export function dropKept(contextId: ContextId, id: DeltaId): StoreOp {
  return { type: 'del', key: keyOf('kept', idBytes(contextId), idBytes(id)) }
}

/** In canonical order. */
export async function* keptRows(store: StoreReader, contextId: ContextId): AsyncGenerator<Reissue> {
  for await (const [, value] of store.entries(rangeOf(keyOf('kept', idBytes(contextId))))) yield reissueOf(value)
}

/** What removes those before `bound`. */
export async function* dropKeptBefore(store: StoreReader, contextId: ContextId, bound: Bound): AsyncGenerator<StoreOp> {
  const prefix = keyOf('kept', idBytes(contextId))
  for await (const [key] of store.entries(rangeOf(prefix))) {
    if (idFromBytes<DeltaId>(key.subarray(prefix.byteLength)) >= bound) return
    yield { type: 'del', key }
  }
}
