// What the tests of this folder share: changes in short, and everything a store holds.
import { type Bytes, toHex, utf8 } from '../base/bytes.ts'
import { type ContextId, parseHexId } from '../base/ids.ts'
import type { Store } from '../store/store.ts'
import type { ContextState } from './context-state.ts'
import type { StateTransaction } from './state-transaction.ts'
import type { StateChange } from './state-view.ts'

export const contextA = parseHexId<ContextId>('aa'.repeat(32))
export const contextB = parseHexId<ContextId>('bb'.repeat(32))

export function change(key: string, value: string | null): StateChange {
  return { key: utf8(key), value: value === null ? null : utf8(value) }
}

/** Every row, as hex. */
export async function dump(store: Store): Promise<string[]> {
  const rows: string[] = []
  for await (const [key, value] of store.entries({ gte: Uint8Array.of(0), lt: Uint8Array.of(0xff) })) {
    rows.push(`${toHex(key)}=${toHex(value)}`)
  }
  return rows
}

export async function entriesOf(state: ContextState, after?: Bytes): Promise<string[]> {
  const out: string[] = []
  for await (const [key, value] of state.entries(after)) out.push(`${Buffer.from(key)}=${Buffer.from(value)}`)
  return out
}

export async function commit(store: Store, transaction: StateTransaction): Promise<void> {
  await store.batch(transaction.ops())
  transaction.committed()
}
