// Brings the base of a context here, entry by entry, from wherever an earlier attempt has come to.
import { type Bytes, compareBytes } from '../base/bytes.ts'
import type { SnapshotWriter } from '../storage/snapshot-writer.ts'
import type { Store } from '../store/store.ts'
import type { ContextStore } from './context-store.ts'
import { BASE_BATCH_ENTRIES } from './limits.ts'

export interface BaseCopyParts {
  readonly store: Pick<Store, 'batch'>
  readonly rows: Pick<ContextStore, 'putBase'>
  readonly writer: SnapshotWriter
}

/** `entries` are all of them, in the order of their keys. */
export async function copyBase(
  entries: AsyncIterable<readonly [Bytes, Bytes]>,
  { store, rows, writer }: BaseCopyParts,
): Promise<void> {
  let page: (readonly [Bytes, Bytes])[] = []
  const flush = async () => {
    // The copy for others first: the writer's position must never be ahead of it.
    await store.batch(page.map(([key, value]) => rows.putBase(key, value)))
    await writer.add(page)
    page = []
  }
  for await (const entry of entries) {
    if (writer.after !== undefined && compareBytes(entry[0], writer.after) <= 0) continue
    page.push(entry)
    if (page.length >= BASE_BATCH_ENTRIES) await flush()
  }
  await flush()
}
