// One namespace's operations and the state they fold to, at the heads or at any cut.
import type { NamespaceId, OpId } from '../base/ids.ts'
import type { Operation } from '../base/operations.ts'
import type { NamespaceState } from './namespace-state.ts'

export interface OpReceived<O extends Operation> {
  readonly outcome: 'accepted' | 'pending' | 'duplicate' | 'invalid'
  /** The received operation and those that waited for it, parents first. */
  readonly accepted: readonly O[]
  /** Parents not here: ask the sender. */
  readonly missing: readonly OpId[]
  /** Why the outcome is `invalid`. */
  readonly reason?: string
}

/** The caller has verified signatures. `O` is what it wants to get back, usually wire's SignedOp. */
export declare class Governance<O extends Operation = Operation> {
  static restore<O extends Operation>(namespaceId: NamespaceId, ops: Iterable<O>): Governance<O>
  constructor(namespaceId: NamespaceId)
  readonly namespaceId: NamespaceId
  receive(op: O): OpReceived<O>
  heads(): OpId[]
  has(id: OpId): boolean
  get(id: OpId): O | undefined
  missing(limit: number): OpId[]
  /** Accepted operations outside the closure of `have`, parents first. Unknown ids in `have` are ignored. */
  opsNotIn(have: readonly OpId[], limit: number): O[]
  /** At the heads. Before the first operation it is empty: no members, no groups. */
  state(): NamespaceState
  /** Exactly the fold of the ancestors of `heads`; undefined while some head is not accepted here. */
  stateAt(heads: readonly OpId[]): NamespaceState | undefined
  /** Why `op`, not yet received, would be refused at its parents' cut; undefined when it would be accepted. */
  refusal(op: Omit<O, 'id' | 'signature'>): string | undefined
}
