// Brings deltas into a context's state, in the order `fold.ts` plans: undo records taken back, artifacts applied, new
// undo records made. Returns store operations for the caller's batch; nothing is written here.
import type { Bytes } from '../../base/bytes.ts'
import type { ApplicationId, DeltaId, RootHash } from '../../base/ids.ts'
import { atOnce, type InPieces } from '../../base/pieces.ts'
import { mergeInPieces } from '../../crdt/artifact.ts'
import { CrdtError } from '../../crdt/errors.ts'
import { isMachineFailure } from '../../runtime/guest-executor.ts'
import { FIRST_STATE_VERSION } from '../../runtime/module/state-schema.ts'
import { StorageError } from '../../storage/errors.ts'
import type { StateTransaction } from '../../storage/state-transaction.ts'
import type { StateChange } from '../../storage/state-view.ts'
import { encodeUndoInPieces, undoInPieces } from '../../storage/undo.ts'
import type { StoreOp } from '../../store/store.ts'
import { codeCutOf, type Delta, type DeltaPayload, openDelta } from '../../wire/delta.ts'
import { ContextError } from '../errors.ts'
import { logGuest } from '../guest-log.ts'
import { APPLY_BATCH_BYTES } from '../limits.ts'
import { stateMark } from '../migration/state-mark.ts'
import type { Upgrader } from '../migration/upgrader.ts'
import type { ContextParts } from '../parts.ts'
import { StagedMap } from '../staged-map.ts'
import type { Turns } from '../turns.ts'
import { Applied } from './applied.ts'
import { APPLY_METHOD, applyJob } from './apply-job.ts'
import { comparePositions, type Positioned, planFold, versionIn } from './fold.ts'
import { requireWhole } from './require-whole.ts'

export interface Arrived {
  readonly delta: Delta
  readonly payload: DeltaPayload
  /** What it is to do to the state: those behind it were made on that. */
  readonly foreseen?: readonly StateChange[]
}

/** With the version of the state that it was made for. */
interface Placed extends Arrived {
  readonly place: Positioned
  readonly version: number
}

export interface Fold {
  readonly ops: readonly StoreOp[]
  /** How many of what has arrived are in it: it ends with the first that did something else than was foreseen. */
  readonly count: number
  /** None did. */
  readonly isAsForeseen: boolean
  /** Call after the batch with `ops` has resolved. */
  committed(): void
}

type FolderParts = Pick<
  ContextParts,
  'record' | 'rows' | 'state' | 'executor' | 'code' | 'authority' | 'hlc' | 'stack' | 'pruned' | 'onMigrated' | 'log'
> & { readonly turns: Turns; readonly upgrader: Pick<Upgrader, 'versions' | 'migration'> }

export class Folder {
  readonly #parts: FolderParts
  readonly #stack: Positioned[]
  /** Position of the first of the stack: what was before it is pruned. */
  #base: number
  /** By position, the root beneath it. */
  readonly #roots = new Map<number, RootHash>()

  constructor(parts: FolderParts) {
    this.#parts = parts
    this.#base = parts.pruned?.base ?? 0
    this.#stack = [...parts.stack]
  }

  /** Applied and not pruned, in the order they were applied. */
  get stack(): readonly Positioned[] {
    return this.#stack
  }

  /** Position in the store of the first of the stack. */
  get base(): number {
    return this.#base
  }

  /**
   * The root before the delta at `index` of the stack was applied. Costs what is above it, once: it is remembered, as are
   * those at `above`, which ascend and are asked for if need be, until something beneath them changes.
   */
  async rootBelow(index: number, above: () => readonly number[] = () => []): Promise<RootHash> {
    const known = this.#roots.get(this.#base + index)
    if (known !== undefined) return known
    const transaction = this.#parts.state.begin()
    let from = this.#stack.length
    for (const place of [index, ...above()].reverse()) {
      await this.#revertTo(place, transaction, from)
      this.#roots.set(this.#base + place, await this.#parts.turns.run(transaction.rootInPieces()))
      from = place
    }
    return transaction.root()
  }

  /** The first `count` of the stack are behind a stored checkpoint. */
  prune(count: number): void {
    this.#stack.splice(0, count)
    this.#base += count
    for (const position of this.#roots.keys()) if (position < this.#base) this.#roots.delete(position)
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

  /**
   * Takes up to `countMax` deltas off the top of the stack, fewer where they are large: what is left is the fold of the
   * others. They are to be applied again, but for `dropped`.
   */
  async takeDown(countMax: number, dropped: ReadonlySet<DeltaId>): Promise<Pick<Fold, 'ops' | 'committed'>> {
    const { rows, state, turns } = this.#parts
    const ops: StoreOp[] = []
    let bytes = 0
    let kept = this.#stack.length
    for (; kept > 0 && ops.length < 2 * countMax && bytes < APPLY_BATCH_BYTES; kept -= 1) {
      const entry = this.#stack[kept - 1]
      const delta = entry && rows.delta(entry.id)
      if (!delta) throw gone(entry?.id)
      ops.push(rows.dropUndo(this.#base + kept - 1), rows.putDelta(delta, dropped.has(delta.id) ? 'voided' : 'again'))
      bytes += delta.sealed.byteLength
    }
    const transaction = state.begin()
    await this.#revertTo(kept, transaction)
    const committed = () => {
      transaction.committed()
      this.#stack.splice(kept)
      this.#forgetRoots(kept)
    }
    return { ops: [...ops, ...(await turns.run(transaction.opsInPieces()))], committed }
  }

  /** Of an app whose merges commute: the same deltas, in canonical order. Undefined where they are. */
  async sorted(): Promise<Pick<Fold, 'ops' | 'committed'> | undefined> {
    const target = this.#stack.toSorted(comparePositions)
    const kept = target.findIndex((entry, index) => entry !== this.#stack[index])
    if (kept === -1) return undefined
    const { transaction, ops, committed } = await this.#refold(kept, target.slice(kept), new Map())
    const { record, state, turns } = this.#parts
    const written = await turns.run(transaction.opsInPieces())
    if (transaction.root() !== state.root) {
      throw new Error(`merges of context ${record.id} do not commute: in another order the root is another`)
    }
    return { ops: [...ops, ...written], committed }
  }

  /** Takes the stack back to its first `kept` and applies `apply` on them. The state is left to the caller's batch. */
  async #refold(kept: number, apply: readonly Positioned[], arrived: ReadonlyMap<DeltaId, Arrived>) {
    const { rows, state, turns } = this.#parts
    const transaction = state.begin()
    await this.#revertTo(kept, transaction)
    const ops: StoreOp[] = []
    for (let index = kept; index < this.#stack.length; index += 1) ops.push(rows.dropUndo(this.#base + index))
    const entries: Placed[] = []
    for (const place of apply) {
      const entry = arrived.get(place.id) ?? this.stored(place.id)
      entries.push({ ...entry, place, version: versionIn(place) })
      await turns.spend(entry.delta.sealed.byteLength)
    }
    const done = new Applied(transaction)
    const before = stateMark(state)
    await this.#apply(done, transaction, entries)
    // What was taken away comes back, whatever the new ones beneath it have done.
    const again = entries.slice(done.undos.length).filter(({ delta }) => !arrived.has(delta.id))
    const rest = new Applied(transaction)
    await this.#apply(rest, transaction, again)
    const undos = [...done.undos, ...rest.undos]
    const applied = [...entries.slice(0, done.undos.length), ...again]
    const places = applied.map(({ place }) => place)
    for (const [index, { delta, place }] of applied.entries()) {
      const undo = await turns.run(encodeUndoInPieces(undos[index] ?? { previous: [] }))
      ops.push(rows.pushUndo(this.#base + kept + index, place, undo))
      if (arrived.has(delta.id)) ops.push(rows.putDelta(delta, 'applied'))
    }
    const isMigrated = stateMark(transaction).version !== before.version
    const committed = () => {
      transaction.committed()
      this.#stack.splice(kept)
      for (const place of places) this.#stack.push(place)
      this.#forgetRoots(kept)
      if (isMigrated) this.#parts.onMigrated()
    }
    const left = entries.length - applied.length
    return { transaction, ops, committed, left, isAsForeseen: done.isAsForeseen }
  }

  /** Only the first `kept` of the stack are as they were. */
  #forgetRoots(kept: number): void {
    for (const position of this.#roots.keys()) if (position > this.#base + kept) this.#roots.delete(position)
  }

  /** From above its first `from`. */
  async #revertTo(index: number, transaction: StateTransaction, from = this.#stack.length): Promise<void> {
    const { rows, turns } = this.#parts
    for (let position = this.#base + from - 1; position >= this.#base + index; position -= 1) {
      const row = rows.undo(position)
      await turns.run(takenBack(transaction, row.undo))
      await turns.spend(row.undo.byteLength)
    }
  }

  /** Of a delta that was accepted before. */
  stored(id: DeltaId): Arrived {
    const delta = this.#parts.rows.delta(id)
    if (!delta) throw gone(id)
    return { delta, payload: this.open(delta) }
  }

  /** Those of one version after the other, each on a state of that version. */
  async #apply(done: Applied, transaction: StateTransaction, entries: readonly Placed[]): Promise<void> {
    for (let start = 0; start < entries.length && done.isAsForeseen; ) {
      const { version = FIRST_STATE_VERSION } = entries[start] ?? {}
      const next = entries.findIndex((entry, index) => index > start && entry.version !== version)
      const run = entries.slice(start, next === -1 ? entries.length : next)
      start += run.length
      const { version: at } = stateMark(transaction)
      if (at === version) await this.#applyRun(done, transaction, run)
      else if (at < version) await this.#applyMigrated(done, transaction, run)
      else this.#leaveOut(done, run, `the state is at version ${at}, which a checkpoint beneath has brought it to`)
    }
  }

  #applyRun(done: Applied, transaction: StateTransaction, run: readonly Arrived[]): Promise<void> {
    return this.#parts.record.storage === 'guest'
      ? this.#guests(done, transaction, run)
      : this.#merge(done, transaction, run)
  }

  /**
   * At the first one; where it cannot be done there at the next, which may be of other code, and is of another time. Each is tried, as
   * it is where they come one by one.
   */
  async #applyMigrated(done: Applied, transaction: StateTransaction, run: readonly Placed[]): Promise<void> {
    const { migration, versions } = this.#parts.upgrader
    for (const [index, entry] of run.entries()) {
      const running = versions.runningAt(entry.delta)
      const { id: deltaId, hlc } = entry.delta
      if (running) {
        const migrated = await migration.run(transaction, { running, version: entry.version, hlc, deltaId })
        if ('undo' in migrated) {
          done.join(migrated.undo)
          return this.#applyRun(done, transaction, run.slice(index))
        }
      }
      this.#leaveOut(done, [entry], 'its state cannot be reached from the one that is here')
      if (!done.isAsForeseen) return
    }
  }

  #leaveOut(done: Applied, run: readonly Placed[], why: string): void {
    const ids = run.map(({ delta }) => delta.id)
    this.#parts.log.warn({ ids, why }, 'made for another version of the state: without effect')
    for (const { foreseen } of run) if (done.isAsForeseen) atOnce(done.add([], foreseen))
  }

  async #merge(done: Applied, transaction: StateTransaction, entries: readonly Arrived[]): Promise<void> {
    const { turns } = this.#parts
    for (const entry of entries) {
      await turns.run(this.#mergeOne(done, transaction, entry))
      if (!done.isAsForeseen) return
      await turns.spend(entry.payload.artifact.bytes.byteLength)
    }
  }

  *#mergeOne(done: Applied, transaction: StateTransaction, { delta, payload, foreseen }: Arrived): InPieces {
    const staged = new StagedMap(transaction)
    try {
      if (payload.artifact.kind === 'host' && payload.artifact.bytes.byteLength > 0) {
        const origin = { author: delta.author, hlc: delta.hlc }
        const { unauthorised } = yield* mergeInPieces(staged, payload.artifact.bytes, origin)
        // An honest node never makes one: the host refuses it in the call.
        if (unauthorised > 0) {
          const fields = { deltaId: delta.id, author: delta.author, unauthorised }
          this.#parts.log.warn(fields, 'writes to what belongs to others have no effect')
        }
      }
      yield* done.add(staged.changes(), foreseen)
    } catch (error) {
      if (!(error instanceof CrdtError)) throw error
      if (error.code === 'CRDT_STATE_CORRUPT') {
        const merge = { artifact: payload.artifact.bytes, author: delta.author, hlc: delta.hlc }
        requireWhole(this.#parts.state, transaction, merge)
      }
      // The same bytes are refused by everyone: the delta has no effect anywhere.
      this.#parts.log.warn({ deltaId: delta.id, error: error.message }, 'an artifact is malformed: it has no effect')
      yield* done.add([], foreseen)
    }
  }

  /** Each by the code that the context ran where its artifact was made: the same on every node, whatever is run by now (I1). */
  async #guests(done: Applied, transaction: StateTransaction, entries: readonly Arrived[]): Promise<void> {
    for (const { applicationId, run } of this.#runs(entries)) {
      const storage = this.#parts.code.storageOf(applicationId)
      if (storage === undefined) throw this.#withoutCode(applicationId, run)
      if (storage === 'guest') await this.#guestRun(done, transaction, { applicationId, run })
      else {
        const ids = run.map(({ delta }) => delta.id)
        this.#parts.log.warn({ ids, applicationId }, 'made with code for another kind of state: without effect')
        for (const { foreseen } of run) if (done.isAsForeseen) atOnce(done.add([], foreseen))
      }
      if (!done.isAsForeseen) return
    }
  }

  /** It was here when they were taken in. */
  #withoutCode(applicationId: ApplicationId, [first]: readonly Arrived[]): Error {
    this.#parts.code.want(applicationId)
    const why = `the code of application ${applicationId} is not on this node`
    return first ? postponed(first.delta, why) : new Error(why)
  }

  #runs(entries: readonly Arrived[]): { readonly applicationId: ApplicationId; readonly run: Arrived[] }[] {
    const { authority, record } = this.#parts
    const runs: { applicationId: ApplicationId; run: Arrived[] }[] = []
    for (const entry of entries) {
      const applicationId = authority.applicationAt(record.id, codeCutOf(entry.delta)) ?? record.applicationId
      const last = runs.at(-1)
      if (last?.applicationId === applicationId) last.run.push(entry)
      else runs.push({ applicationId, run: [entry] })
    }
    return runs
  }

  async #guestRun(
    done: Applied,
    transaction: StateTransaction,
    { applicationId, run }: { readonly applicationId: ApplicationId; readonly run: readonly Arrived[] },
  ): Promise<void> {
    const { executor, code, record, state, hlc, log } = this.#parts
    // What only brings the state to another version has none.
    const jobs = run
      .filter(({ payload }) => payload.artifact.bytes.byteLength > 0)
      .map(({ delta, payload }) => applyJob(delta, payload))
    const source = { contextId: record.id, generation: state.generation, staged: transaction.staged() }
    const outcomes = jobs.length === 0 ? [] : await executor.run(await code.module(applicationId), source, jobs, {})
    let next = 0
    for (const { delta, payload, foreseen } of run) {
      if (payload.artifact.bytes.byteLength === 0) {
        atOnce(done.add([], foreseen))
        if (!done.isAsForeseen) return
        continue
      }
      const outcome = outcomes[next]
      next += 1
      if (!outcome) throw new Error('the executor returned fewer outcomes than jobs, and no machine failure before')
      hlc.observe(outcome.timeNs)
      logGuest(log, 'debug', { method: APPLY_METHOD, lines: outcome.logs })
      let changes: readonly StateChange[] = outcome.changes
      if (outcome.status !== 'ok') {
        // A limit of this machine must never decide an outcome (I1): the delta is not taken now, sync brings it again.
        if (isMachineFailure(outcome)) throw postponed(delta, outcome.error?.message ?? 'no reason given')
        log.warn({ deltaId: delta.id, error: outcome.error?.message }, 'the guest refused a delta: it has no effect')
        changes = []
      }
      await this.#parts.turns.run(done.add(changes, foreseen))
      if (!done.isAsForeseen) return
      await this.#parts.turns.spend(0)
    }
  }
}

/** Members have it: with the state made anew, all that is here is applied again, and what is lacking is asked for. */
function gone(id: DeltaId | undefined): StorageError {
  return new StorageError('STATE_CORRUPT', `accepted delta ${id} is gone from the store; the state is made anew`)
}

function* takenBack(transaction: StateTransaction, row: Bytes): InPieces {
  yield* transaction.revertInPieces(yield* undoInPieces(row))
}

function postponed(delta: Pick<Delta, 'id'>, why: string): ContextError {
  return new ContextError(
    'APPLY_POSTPONED',
    `delta ${delta.id} could not be applied in time (${why}); it will be retried`,
    { data: { deltaId: delta.id } },
  )
}
