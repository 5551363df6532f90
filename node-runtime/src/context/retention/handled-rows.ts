// Deltas that have counted here and were given up for a peer's state. What stands for one of them brings the same events: its
// handlers do not run again, and nobody is shown it again (I3).
import { type ContextId, type DeltaId, idBytes, idFromBytes } from '../../base/ids.ts'
import type { Bound } from '../../reconcile/item-key.ts'
import { keyOf } from '../../store/keys.ts'
import { rangeOf, type StoreOp, type StoreReader } from '../../store/store.ts'

export function putHandled(contextId: ContextId, id: DeltaId): StoreOp {
  const key = keyOf('handled', idBytes(contextId), idBytes(id))
  return { type: 'put', key, value: new Uint8Array(0) }
}

/** `gone`: operations that remove those before `bound`, for which nothing is written again any more. */
export async function handledFrom(
  store: StoreReader,
  contextId: ContextId,
  bound: Bound,
): Promise<{ ids: DeltaId[]; gone: StoreOp[] }> {
  const prefix = keyOf('handled', idBytes(contextId))
  const ids: DeltaId[] = []
  const gone: StoreOp[] = []
  for await (const [key] of store.entries(rangeOf(prefix))) {
    const id = idFromBytes<DeltaId>(key.subarray(prefix.byteLength))
    if (id < bound) gone.push({ type: 'del', key })
    else ids.push(id)
  }
  return { ids, gone }
}
