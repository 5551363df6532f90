// Which deltas of removed members are void. A removal pins heads whose past is what was accepted from the member; what it
// wrote outside of that, without knowing of the removal, counts nowhere. It is a function of the ready deltas and of the
// governance operations at hand, so it is the same wherever those are the same (I1); no stamp has a say in it.
import { equalBytes } from '../../base/bytes.ts'
import type { ContextId, DeltaId } from '../../base/ids.ts'
import type { Dag } from '../../dag/dag.ts'
import type { Removal } from '../../governance/namespace-state.ts'
import { pinsOf } from '../../governance/removal-pins.ts'
import type { Delta } from '../../wire/delta.ts'
import { PASTS_KEPT_MAX } from '../limits.ts'
import type { Authority } from '../ports.ts'

export interface VoidsParts {
  readonly contextId: ContextId
  readonly authority: Pick<Authority, 'judgement' | 'removalsIn' | 'removalsUnseen'>
  readonly dag: Pick<Dag, 'get' | 'isReady'>
}

export class Voids {
  readonly #parts: VoidsParts
  /** By the pinned heads, oldest first. */
  readonly #pasts = new Map<string, ReadonlySet<DeltaId>>()
  /** All heads that removals pin here. */
  #pinned: { readonly judgement: Uint8Array; readonly ids: ReadonlySet<DeltaId> } | undefined

  constructor(parts: VoidsParts) {
    this.#parts = parts
  }

  /** Of a delta that is ready in the graph. */
  isVoid(delta: Pick<Delta, 'id' | 'author' | 'governance'>): boolean {
    const removals = this.#parts.authority.removalsUnseen(this.#parts.contextId, delta)
    return removals.some((removal) => !this.accepts(removal, delta.id))
  }

  /** True as long as nobody has said what was accepted. */
  accepts(removal: Removal, id: DeltaId): boolean {
    const pins = pinsOf(removal, this.#parts.contextId)
    return pins === undefined || this.#pastOf(pins).has(id)
  }

  /** `ids` have become ready. True when what is void has to be looked at again: with a pinned head a past grows. */
  completes(ids: Iterable<DeltaId>): boolean {
    const pinned = this.#allPinned()
    if (pinned.size === 0 || ![...ids].some((id) => pinned.has(id))) return false
    this.#pasts.clear()
    return true
  }

  #allPinned(): ReadonlySet<DeltaId> {
    const { authority, contextId } = this.#parts
    const judgement = authority.judgement(contextId)
    if (!this.#pinned || !equalBytes(this.#pinned.judgement, judgement)) {
      const all = authority.removalsIn(contextId).flatMap(([, removal]) => pinsOf(removal, contextId) ?? [])
      this.#pinned = { judgement, ids: new Set(all) }
    }
    return this.#pinned.ids
  }

  #pastOf(pins: readonly DeltaId[]): ReadonlySet<DeltaId> {
    const key = pins.join()
    const known = this.#pasts.get(key)
    if (known) return known
    const { dag } = this.#parts
    const past = new Set<DeltaId>()
    const work = pins.filter((id) => dag.isReady(id))
    for (let id = work.pop(); id !== undefined; id = work.pop()) {
      if (past.has(id)) continue
      past.add(id)
      work.push(...(dag.get(id)?.parents ?? []))
    }
    this.#pasts.set(key, past)
    const [oldest] = this.#pasts.keys()
    if (this.#pasts.size > PASTS_KEPT_MAX && oldest !== undefined) this.#pasts.delete(oldest)
    return past
  }
}
