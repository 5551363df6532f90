// Which contexts have rows of a kind, without reading all of them: from the first row of one to the first of the next.
import { type ContextId, ID_LENGTH, idBytes, idFromBytes } from '../base/ids.ts'
import { type KeyKind, keyOf } from '../store/keys.ts'
import { rangeOf, type StoreReader } from '../store/store.ts'

export async function* contextsWith(store: StoreReader, kind: KeyKind): AsyncGenerator<ContextId> {
  const start = keyOf(kind).byteLength
  let { gte, lt } = rangeOf(keyOf(kind))
  for (;;) {
    let found: ContextId | undefined
    for await (const [key] of store.entries({ gte, lt, limit: 1 })) {
      found = idFromBytes<ContextId>(key.subarray(start, start + ID_LENGTH))
    }
    if (found === undefined) return
    yield found
    gte = rangeOf(keyOf(kind, idBytes(found))).lt
  }
}

export async function countRows(
  store: StoreReader,
  prefix: Uint8Array,
): Promise<{ readonly rows: number; readonly bytes: number }> {
  let [rows, bytes] = [0, 0]
  for await (const [key, value] of store.entries(rangeOf(prefix))) {
    rows += 1
    bytes += key.byteLength + value.byteLength
  }
  return { rows, bytes }
}
