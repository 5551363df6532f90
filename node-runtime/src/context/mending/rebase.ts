// Makes the state of a context anew from what this disk has: the state at the checkpoint, or at the base where nothing is pruned. It
// is written beside what is there, checked against the root that members or the creator have signed, and swapped in; all that is above is
// applied again when the rows are read next. Safe to be cut short anywhere.
import type { Bytes } from '../../base/bytes.ts'
import { idBytes } from '../../base/ids.ts'
import { StorageError } from '../../storage/errors.ts'
import { dropIncoming, stateGenerations, sweepGenerations } from '../../storage/generations.ts'
import { SnapshotWriter } from '../../storage/snapshot-writer.ts'
import { readStateMeta, stateMetaKey } from '../../storage/state-meta.ts'
import type { Store, StoreOp } from '../../store/store.ts'
import { ContextStore } from '../context-store.ts'
import { HeldIds } from '../held-ids.ts'
import { APPLY_BATCH_BYTES, BASE_BATCH_ENTRIES } from '../limits.ts'
import type { ContextRecord } from '../parts.ts'
import { entriesBeneath } from '../retention/snapshot-source.ts'

type Entries = AsyncIterable<readonly [Bytes, Bytes]>
type Rebased = Pick<ContextRecord, 'id' | 'baseRoot'>

/** For the batch that puts another state in the place of one that is damaged: nothing of what is stored is applied then. */
export function replacedOps(store: Store, { id }: Pick<Rebased, 'id'>, why: string): StoreOp[] {
  const rows = new ContextStore(store, id)
  return [rows.putDamage(why, true), new HeldIds(store, rows, id).redo()]
}

/** False: what is here is damaged as well. No receipt of the context may be under way. */
export async function rebase(store: Store, record: Rebased, why: string): Promise<boolean> {
  await forgetUnreadable(store, record)
  // Of an attempt that was cut short, too: the entries begin at the first one again.
  await dropIncoming(store, record.id)
  const rows = new ContextStore(store, record.id)
  const pruned = rows.checkpoint()
  const root = pruned?.certified.checkpoint.root ?? record.baseRoot
  const beneath = (await stateGenerations(store, record.id)).map(
    (generation) => () => entriesBeneath(store, record.id, { base: pruned?.base ?? 0, generation }),
  )
  for (const entries of pruned ? beneath : [() => rows.base(), ...beneath]) {
    const writer = await SnapshotWriter.open(store, record.id, idBytes(root))
    try {
      for await (const page of pagesOf(entries())) await writer.add(page)
      await store.batch([...writer.finish(root), ...replacedOps(store, record, why)])
    } catch (error) {
      await writer.abort()
      if (error instanceof StorageError) continue
      throw error
    }
    await sweepGenerations(store, record.id)
    return true
  }
  return false
}

/** Then nobody knows which generation it names: each of them may be the state. */
async function forgetUnreadable(store: Store, { id }: Rebased): Promise<void> {
  try {
    readStateMeta(store, id)
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    await store.batch([{ type: 'del', key: stateMetaKey(id) }])
  }
}

async function* pagesOf(entries: Entries): AsyncGenerator<(readonly [Bytes, Bytes])[]> {
  let page: (readonly [Bytes, Bytes])[] = []
  let bytes = 0
  for await (const entry of entries) {
    page.push(entry)
    bytes += entry[0].byteLength + entry[1].byteLength
    if (page.length < BASE_BATCH_ENTRIES && bytes < APPLY_BATCH_BYTES) continue
    yield page
    page = []
    bytes = 0
  }
  if (page.length > 0) yield page
}
