// The one way of a context into its store, and what others may see of it afterwards: heads and root, gossip, events.
import type { Bytes } from '../base/bytes.ts'
import { type DeltaId, idBase58, type OpId, type RootHash } from '../base/ids.ts'
import type { StoreOp } from '../store/store.ts'
import { checkpointHash } from '../wire/checkpoint.ts'
import type { Delta } from '../wire/delta.ts'
import type { Wholeness } from './apply/wholeness.ts'
import type { Heard } from './context-store.ts'
import { ContextError } from './errors.ts'
import { MARKERS_KEPT_MS } from './limits.ts'
import type { ContextParts } from './parts.ts'
import type { StateEvent } from './ports.ts'
import type { Frontier } from './retention/frontier.ts'

export interface Shown {
  readonly heads: readonly DeltaId[]
  readonly root: RootHash
  /**
   * By which it was judged. Undefined: nothing of this is to be said, because some of what is beneath the heads is not applied
   * on the disk: it is being judged again, that was cut off by the last end, or this machine was too slow for it.
   */
  readonly removals: Bytes | undefined
  /** Hash of the checkpoint beneath: equal heads, removals and checkpoints have equal roots. Undefined: nothing is pruned. */
  readonly checkpoint: Bytes | undefined
}

type LedgerParts = Pick<
  ContextParts,
  | 'record'
  | 'rows'
  | 'held'
  | 'store'
  | 'state'
  | 'dag'
  | 'judgement'
  | 'pruned'
  | 'restored'
  | 'isDamaged'
  | 'authority'
  | 'divergences'
  | 'outbound'
  | 'onEvent'
  | 'onBroken'
  | 'setTimer'
  | 'log'
> & { readonly frontier: Frontier; readonly wholeness: Wholeness }

export class Ledger {
  readonly #parts: LedgerParts
  /** Marks of removals of which nothing is left for us to say. Stored with `judgementOp`. */
  readonly witnessed: Set<OpId>
  /** What may have to be said, by mark: stored before anything is judged by the removal, which takes it from the state. */
  readonly heard: Map<OpId, Heard>
  /** Gossiped, with their markers still in the store: at worst they are gossiped once more after a restart. */
  readonly #sent = new Set<DeltaId>()
  #cancelClearing: (() => void) | undefined
  #broken = false
  /** What the last instance had taken down is applied again. */
  #isRestored: boolean
  #isHeld = false
  #shown: Shown
  #judgedCount = 0
  #removals: Bytes | undefined
  #checkpoint: Bytes | undefined

  constructor(parts: LedgerParts) {
    this.#parts = parts
    this.#removals = parts.judgement.digest
    this.#isRestored = parts.restored.length === 0
    this.#checkpoint = parts.pruned && checkpointHash(parts.pruned.certified.checkpoint)
    this.witnessed = new Set(parts.judgement.witnessed)
    this.heard = new Map(parts.judgement.heard)
    this.#shown = this.#now()
  }

  /** What others may take for ours: it moves with `show`, once all of an arrival is applied, never before (I5). */
  get shown(): Shown {
    return this.#shown
  }

  /** Where nothing was to be said, what is now is announced. */
  show(): void {
    const wasHeld = this.#isHeld
    this.#shown = this.#now()
    this.settle()
    if (wasHeld && !this.#isHeld) this.#parts.outbound.announceHeads(this.#parts.record.id)
  }

  /**
   * Also to be called when a member has said what it has. Where that is what we have, its state differed once, and does no more. Before
   * all is applied again nothing is compared: what is stored of a member may be an earlier word than the one that was doubted.
   */
  settle(): void {
    const { record, authority, divergences, frontier } = this.#parts
    const { heads, root, removals } = this.#shown
    divergences.settle(record.id, (member) => {
      if (!authority.mayRead(record.id, member)) return true
      const beat = removals && frontier.beatOf(member)
      return beat !== undefined && beat.root === root && `${beat.heads}` === `${heads}`
    })
  }

  /** Something that had counted is not applied again. Ends with time, too. */
  get isHeld(): boolean {
    return this.#isHeld
  }

  /** What was stored and not applied at the start has been received again. */
  get isRestored(): boolean {
    return this.#isRestored
  }

  /** Digest of the removals of members that all stored deltas have been judged by; undefined: some have not been. */
  get removals(): Bytes | undefined {
    return this.#removals
  }

  /** By its hash. It is stored. */
  prunedTo(checkpoint: Bytes): void {
    this.#checkpoint = checkpoint
    this.show()
  }

  /** For the batch after which all stored deltas are judged by `removals`; undefined: some are not. */
  judgementOp(removals: Bytes | undefined): StoreOp {
    return this.#parts.rows.putJudgement({ digest: removals, witnessed: [...this.witnessed], heard: this.heard })
  }

  /** Some of the stored deltas are to be judged again, whenever that is: joins the batch after which they are. */
  unjudge(): StoreOp {
    this.#removals = undefined
    return this.judgementOp(undefined)
  }

  /** How often all stored deltas were judged anew: what each of them counts for may be another thing since. */
  get judgedCount(): number {
    return this.#judgedCount
  }

  judgedBy(removals: Bytes): void {
    this.#judgedCount += 1
    this.judgedAsBefore(removals)
  }

  /** Behind `unjudge`: what was taken down is there again, and counts for what it did. */
  judgedAsBefore(removals: Bytes): void {
    this.#removals = removals
    this.show()
  }

  /** Before, our heads may be fewer than we have said. */
  restored(): void {
    const { record, outbound } = this.#parts
    this.#isRestored = true
    this.show()
    outbound.announceHeads(record.id)
  }

  /**
   * One batch, with what keeps the set of held ids in step. When it fails, memory may be ahead of the store: the context
   * is given up.
   */
  async commit(ops: readonly StoreOp[]): Promise<void> {
    const { store, rows, held, frontier } = this.#parts
    const unsaved = frontier.unsaved()
    const sent = [...this.#sent]
    const cleared = sent.map((id) => rows.clearOutgoing(id))
    try {
      await store.batch([...ops, ...held.follow(ops), ...unsaved.ops, ...cleared])
      unsaved.saved()
      for (const id of sent) this.#sent.delete(id)
    } catch (error) {
      this.break(error)
      throw error
    }
  }

  /** Markers that are still in the store stay there. */
  close(): void {
    this.#cancelClearing?.()
  }

  /** Nothing is done with this instance any more; the next one is read from the store. */
  break(error: unknown): void {
    if (this.#broken) return
    this.#broken = true
    this.#parts.onBroken(error)
  }

  /** The store has moved on without this instance, as it was meant to. */
  retire(): void {
    this.#broken = true
  }

  /** The store has moved on, or may have: what this instance shows is of the past. */
  get hasEnded(): boolean {
    return this.#broken
  }

  /** Throws CONTEXT_FAILED once the instance is given up. */
  requireWhole(): void {
    if (!this.#broken) return
    throw new ContextError(
      'CONTEXT_FAILED',
      `context ${idBase58(this.#parts.record.id)} is being read again, after a write that failed or as its state is damaged`,
    )
  }

  /** Gossips a committed delta. A failure costs nothing: peers pull. */
  publish(delta: Delta): void {
    const { record, outbound, log } = this.#parts
    outbound.publishDelta(record.id, delta).then(
      () => this.#clearSoon(delta.id),
      (error) => log.warn({ deltaId: delta.id, error: String(error) }, 'delta not gossiped; peers will pull it'),
    )
  }

  emit(deltaId: DeltaId | undefined, events: StateEvent['events']): void {
    const { record, state, onEvent } = this.#parts
    onEvent({ contextId: record.id, deltaId, root: state.root, events })
  }

  #now(): Shown {
    const { dag, state, isDamaged, wholeness } = this.#parts
    this.#isHeld = wholeness.isHeld
    const removals = this.#isRestored && !isDamaged && !this.#isHeld ? this.#removals : undefined
    return {
      heads: this.#isHeld ? wholeness.heads() : dag.heads(),
      root: state.root,
      removals,
      checkpoint: this.#checkpoint,
    }
  }

  /** Its marker leaves with the next batch, or by itself where none comes. */
  #clearSoon(id: DeltaId): void {
    this.#sent.add(id)
    this.#cancelClearing ??= this.#parts.setTimer(() => {
      this.#cancelClearing = undefined
      this.#clear().catch((error) => this.#parts.log.debug({ error: String(error) }, 'outbox markers not cleared'))
    }, MARKERS_KEPT_MS)
  }

  async #clear(): Promise<void> {
    const { store, rows } = this.#parts
    const sent = [...this.#sent]
    if (sent.length === 0 || this.#broken) return
    await store.batch(sent.map((id) => rows.clearOutgoing(id)))
    for (const id of sent) this.#sent.delete(id)
  }
}
