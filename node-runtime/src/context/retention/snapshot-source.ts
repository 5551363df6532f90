// The state at the checkpoint, to be served: the state as it is, overlaid with what the undo records above the
// checkpoint put back. All of it is read from one snapshot of the store, whatever is applied meanwhile.
import { type Bytes, compareBytes, equalBytes, toHex } from '../../base/bytes.ts'
import { type ContextId, idBase58 } from '../../base/ids.ts'
import { stateEntries } from '../../storage/context-state.ts'
import { readStateMeta } from '../../storage/state-meta.ts'
import type { StateChange } from '../../storage/state-view.ts'
import { decodeUndo } from '../../storage/undo.ts'
import type { Store, StoreReader } from '../../store/store.ts'
import { checkpointHash } from '../../wire/checkpoint.ts'
import { ContextStore } from '../context-store.ts'
import { ContextError } from '../errors.ts'

export interface Served {
  readonly store: Store
  readonly contextId: ContextId
  /** Hash of the checkpoint. */
  readonly checkpoint: Bytes
  /** Only entries behind this key. */
  readonly after: Bytes | undefined
}

/** Entries in key order. Throws CONTEXT_BUSY when history has been pruned further meanwhile. */
export async function* checkpointEntries(served: Served): AsyncGenerator<readonly [Bytes, Bytes]> {
  const { contextId, after } = served
  const snapshot = served.store.snapshot()
  try {
    const rows = new ContextStore(snapshot, contextId)
    const pruned = rows.checkpoint()
    if (!pruned || !equalBytes(checkpointHash(pruned.certified.checkpoint), served.checkpoint)) {
      throw new ContextError('CONTEXT_BUSY', `context ${idBase58(contextId)} is not pruned there any more; ask again`)
    }
    const { generation } = readStateMeta(snapshot, contextId)
    yield* entriesBeneath(snapshot, contextId, { base: pruned.base, generation, after })
  } finally {
    await snapshot.close()
  }
}

/** What a generation of the state is beneath the undo records from `base` on, as far as they and it are whole. Throws StorageError. */
export async function* entriesBeneath(
  reader: StoreReader,
  contextId: ContextId,
  {
    base,
    generation,
    after,
  }: { readonly base: number; readonly generation: number; readonly after?: Bytes | undefined },
): AsyncGenerator<readonly [Bytes, Bytes]> {
  const overlay = await changesBack(new ContextStore(reader, contextId), base)
  const above = after === undefined ? overlay : overlay.filter(({ key }) => compareBytes(key, after) > 0)
  yield* overlaid(stateEntries(reader, contextId, generation, after), above)
}

/** In key order. The oldest record of a key says what it was; memory is that of the keys changed since the checkpoint. */
async function changesBack(rows: ContextStore, base: number): Promise<StateChange[]> {
  const changes = new Map<string, StateChange>()
  for await (const { undo } of rows.undosDownTo(base)) {
    for (const change of decodeUndo(undo).previous) changes.set(toHex(change.key), change)
  }
  return [...changes.values()].sort((a, b) => compareBytes(a.key, b.key))
}

async function* overlaid(
  entries: AsyncIterable<[Bytes, Bytes]>,
  changes: readonly StateChange[],
): AsyncGenerator<readonly [Bytes, Bytes]> {
  let at = 0
  for await (const entry of entries) {
    let hidden = false
    for (let next = changes[at]; next !== undefined && compareBytes(next.key, entry[0]) <= 0; next = changes[at]) {
      if (next.value !== null) yield [next.key, next.value]
      hidden = compareBytes(next.key, entry[0]) === 0
      at += 1
    }
    if (!hidden) yield entry
  }
  for (const { key, value } of changes.slice(at)) if (value !== null) yield [key, value]
}
