import { compareCanonical } from '../../base/causal.ts'
import type { ContextId, OpId } from '../../base/ids.ts'
import type { Operation } from '../../base/operations.ts'
import { NamespaceSnapshot } from '../namespace-snapshot.ts'
import { effectOf, refusalOf, reliesOn, revokedBy, voidEffectOf } from '../rules/table.ts'
import { namespaceId } from './world.fixture.ts'

export class Paper {
  readonly #ops: Map<OpId, Operation>

  constructor(ops: Iterable<Operation>) {
    this.#ops = new Map([...ops].map((op) => [op.id, op]))
  }

  closure(heads: readonly OpId[]): Set<OpId> {
    const closure = new Set<OpId>()
    const work = [...heads]
    for (let id = work.pop(); id !== undefined; id = work.pop()) {
      if (!closure.has(id)) work.push(...(this.#ops.get(id)?.parents ?? []))
      closure.add(id)
    }
    return closure
  }

  sorted(ids: Set<OpId>): Operation[] {
    return [...ids].flatMap((id) => this.#ops.get(id) ?? []).sort(compareCanonical)
  }

  readonly #states = new Map<string, NamespaceSnapshot>()

  stateAt(heads: readonly OpId[]): NamespaceSnapshot {
    const key = heads.join()
    const known = this.#states.get(key)
    if (known !== undefined) return known
    const all = this.sorted(this.closure(heads))
    const empty = NamespaceSnapshot.empty(namespaceId)
    const pasts = new Map(all.map((op) => [op.id, this.closure(op.parents)]))
    const revocations = all.filter((op) => revokedBy(this.stateAt(op.parents), op) !== undefined)
    const standing = new Set<OpId>()
    const pastStates = new Map<OpId, NamespaceSnapshot>()
    const apply = (before: NamespaceSnapshot, op: Operation) =>
      standing.has(op.id) ? effectOf(before, op) : voidEffectOf(before, op)
    for (const op of all) {
      const past = pasts.get(op.id) ?? new Set()
      let view = this.sorted(past)
        .filter(({ body }) => body.kind !== 'removal_pinned')
        .reduce(apply, empty)
      pastStates.set(op.id, view)
      for (const other of revocations) {
        const isConcurrent = other.id !== op.id && !past.has(other.id) && !pasts.get(other.id)?.has(op.id)
        const target = revokedBy(this.stateAt(other.parents), other)
        if (isConcurrent && target !== undefined && reliesOn(op).includes(target)) view = effectOf(view, other)
      }
      if (revocations.includes(op) || refusalOf(view, op) === undefined) standing.add(op.id)
    }
    const merged = all.filter(({ body }) => body.kind !== 'removal_pinned').reduce(apply, empty)
    for (const { id, author, body } of all) {
      if (body.kind !== 'removal_pinned') continue
      const past = pastStates.get(id) ?? empty
      const taken = Object.keys(body.pinned).flatMap((at) => merged.removalsUnseen(at as ContextId, author, past))
      if (taken.some(({ op }) => !pasts.get(op)?.has(id))) standing.delete(id)
    }
    const state = all.reduce(apply, empty)
    this.#states.set(key, state)
    return state
  }
}
