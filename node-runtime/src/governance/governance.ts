// One namespace's operations and the state they fold to, at the heads or at any cut. The caller has verified
// signatures; here authority is judged, at each operation's own causal cut, so that every node judges alike.

import { compareCanonical } from '../base/causal.ts'
import type { NamespaceId, OpId, PublicKey } from '../base/ids.ts'
import type { Operation } from '../base/operations.ts'
import { Authors } from './authors.ts'
import { History } from './history.ts'
import { INVALID_REMEMBERED_MAX } from './limits.ts'
import type { NamespaceState } from './namespace-state.ts'
import { effectOf, refusalOf, revokedBy } from './rules/table.ts'
import { WaitingOps } from './waiting-ops.ts'

export interface OpReceived<O extends Operation> {
  readonly outcome: 'accepted' | 'pending' | 'duplicate' | 'invalid'
  /** The received operation and those that waited for it, parents first. */
  readonly accepted: readonly O[]
  /** Parents that are neither accepted nor waiting here: ask the sender. */
  readonly missing: readonly OpId[]
  /** Forgotten: the oldest waiting at the cap. They may be received again. */
  readonly evicted: readonly OpId[]
  /** Refused and forgotten: the received one, or what waited for it. */
  readonly invalid: readonly OpId[]
  /** Why the outcome is `invalid`. */
  readonly reason?: string
}

/** What a new operation is before it is signed. */
export type OpDraft = Omit<Operation, 'id'>

const NOTHING = { accepted: [], missing: [], evicted: [], invalid: [] } as const

/** `O` is what the caller wants to get back, usually wire's SignedOp. */
export class Governance<O extends Operation = Operation> {
  readonly namespaceId: NamespaceId
  readonly #history: History<O>
  readonly #authors = new Authors()
  readonly #waiting = new WaitingOps<O>()
  /** They have waited, and all their parents are accepted now. */
  readonly #due = new Map<OpId, O>()
  readonly #invalid = new Set<OpId>()

  constructor(namespaceId: NamespaceId) {
    this.namespaceId = namespaceId
    this.#history = new History<O>(namespaceId)
  }

  /** From rows in any order, accepted or waiting. They are judged again, with the same result. */
  static restore<O extends Operation>(namespaceId: NamespaceId, ops: Iterable<O>): Governance<O> {
    const governance = new Governance<O>(namespaceId)
    for (const op of [...ops].sort(compareCanonical)) governance.receive(op)
    return governance
  }

  /** Accepts at most so many of those that it completes: `receiveDue` goes on with them. */
  receive(op: O, completedMax = Number.POSITIVE_INFINITY): OpReceived<O> {
    if (this.#history.has(op.id) || this.#due.has(op.id)) return { ...NOTHING, outcome: 'duplicate' }
    if (this.#waiting.has(op.id)) {
      return { ...NOTHING, outcome: 'duplicate', missing: this.#waiting.absentOf(op) }
    }
    const fault = this.#fault(op)
    if (fault !== undefined) return { ...NOTHING, outcome: 'invalid', invalid: this.#reject(op.id), reason: fault }
    const early = this.#waiting.childrenOf(op.id).filter((child) => child.hlc <= op.hlc)
    const invalid = early.flatMap((child) => (this.#waiting.has(child.id) ? this.#reject(child.id) : []))
    const unmet = new Set(op.parents.filter((parent) => !this.#history.has(parent)))
    if (unmet.size > 0) {
      const evicted = this.#waiting.add(op, unmet, this.#authors.has(op.author))
      return { ...NOTHING, outcome: 'pending', missing: this.#waiting.absentOf(op), evicted, invalid }
    }
    const reason = this.#judge(op, { accepted: [], invalid })
    if (reason !== undefined) return { ...NOTHING, outcome: 'invalid', invalid, reason }
    const more = this.receiveDue(completedMax)
    return { ...NOTHING, ...more, accepted: [op, ...more.accepted], invalid: [...invalid, ...more.invalid] }
  }

  /** Judges up to so many of those that are completed, and what they complete. */
  receiveDue(max: number): OpReceived<O> {
    const judged = { accepted: [] as O[], invalid: [] as OpId[] }
    let count = 0
    for (const [id, op] of this.#due) {
      if (count >= max) break
      count += 1
      this.#due.delete(id)
      this.#judge(op, judged)
    }
    return { ...NOTHING, outcome: 'accepted', ...judged }
  }

  /** Operations that are completed, and still to be judged. */
  get dueCount(): number {
    return this.#due.size
  }

  heads(): OpId[] {
    return this.#history.heads()
  }

  /** Accepted. */
  has(id: OpId): boolean {
    return this.#history.has(id)
  }

  /** Accepted or waiting. */
  get(id: OpId): O | undefined {
    return this.#history.get(id) ?? this.#due.get(id) ?? this.#waiting.get(id)
  }

  /** Accepted operations. */
  get size(): number {
    return this.#history.size
  }

  get pendingCount(): number {
    return this.#waiting.size + this.#due.size
  }

  /** About what those that wait take in memory. */
  get pendingBytes(): number {
    return this.#waiting.bytes
  }

  /** Waiting ones of authors that nobody here knew when they came. */
  get strangersPending(): number {
    return this.#waiting.strangersCount
  }

  /** Forgets those of them that waited already when this was last called. They may be received again. */
  forgetOldStrangers(): number {
    return this.#waiting.forgetOldStrangers()
  }

  /** Some accepted operation has made it a member, whether it stands or not. Nobody else has a right at any cut that is here. */
  hasNamed(author: PublicKey): boolean {
    return this.#authors.has(author)
  }

  /** Ids that waiting operations name and that are not here, longest wanted first. */
  missing(limit: number): OpId[] {
    return this.#waiting.absent(limit)
  }

  /** Accepted operations outside the closure of `have`, parents first. Unknown ids in `have` are ignored. */
  opsNotIn(have: readonly OpId[], limit: number): O[] {
    return this.#history.notIn(have).slice(0, limit)
  }

  /** The last of them in canonical order, parents first: costs what it gives. */
  newest(limit: number): O[] {
    return this.#history.newest(limit)
  }

  /** At the heads. Before the first operation it is empty: no members, no groups. */
  state(): NamespaceState {
    return this.#history.latest()
  }

  /** Exactly the fold of the ancestors of `heads`; undefined while some head is not accepted here: not yet. */
  stateAt(heads: readonly OpId[]): NamespaceState | undefined {
    return heads.every((id) => this.#history.has(id)) ? this.#history.stateAt(heads) : undefined
  }

  /** Why `draft` would be refused everywhere; undefined when it would be accepted. To ask before signing. */
  refusal(draft: OpDraft): string | undefined {
    if (!draft.parents.every((parent) => this.#history.has(parent))) return 'a parent is not here'
    // No operation has this id: nothing of the judgement depends on it.
    const op: Operation = { ...draft, id: '' as OpId }
    return this.#fault(op) ?? refusalOf(this.#history.stateAt(draft.parents), op)
  }

  /** The same of operations each of which builds on the one before alone: the first that would be refused. */
  refusalOfChain(ops: readonly O[]): { readonly op: O; readonly reason: string } | undefined {
    const [first] = ops
    if (first === undefined) return undefined
    if (!first.parents.every((parent) => this.#history.has(parent)))
      return { op: first, reason: 'a parent is not here' }
    let state = this.#history.stateAt(first.parents)
    for (const op of ops) {
      const reason = this.#fault(op) ?? refusalOf(state, op)
      if (reason !== undefined) return { op, reason }
      state = effectOf(state, op)
    }
    return undefined
  }

  #fault(op: Operation): string | undefined {
    if (op.namespaceId !== this.namespaceId) return 'belongs to another namespace'
    if (this.#invalid.has(op.id)) return 'was found invalid before'
    if ((op.parents.length === 0) !== (op.body.kind === 'namespace_created')) {
      return 'only the creation of the namespace has no parents'
    }
    if (op.parents.some((parent, i) => i > 0 && parent <= (op.parents[i - 1] ?? ''))) return 'parents do not ascend'
    for (const parent of op.parents) {
      if (this.#invalid.has(parent)) return `builds on ${parent}, which is invalid`
      const known = this.get(parent)
      if (known !== undefined && known.hlc >= op.hlc) return `is not later than its parent ${parent}`
    }
    return undefined
  }

  /** Its parents are accepted. Returns why it is refused; what it completes is due. */
  #judge(op: O, { accepted, invalid }: { readonly accepted: O[]; readonly invalid: OpId[] }): string | undefined {
    const unknown = this.#authors.refusal(op)
    const cut = unknown === undefined ? this.#history.stateAt(op.parents) : undefined
    const refusal = cut === undefined ? unknown : refusalOf(cut, op)
    if (cut === undefined || refusal !== undefined) {
      invalid.push(...this.#reject(op.id))
      return refusal
    }
    this.#history.add(op, revokedBy(cut, op))
    this.#authors.add(op)
    accepted.push(op)
    for (const next of this.#waiting.release(op.id)) this.#due.set(next.id, next)
    return undefined
  }

  /** Forgets `id` and all that wait for it, and remembers that they are invalid. */
  #reject(id: OpId): OpId[] {
    const rejected = new Set([id, ...this.#waiting.removeWithDescendants(id)])
    for (const each of rejected) {
      this.#invalid.add(each)
      const [oldest] = this.#invalid
      if (this.#invalid.size > INVALID_REMEMBERED_MAX && oldest !== undefined) this.#invalid.delete(oldest)
    }
    return [...rejected]
  }
}
