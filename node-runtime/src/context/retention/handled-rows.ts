// Deltas that have counted here and were given up for a peer's state. One may come back by its id, from a member that
// takes it as it is: then its handlers do not run again, and nobody is shown it again (I3).
import { fromHex, toHex } from '../../base/bytes.ts'
import { type ContextId, type DeltaId, idBytes } from '../../base/ids.ts'
import { type Bound, idOfKey, itemKey } from '../../reconcile/item-key.ts'
import { keyOf } from '../../store/keys.ts'
import { rangeOf, type StoreOp, type StoreReader } from '../../store/store.ts'

export function putHandled(contextId: ContextId, { hlc, id }: { readonly hlc: bigint; readonly id: DeltaId }): StoreOp {
  const key = keyOf('handled', idBytes(contextId), fromHex(itemKey(hlc, id)))
  return { type: 'put', key, value: new Uint8Array(0) }
}

/** `gone`: operations that remove those that can come back no more, since all before `bound` is pruned. */
export async function handledFrom(
  store: StoreReader,
  contextId: ContextId,
  bound: Bound,
): Promise<{ ids: DeltaId[]; gone: StoreOp[] }> {
  const prefix = keyOf('handled', idBytes(contextId))
  const ids: DeltaId[] = []
  const gone: StoreOp[] = []
  for await (const [key] of store.entries(rangeOf(prefix))) {
    const item = toHex(key.subarray(prefix.byteLength))
    if (item < bound) gone.push({ type: 'del', key })
    else ids.push(idOfKey<DeltaId>(item))
  }
  return { ids, gone }
}
