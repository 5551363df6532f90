// Reading and changing a context's state, as seen by those who run guests and merge deltas.
import type { Bytes } from '../base/bytes.ts'

/** null deletes the key. */
export interface StateChange {
  readonly key: Bytes
  readonly value: Bytes | null
}

export interface StateView {
  get(key: Bytes): Bytes | undefined
}

/** What `apply` replaced: applying `previous` restores state and root exactly. */
export interface UndoRecord {
  readonly previous: readonly StateChange[]
}
