// Which deltas are void: what is lost, what stands for a delta that counts, and what removed members wrote. A removal pins heads whose past is what was accepted from the member; what it
// wrote outside of that, without knowing of the removal, counts nowhere. All that is a function of the ready deltas, of the removals
// that were last heard, and of the checkpoint, so it is the same wherever those are the same (I1); no stamp has a say in it.
import { type Bytes, equalBytes } from '../../base/bytes.ts'
import type { ContextId, DeltaId } from '../../base/ids.ts'
import { accountOf } from '../../base/keys.ts'
import type { Dag } from '../../dag/dag.ts'
import type { Removal } from '../../governance/namespace-state.ts'
import { pinsFor, pinsOf } from '../../governance/removal-pins.ts'
import type { Checkpoint } from '../../wire/checkpoint.ts'
import type { Delta } from '../../wire/delta.ts'
import type { ContextStore } from '../context-store.ts'
import type { Authority, KnownRemovals } from '../ports.ts'
import { Pasts } from './pasts.ts'
import type { Rewrites } from './rewrites.ts'

export interface VoidsParts {
  readonly contextId: ContextId
  readonly authority: Pick<Authority, 'removalsNow'>
  readonly dag: Pick<Dag, 'get' | 'isReady' | 'ready' | 'isLost' | 'isBeneath'>
  readonly rows: Pick<ContextStore, 'delta'>
  readonly rewritten: Pick<Rewrites, 'has' | 'of' | 'by'>
  /** The same artifact and events. */
  readonly isSame: (a: Delta, b: Delta) => boolean
  readonly checkpoint: () => Checkpoint | undefined
}

type Judged = Pick<Delta, 'id' | 'author' | 'governance' | 'rewrites'>

export class Voids {
  readonly #parts: VoidsParts
  /** Whether it is void, of what was asked since something changed that they depend on. */
  readonly #verdicts = new Map<DeltaId, boolean>()
  #madeFor: { readonly checkpoint: Checkpoint | undefined; readonly judgement: Uint8Array } | undefined
  #countingBeneath: ReadonlySet<DeltaId> = new Set()
  readonly #pasts: Pasts
  /** By which is judged. */
  #known: KnownRemovals
  /** All heads that removals pin here. */
  #pinned: { readonly judgement: Uint8Array; readonly ids: ReadonlySet<DeltaId> } | undefined

  constructor(parts: VoidsParts) {
    this.#parts = parts
    this.#pasts = new Pasts(parts.dag)
    this.#known = parts.authority.removalsNow(parts.contextId)
  }

  /** From now on all is judged by what is known now, until this is called again. Returns the digest of that. */
  hear(): Bytes {
    this.#known = this.#parts.authority.removalsNow(this.#parts.contextId)
    return this.#known.judgement
  }

  /** By which is judged now. */
  get known(): KnownRemovals {
    return this.#known
  }

  /** Of a delta that is ready in the graph. */
  isVoid(delta: Judged): boolean {
    this.#forgetOutdated()
    // What it stands for first, and what that stands for: each sorts before what names it, so this ends.
    const work: Judged[] = [delta]
    for (let next = work.at(-1); next !== undefined; next = work.at(-1)) {
      const before = this.#notJudged(next)
      if (before) work.push(before)
      else {
        this.#verdicts.set(next.id, this.#judge(next))
        work.pop()
      }
    }
    return this.#verdicts.get(delta.id) ?? false
  }

  /** Something that `delta` stands for, and on which its verdict depends. */
  #notJudged({ rewrites = [] }: Judged): Judged | undefined {
    const { dag, rows } = this.#parts
    const id = rewrites.find((each) => !dag.isBeneath(each) && dag.ready(each) && !this.#verdicts.has(each))
    return id === undefined ? undefined : rows.delta(id)
  }

  #judge(delta: Judged): boolean {
    if (this.#parts.dag.isLost(delta.id)) return true
    if (delta.rewrites?.some((id) => this.#counts(id))) return true
    return this.#isRemoved(delta) || this.isReplaced(delta)
  }

  /** Of one that is void: a removal is why, and nothing that its author wrote for it again counts in its place. */
  isTakenByRemoval(delta: Judged): boolean {
    return this.#isRemoved(delta) && !this.isReplaced(delta)
  }

  #isRemoved(delta: Judged): boolean {
    const removals = this.#known.unseen(delta)
    const author = accountOf(delta.author)
    return removals.some((removal) => !this.#accepts(pinsFor(removal, this.#parts.contextId, author), delta.id))
  }

  /**
   * Its author has written it again: it was lost when that was written, and stands now only because the checkpoint names no more what
   * it was lost with. So the later one counts on, and what is pruned next goes without effect.
   */
  isReplaced({ id, author, rewrites }: Judged): boolean {
    const { dag, rows, rewritten, isSame } = this.#parts
    for (const each of rewritten.of(rewrites?.[0] ?? id)) {
      const later = each > id && dag.ready(each) && !dag.isLost(each) ? rows.delta(each) : undefined
      if (later === undefined || later.author !== author || this.#isRemoved(later)) continue
      const own = rows.delta(id)
      if (own !== undefined && isSame(own, later)) return true
    }
    return false
  }

  #counts(id: DeltaId): boolean {
    const { dag } = this.#parts
    if (dag.isBeneath(id)) return this.#countingBeneath.has(id)
    return dag.ready(id) !== undefined && this.#verdicts.get(id) === false
  }

  /** Verdicts hold for one checkpoint and one judgement of removals; `completes` says when else they do not. */
  #forgetOutdated(): void {
    const [now, { judgement }] = [this.#parts.checkpoint(), this.#known]
    if (this.#madeFor && this.#madeFor.checkpoint === now && equalBytes(this.#madeFor.judgement, judgement)) return
    this.#madeFor = { checkpoint: now, judgement }
    this.#verdicts.clear()
    this.#countingBeneath = new Set(now?.recent.counting)
  }

  /** Whether anybody has said that it was accepted. True as long as nobody has said what was, and where no word changes anything: beneath a checkpoint. */
  accepts(removal: Removal, id: DeltaId): boolean {
    const pins = pinsFor(removal, this.#parts.contextId)
    return pins === undefined || this.#parts.dag.isBeneath(id) || pins.some((heads) => this.#reaches(heads, id))
  }

  /** Asked once of each of many removals: costs what lies between, and keeps no past. A parent sorts before what names it. */
  #reaches(heads: readonly DeltaId[], id: DeltaId): boolean {
    const { dag } = this.#parts
    const seen = new Set<DeltaId>()
    const work = heads.filter((head) => head >= id && dag.isReady(head))
    for (let next = work.pop(); next !== undefined; next = work.pop()) {
      if (next === id) return true
      if (seen.has(next)) continue
      seen.add(next)
      work.push(...(dag.get(next)?.parents ?? []).filter((parent) => parent >= id))
    }
    return false
  }

  #accepts(pins: readonly (readonly DeltaId[])[] | undefined, id: DeltaId): boolean {
    return pins === undefined || pins.some((heads) => this.#pasts.has(heads, id))
  }

  /**
   * These have become ready, and are not judged yet. True when what is void has to be looked at again: with a pinned head a
   * past grows, and what stands for one of them counts no more.
   */
  completes(ids: readonly DeltaId[]): boolean {
    const { dag, rewritten } = this.#parts
    const pinned = this.#allPinned()
    const isPinned = pinned.size > 0 && ids.some((id) => pinned.has(id))
    if (isPinned) this.#pasts.grow(ids)
    const stands = (id: DeltaId) => dag.ready(id) !== undefined && !dag.isLost(id)
    const changes = isPinned || ids.some((id) => rewritten.has(id) || rewritten.by(id).some(stands))
    if (changes) this.#verdicts.clear()
    return changes
  }

  /** History was pruned: a past ends there now. */
  forgetPasts(): void {
    this.#pasts.forget()
    this.#verdicts.clear()
  }

  #allPinned(): ReadonlySet<DeltaId> {
    const { contextId } = this.#parts
    const { judgement, all: removals } = this.#known
    if (!this.#pinned || !equalBytes(this.#pinned.judgement, judgement)) {
      const all = removals().flatMap(([, removal]) => pinsOf(removal, contextId) ?? [])
      this.#pinned = { judgement, ids: new Set(all) }
    }
    return this.#pinned.ids
  }
}
