// What was in the graph here and is parked, since the state was folded anew and this machine was too slow for it, or lacks what it
// needs by now. Its row in the graph stays, beside the parked one: so a start knows of it, and removals and checkpoints find it:
// 'again' where it has counted, 'void' where it was to count for the first time. While there is any, the context is not whole.
//
// 1. For `LACKING_HELD_MS` nothing is said (`ledger.ts`): heads without it would take back what we have said.
// 2. Then what is here is told as it is, without it. It stays parked, is tried again, and counts as soon as it can be applied.
// 3. Nothing is written behind it: never where it is our own, or something of ours stands on it.
// 4. Nothing is pruned here: what takes its place is a peer's state, and own deltas that are not in that are written again.
import { type DeltaId, idBase58 } from '../../base/ids.ts'
import type { DagNode } from '../../dag/dag.ts'
import type { Delta } from '../../wire/delta.ts'
import { ContextError } from '../errors.ts'
import { LACKING_HELD_MS } from '../limits.ts'
import type { ContextParts, Lacking } from '../parts.ts'

type WholenessParts = Pick<ContextParts, 'record' | 'dag' | 'identity' | 'lacking' | 'nowMs'>

export class Wholeness {
  readonly #parts: WholenessParts
  readonly #lacking: Map<DeltaId, Lacking>

  constructor(parts: WholenessParts) {
    this.#parts = parts
    this.#lacking = new Map(parts.lacking)
  }

  /** All of that is in the graph again, in effect or void, or was pruned. */
  get isWhole(): boolean {
    for (const id of this.#lacking.keys()) if (this.#parts.dag.isReady(id)) this.#lacking.delete(id)
    return this.#lacking.size === 0
  }

  /** It is not, and not for long: nothing is to be said of what is here. */
  get isHeld(): boolean {
    if (this.isWhole) return false
    const now = this.#parts.nowMs()
    this.#startAnew(now)
    return [...this.#lacking.values()].some(({ sinceMs }) => now - sinceMs < LACKING_HELD_MS)
  }

  /** It was in the graph and is parked, for the first time or again. Returns since when. */
  lack({ id, parents, author }: Pick<Delta, 'id' | 'parents' | 'author'>): number {
    const now = this.#parts.nowMs()
    const sinceMs = Math.min(this.#lacking.get(id)?.sinceMs ?? now, now)
    this.#lacking.set(id, { parents, author, sinceMs })
    return sinceMs
  }

  /** As they are once it is whole: with what is lacking, and what waits for nothing else. */
  heads(): DeltaId[] {
    const { dag } = this.#parts
    const heads = new Set(dag.heads())
    const added = new Set(this.#lacking.keys())
    const nodes: Pick<DagNode, 'parents'>[] = [...this.#lacking.values()]
    for (const node of [...dag.pending()].sort(dag.compare)) {
      if (!node.parents.every((id) => added.has(id) || dag.isReady(id))) continue
      added.add(node.id)
      nodes.push(node)
    }
    for (const id of added) heads.add(id)
    for (const { parents } of nodes) for (const id of parents) heads.delete(id)
    return [...heads].sort()
  }

  /** What hears who wants to write; undefined where that may be done. */
  refusal(): ContextError | undefined {
    if (this.isWhole || !(this.isHeld || this.#isOwn())) return undefined
    const [deltaId] = this.#lacking.keys()
    const message = `context ${idBase58(this.#parts.record.id)}: delta ${deltaId} counts here, could not be applied yet, and comes before anything that is written; it is tried again, and calls that only read are answered`
    return new ContextError('CONTEXT_BUSY', message, { data: { deltaId } })
  }

  /** Where the clock was set back: nothing is held for as long as it was. */
  #startAnew(now: number): void {
    for (const [id, lacking] of this.#lacking)
      if (lacking.sinceMs > now) this.#lacking.set(id, { ...lacking, sinceMs: now })
  }

  /** A call that does not see our own last one would count from where that began, and one of the two be lost. */
  #isOwn(): boolean {
    const { dag, identity } = this.#parts
    const own = identity.publicKey
    if ([...this.#lacking.values()].some(({ author }) => author === own)) return true
    return [...dag.pending()].some(({ author }) => author === own)
  }
}
