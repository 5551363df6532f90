// The root object of an application that keeps its own state, as Calimero's storage layer lays it out: a migration returns the
// new one, and the host puts it where the old one was. The record beside it has the hash of the entry; both are found by
// what they contain, so it does not matter how the rest of that record looks in this version of the layer.
import { type Bytes, concat } from '../../base/bytes.ts'
import { sha256 } from '../../base/hash.ts'
import type { StateChange, StateView } from '../../storage/state-view.ts'

const ID_BYTES = 32
const ROOT_ID = new Uint8Array(ID_BYTES).fill(0x76)
const INDEX = Uint8Array.of(0)
const ENTRY = Uint8Array.of(1)

export const ROOT_ENTRY_KEY: Bytes = sha256(concat([ENTRY, ROOT_ID]))

/** `root`: without the id that ends it. `contextId`: 32 bytes. */
export function rootChanges(state: StateView, root: Bytes, contextId: Bytes): StateChange[] {
  const before = state.get(ROOT_ENTRY_KEY)
  const value = concat([root, ROOT_ID])
  const changes: StateChange[] = [{ key: ROOT_ENTRY_KEY, value }]
  if (before === undefined) return changes
  const [own, next] = [sha256(before), sha256(value)]
  const hashes = [
    [own, next],
    [sha256(own), sha256(next)],
  ] as const
  // Its own record, and that of what it is the child of.
  for (const id of [ROOT_ID, contextId]) {
    const key = sha256(concat([INDEX, id]))
    const record = state.get(key)
    const changed = record && hashes.reduce((bytes, [from, to]) => replaced(bytes, from, to), record)
    if (changed !== undefined && changed !== record) changes.push({ key, value: changed })
  }
  return changes
}

/** The same bytes where `from` is not in them. */
function replaced(bytes: Bytes, from: Bytes, to: Bytes): Bytes {
  const place = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(from)
  if (place === -1) return bytes
  const out = new Uint8Array(bytes)
  out.set(to, place)
  return out
}
