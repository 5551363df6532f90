// What the CRDTs read and write: a byte map, in practice the overlay of a call or a state transaction.
import type { Bytes } from '../base/bytes.ts'

export interface CrdtState {
  get(key: Bytes): Bytes | undefined
  /** null deletes. The bytes are not changed after the call. */
  set(key: Bytes, value: Bytes | null): void
}
