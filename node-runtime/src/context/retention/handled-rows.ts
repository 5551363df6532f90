// Deltas that have counted here and count no more where they went: given up for a peer's state, or pruned without effect.
// What stands for one of them brings the same events: its handlers do not run again, and nobody is shown it again (I3).
import { type ContextId, type DeltaId, idBytes, idFromBytes } from '../../base/ids.ts'
import { keyOf } from '../../store/keys.ts'
import { rangeOf, type StoreOp, type StoreReader } from '../../store/store.ts'

export function putHandled(contextId: ContextId, id: DeltaId): StoreOp {
  const key = keyOf('handled', idBytes(contextId), idBytes(id))
  return { type: 'put', key, value: new Uint8Array(0) }
}

/** The newest. `gone`: operations that remove the others. */
export async function handledFrom(
  store: StoreReader,
  contextId: ContextId,
  max: number,
): Promise<{ ids: DeltaId[]; gone: StoreOp[] }> {
  const prefix = keyOf('handled', idBytes(contextId))
  const ids: DeltaId[] = []
  const gone: StoreOp[] = []
  for await (const [key] of store.entries({ ...rangeOf(prefix), reverse: true })) {
    if (ids.length < max) ids.push(idFromBytes<DeltaId>(key.subarray(prefix.byteLength)))
    else gone.push({ type: 'del', key })
  }
  return { ids, gone }
}
