// Rows of a kind one after the other, also where some of them are damaged: what they are is the concern of `check`.
import type { Bytes } from '../base/bytes.ts'
import { rangeOf, type StoreReader } from '../store/store.ts'
import { type Delta, decodeDelta } from '../wire/delta.ts'
import { type DeltaRow, decodeRow, type ParkedRow } from '../wire/records.ts'

/** What damaged rows are counted as. */
export const UNREADABLE = 'unreadable'

/** Undefined for each that does not decode. */
export async function* readable<T>(
  store: StoreReader,
  prefix: Bytes,
  decode: (value: Bytes) => T,
): AsyncGenerator<T | undefined> {
  for await (const [, value] of store.entries(rangeOf(prefix))) yield attempt(() => decode(value))
}

export async function* onlyRead<T>(rows: AsyncIterable<T | undefined>): AsyncGenerator<T> {
  for await (const row of rows) if (row !== undefined) yield row
}

export function storedDelta(value: Bytes): { readonly delta: Delta; readonly status: DeltaRow['status'] } {
  const { delta, status } = decodeRow<DeltaRow>('delta', value)
  return { delta: decodeDelta(delta), status }
}

export function parkedDelta(value: Bytes): Omit<ParkedRow, 'v' | 'delta'> & { readonly delta: Delta } {
  const { delta, reason, sinceMs } = decodeRow<ParkedRow>('parked delta', value)
  return { delta: decodeDelta(delta), reason, sinceMs }
}

/** Undefined for what does not decode. */
export function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    // Bytes of a damaged disk fail in any way.
    return undefined
  }
}
