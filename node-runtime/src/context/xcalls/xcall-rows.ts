// The rows of calls that a context has asked others for: in the order in which they were asked.
import { type Bytes, concat, u32be, u64be } from '../../base/bytes.ts'
import { type ContextId, idBytes } from '../../base/ids.ts'
import { keyOf } from '../../store/keys.ts'
import { rangeOf, type StoreOp, type StoreReader } from '../../store/store.ts'
import { decodeRow, encodeRow, type XCallRow } from '../../wire/records.ts'

export interface StoredXCall {
  readonly key: Bytes
  readonly row: XCallRow
}

/** `hlc` is of this node, and of no other call; `index` is its number among those that the same call has asked for. */
export function xcallKey(source: ContextId, hlc: bigint, index: number): Bytes {
  return keyOf('xcall', idBytes(source), u64be(hlc), u32be(index))
}

export function putXCall(key: Bytes, row: XCallRow): StoreOp {
  return { type: 'put', key, value: encodeRow(row) }
}

/** `after`: the key of the last that was read; absent: from the first. */
export async function xcallPage(
  store: StoreReader,
  source: ContextId,
  { after, limit }: { readonly after: Bytes | undefined; readonly limit: number },
): Promise<StoredXCall[]> {
  const page: StoredXCall[] = []
  const { gte, lt } = rangeOf(keyOf('xcall', idBytes(source)))
  const from = after === undefined ? gte : concat([after, Uint8Array.of(0)])
  for await (const [key, value] of store.entries({ gte: from, lt, limit })) {
    page.push({ key, row: decodeRow<XCallRow>('call to another context', value) })
  }
  return page
}

/** Reads none of them: one that cannot be read keeps its context from nothing. */
export async function countXCalls(store: StoreReader, source: ContextId): Promise<number> {
  let count = 0
  for await (const _ of store.entries(rangeOf(keyOf('xcall', idBytes(source))))) count += 1
  return count
}

/** Those that were tried in vain. */
export async function countTriedXCalls(store: StoreReader, source: ContextId): Promise<number> {
  let count = 0
  for await (const [, value] of store.entries(rangeOf(keyOf('xcall', idBytes(source))))) {
    if (decodeRow<XCallRow>('call to another context', value).attempts > 0) count += 1
  }
  return count
}
