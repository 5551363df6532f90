// Which deltas of removed members are void. A removal pins the heads that were accepted from its context; what its
// member wrote outside their past, without knowing of the removal, counts nowhere. It is a function of the ready deltas
// and of the governance operations at hand, so it is the same wherever those are the same (I1).
import type { ContextId, DeltaId } from '../../base/ids.ts'
import type { Dag } from '../../dag/dag.ts'
import type { Removal } from '../../governance/namespace-state.ts'
import type { Delta } from '../../wire/delta.ts'
import { PASTS_KEPT_MAX } from '../limits.ts'
import type { Authority } from '../ports.ts'

export interface VoidsParts {
  readonly contextId: ContextId
  readonly authority: Pick<Authority, 'removalsUnseen'>
  readonly dag: Pick<Dag, 'get' | 'isReady'>
}

interface Past {
  readonly ids: ReadonlySet<DeltaId>
  /** Pinned heads that are not ready here: with them the past grows. */
  readonly awaited: ReadonlySet<DeltaId>
}

export class Voids {
  readonly #parts: VoidsParts
  /** By the id of the removal, least recently made first. */
  readonly #pasts = new Map<Removal['op'], Past>()

  constructor(parts: VoidsParts) {
    this.#parts = parts
  }

  /** Of a delta that is ready in the graph. */
  isVoid(delta: Pick<Delta, 'id' | 'author' | 'governance' | 'hlc'>): boolean {
    const removals = this.#parts.authority.removalsUnseen(this.#parts.contextId, delta)
    return removals.some((removal) => !this.#stands(removal, delta))
  }

  /** `ids` have become ready. True when what is void has to be looked at again. */
  completes(ids: Iterable<DeltaId>): boolean {
    if (this.#pasts.size === 0) return false
    const ready = new Set(ids)
    let completed = false
    for (const [op, { awaited }] of this.#pasts) {
      if (![...awaited].some((id) => ready.has(id))) continue
      this.#pasts.delete(op)
      completed = true
    }
    return completed
  }

  #stands(removal: Removal, { id, hlc }: Pick<Delta, 'id' | 'hlc'>): boolean {
    const pinned = removal.pinned?.[this.#parts.contextId]
    // Who removed the member did not have the context: all that can be said is what was written before.
    if (pinned === undefined) return hlc < removal.hlc
    return this.#pastOf(removal.op, pinned).ids.has(id)
  }

  #pastOf(op: Removal['op'], pinned: readonly DeltaId[]): Past {
    const known = this.#pasts.get(op)
    if (known) return known
    const { dag } = this.#parts
    const ids = new Set<DeltaId>()
    const work = pinned.filter((id) => dag.isReady(id))
    for (let id = work.pop(); id !== undefined; id = work.pop()) {
      if (ids.has(id)) continue
      ids.add(id)
      work.push(...(dag.get(id)?.parents ?? []))
    }
    const past = { ids, awaited: new Set(pinned.filter((id) => !dag.isReady(id))) }
    this.#pasts.set(op, past)
    // One that somebody waits for stays: forgotten, nobody would look again.
    for (const [oldest, { awaited }] of this.#pasts) {
      if (this.#pasts.size <= PASTS_KEPT_MAX) break
      if (awaited.size === 0) this.#pasts.delete(oldest)
    }
    return past
  }
}
