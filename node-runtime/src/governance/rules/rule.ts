// What a kind of operation is to the fold: who may do it, and what it does.
import type { AccountId } from '../../base/ids.ts'
import type { OpBody, Operation } from '../../base/operations.ts'
import type { NamespaceSnapshot } from '../namespace-snapshot.ts'
import type { MetadataRecord } from '../namespace-state.ts'

export type OpOf<K extends OpBody['kind']> = Omit<Operation, 'body'> & { readonly body: Extract<OpBody, { kind: K }> }

export interface Rule<K extends OpBody['kind']> {
  /** Why `op` has no authority in `state`, the fold of what its author had seen; undefined when it has. */
  refusal(state: NamespaceSnapshot, op: OpOf<K>, author: AccountId): string | undefined
  /**
   * `op` has authority at its own cut. In `state` things may stand differently, because concurrent operations come
   * first: then the effect is nothing, or as far as it still makes sense. Never throws.
   */
  effect(state: NamespaceSnapshot, op: OpOf<K>, author: AccountId): NamespaceSnapshot
  /** The account whose rights this takes away, judged in the state at its cut. */
  revokes?(state: NamespaceSnapshot, op: OpOf<K>): AccountId | undefined
}

/** The record that what is made with a name begins with. */
export function namedBy(op: Operation, name: string | undefined): { readonly metadata?: MetadataRecord } {
  return name === undefined ? {} : { metadata: { name, fields: [], updatedHlc: op.hlc, updatedBy: op.author } }
}
