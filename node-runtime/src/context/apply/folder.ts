// Brings deltas into a context's state, in the order `fold.ts` plans: undo records taken back, artifacts applied, new
// undo records made. Returns store operations for the caller's batch; nothing is written here.
import type { Bytes } from '../../base/bytes.ts'
import { type DeltaId, idBase58, type RootHash } from '../../base/ids.ts'
import { STAMP_LEAD_MAX } from '../../crdt/limits.ts'
import { FIRST_STATE_VERSION } from '../../runtime/module/state-schema.ts'
import { StorageError } from '../../storage/errors.ts'
import { encodeUndoInPieces } from '../../storage/undo.ts'
import type { StoreOp } from '../../store/store.ts'
import { type Delta, type DeltaPayload, openDelta } from '../../wire/delta.ts'
import { APPLY_BATCH_BYTES, APPLY_BATCH_ROWS } from '../limits.ts'
import { stateMark } from '../migration/state-mark.ts'
import type { ContextParts } from '../parts.ts'
import { Applied } from './applied.ts'
import { type Arrived, Effects, type EffectsParts, type Placed, postponed } from './effects.ts'
import { comparePositions, type FoldPlan, type Positioned, planFold, versionIn } from './fold.ts'
import { RootsBelow, type Swept, takeBack } from './roots-below.ts'
import { without } from './swept-keys.ts'
import { VersionBeneath } from './version-beneath.ts'

export interface Fold {
  readonly ops: readonly StoreOp[]
  /** How many of what has arrived are in it: it ends with the first that did something else than was foreseen, or where it is full. */
  readonly count: number
  /** None did. */
  readonly isAsForeseen: boolean
  /** Call after the batch with `ops` has resolved. */
  committed(): void
}

type FolderParts = Pick<ContextParts, 'rows' | 'stack' | 'pruned' | 'onMigrated'> & EffectsParts

export class Folder {
  readonly #parts: FolderParts
  readonly #effects: Effects
  readonly #stack: Positioned[]
  /** Position of the first of the stack: what was before it is pruned. */
  #base: number
  readonly #roots: RootsBelow
  readonly #beneath: VersionBeneath
  /** As it is stored. */
  #clock: bigint

  constructor(parts: FolderParts) {
    this.#parts = parts
    this.#effects = new Effects(parts)
    this.#base = parts.pruned?.base ?? 0
    this.#stack = [...parts.stack]
    this.#roots = new RootsBelow(parts)
    this.#beneath = new VersionBeneath(parts)
    this.#clock = parts.rows.clock()
  }

  /** Applied and not pruned, in the order they were applied. */
  get stack(): readonly Positioned[] {
    return this.#stack
  }

  /** Of the state beneath the stack; the first where `findVersionBeneath` has not been called since that changed. */
  get versionBeneath(): number {
    return this.#beneath.known(this.#stack, this.#base)
  }

  findVersionBeneath(): Promise<void> {
    return this.#beneath.find(this.#stack, this.#base)
  }

  /** Position in the store of the first of the stack. */
  get base(): number {
    return this.#base
  }

  /**
   * The root before the delta at `index` of the stack was applied. Costs what is above it, once: it is remembered, as are
   * those at `above`, which ascend and are asked for if need be, until something beneath them changes.
   */
  rootBelow(index: number, above: () => readonly number[] = () => []): Promise<RootHash> {
    const place = this.#base
    return this.#roots.at(this.#above(index), () => above().map((each) => place + each))
  }

  /** The same without what was removed there with a stamp of `last` or before. */
  sweptBelow(index: number, last: DeltaId): Promise<Swept> {
    return this.#roots.sweptAt(this.#above(index), last)
  }

  /** The first `count` of the stack are behind a stored checkpoint. */
  prune(count: number): void {
    this.#stack.splice(0, count)
    this.#base += count
    this.#roots.pruned(this.#base)
  }

  /** Where a delta that is taken in belongs. Throws APPLY_POSTPONED where the code that says it is not here. */
  placeOf(delta: Pick<Delta, 'id' | 'hlc' | 'governance' | 'madeUnder'>): Positioned {
    const { id, hlc } = delta
    const version = this.#parts.upgrader.versions.of(delta)
    if (version === undefined) throw postponed(delta, 'the code that it was made with is not on this node')
    return version === FIRST_STATE_VERSION ? { id, hlc } : { id, hlc, version }
  }

  /** The payload of a delta that was opened before: its key is here. */
  open(delta: Delta): DeltaPayload {
    const key = this.#parts.authority.openingKey(this.#parts.record.groupId, delta.keyId)
    if (!key) throw new Error(`the key ${delta.keyId} of an accepted delta is gone from the store`)
    return openDelta(delta, key)
  }

  /**
   * `arrived`: new deltas in canonical order, each with its parents applied or before it in the list. `dropped`: applied
   * ones that are void now.
   */
  async fold(arrived: readonly Arrived[], dropped: ReadonlySet<DeltaId> = new Set()): Promise<Fold> {
    const byId = new Map(arrived.map((entry) => [entry.delta.id, entry]))
    const places = arrived.map((entry) => this.placeOf(entry.delta))
    // Of deltas of one version it is their order already.
    if (places.some(({ version }) => version !== places[0]?.version)) places.sort(comparePositions)
    const plan = planFold(this.#stack, places, { storage: this.#parts.record.storage, dropped })
    const kept = this.#stack.length - plan.undo
    const { transaction, ops, committed, left, isAsForeseen } = await this.#refold(kept, plan.apply, byId)
    for (const id of dropped) ops.push(this.#parts.rows.putDelta(this.stored(id).delta, 'voided'))
    const written = await this.#parts.turns.run(transaction.opsInPieces())
    return { ops: [...ops, ...written], committed, count: arrived.length - left, isAsForeseen }
  }

  /** True where taking these many off the top of the stack changes no more than a batch may. */
  isLight(count: number): boolean {
    const { rows } = this.#parts
    let bytes = 0
    for (const [at, { id }] of this.#stack.slice(this.#stack.length - count).entries()) {
      const delta = rows.delta(id)
      if (!delta) throw gone(id)
      bytes += delta.sealed.byteLength + rows.undo(this.#base + this.#stack.length - count + at).undo.byteLength
      if (bytes >= APPLY_BATCH_BYTES) return false
    }
    return true
  }

  /**
   * Takes up to `countMax` deltas off the top of the stack, fewer where they are large: what is left is the fold of the
   * others. They are to be applied again, but for `dropped`.
   */
  async takeDown(countMax: number, dropped: ReadonlySet<DeltaId>): Promise<Pick<Fold, 'ops' | 'committed'>> {
    const { rows, state, turns } = this.#parts
    const transaction = state.begin()
    const ops: StoreOp[] = []
    let [bytes, changed] = [0, 0]
    let kept = this.#stack.length
    const isFull = () => ops.length >= 2 * countMax || bytes >= APPLY_BATCH_BYTES || changed >= APPLY_BATCH_ROWS
    for (; kept > 0 && !isFull(); kept -= 1) {
      const entry = this.#stack[kept - 1]
      const delta = entry && rows.delta(entry.id)
      if (!delta) throw gone(entry?.id)
      ops.push(rows.dropUndo(this.#base + kept - 1), rows.putDelta(delta, dropped.has(delta.id) ? 'voided' : 'again'))
      const at = this.#base + kept - 1
      const taken = await takeBack(this.#parts, transaction, { from: at, to: at + 1 })
      changed += taken.changed
      bytes += delta.sealed.byteLength + taken.bytes
    }
    const committed = () => {
      transaction.committed()
      this.#stack.splice(kept)
      this.#roots.forgetAbove(this.#base + kept, false)
    }
    return { ops: [...ops, ...(await turns.run(transaction.opsInPieces()))], committed }
  }

  /** Of an app whose merges commute: the same deltas in another order, in one batch. */
  async sorted({ undo, apply }: FoldPlan<Positioned>): Promise<Pick<Fold, 'ops' | 'committed'>> {
    const { transaction, ops, committed } = await this.#refold(this.#stack.length - undo, apply, new Map())
    const written = await this.#parts.turns.run(transaction.opsInPieces())
    this.requireSame(this.#parts.state.root, transaction.root())
    return { ops: [...ops, ...written], committed }
  }

  /** The roots of the same deltas, before they were brought into another order and behind that. */
  requireSame(before: RootHash, root: RootHash): void {
    if (root === before) return
    throw new Error(
      `merges of context ${idBase58(this.#parts.record.id)} do not commute: in another order the root is another`,
    )
  }

  /** Takes `keys` out of the state beneath all but the first `kept`, for good, and applies these again on what is left. */
  async swept(kept: number, keys: readonly Bytes[]): Promise<Pick<Fold, 'ops' | 'committed'>> {
    const { transaction, ops, committed } = await this.#refold(kept, this.#stack.slice(kept), new Map(), keys)
    const written = await this.#parts.turns.run(transaction.opsInPieces())
    return { ops: ops.concat(written), committed }
  }

  /** Takes the stack back to its first `kept` and applies `apply` on them. The state is left to the caller's batch. */
  async #refold(
    kept: number,
    apply: readonly Positioned[],
    arrived: ReadonlyMap<DeltaId, Arrived>,
    swept: readonly Bytes[] = [],
  ) {
    const { rows, state, turns } = this.#parts
    const transaction = state.begin()
    await takeBack(this.#parts, transaction, this.#above(kept))
    const ops: StoreOp[] = []
    for (let index = kept; index < this.#stack.length; index += 1) ops.push(rows.dropUndo(this.#base + index))
    await turns.run(transaction.applyInPieces(swept.map(without)))
    const entries: Placed[] = []
    for (const place of apply) {
      const entry = arrived.get(place.id) ?? this.stored(place.id)
      entries.push({ ...entry, place, version: versionIn(place) })
      await turns.spend(entry.delta.sealed.byteLength)
    }
    // Of several versions none may be stored before a parent of another, which sorts behind it.
    const isOne = entries.every(({ version }) => version === entries[0]?.version)
    const done = new Applied(transaction, (index) => {
      const entry = entries[index]
      return isOne && entry !== undefined && arrived.has(entry.delta.id)
    })
    const before = stateMark(state)
    await this.#effects.apply(done, transaction, entries)
    // What was taken away comes back, whatever the new ones beneath it have done.
    const again = entries.slice(done.undos.length).filter(({ delta }) => !arrived.has(delta.id))
    const rest = new Applied(transaction)
    await this.#effects.apply(rest, transaction, again)
    const undos = [...done.undos, ...rest.undos]
    const applied = [...entries.slice(0, done.undos.length), ...again]
    const places = applied.map(({ place }) => place)
    for (const [index, { delta, place }] of applied.entries()) {
      const undo = await turns.run(encodeUndoInPieces(undos[index] ?? { previous: [] }))
      ops.push(rows.pushUndo(this.#base + kept + index, place, undo))
      if (arrived.has(delta.id)) ops.push(rows.putDelta(delta, 'applied'))
    }
    const isMigrated = stateMark(transaction).version !== before.version
    const clock = this.#clockBehind(applied.filter(({ delta }) => arrived.has(delta.id)))
    if (clock > this.#clock) ops.push(rows.putClock(clock))
    const committed = () => {
      transaction.committed()
      if (clock > this.#clock) this.#clock = clock
      this.#stack.splice(kept)
      for (const place of places) this.#stack.push(place)
      this.#roots.forgetAbove(this.#base + kept, swept.length > 0)
      if (isMigrated) this.#parts.onMigrated()
    }
    const left = entries.length - applied.length
    return { transaction, ops, committed, left, isAsForeseen: done.isAsForeseen }
  }

  /**
   * What the clock may not fall behind in a restart, once these are stored: the HLC of a merge is when its call began, and a guest
   * that begins before that one ended would see times again. Of a clock that is far ahead no more than the stamps inside may be.
   */
  #clockBehind(applied: readonly Arrived[]): bigint {
    const { record, hlc } = this.#parts
    const newest = applied.reduce((most, { delta }) => (delta.hlc > most ? delta.hlc : most), 0n)
    if (record.storage === 'guest' || newest === 0n) return 0n
    return hlc.last < newest + STAMP_LEAD_MAX ? hlc.last : newest + STAMP_LEAD_MAX
  }

  #above(index: number): { readonly from: number; readonly to: number } {
    return { from: this.#base + index, to: this.#base + this.#stack.length }
  }

  /** Of a delta that was accepted before. */
  stored(id: DeltaId): Arrived {
    const delta = this.#parts.rows.delta(id)
    if (!delta) throw gone(id)
    return { delta, payload: this.open(delta) }
  }
}

/** Members have it: with the state made anew, all that is here is applied again, and what is lacking is asked for. */
function gone(id: DeltaId | undefined): StorageError {
  return new StorageError('STATE_CORRUPT', `accepted delta ${id} is gone from the store; the state is made anew`)
}
