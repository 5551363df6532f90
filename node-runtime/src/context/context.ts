// One context on this node: the queue through which calls and arriving deltas pass, and what other folders see of it.
// It knows its namespace only as an `Authority` and other nodes only as `Outbound`.
//
// Invariants:
// 1. Everything that changes rows, state or the DAG runs in the one queue, one task at a time.
// 2. A call and an apply are one store batch each: delta row, state, undo, handler rows, outbox marker (I2).
// 3. Memory follows the store: it changes after the batch has resolved. When a batch fails, the instance is given up
//    (`onBroken`) and the next one is read from the store.
// 4. The author's own delta enters the state by the same apply as everyone else's (I1).
import type { Bytes } from '../base/bytes.ts'
import { type AccountId, type DeltaId, idBase58, type PublicKey, type RootHash } from '../base/ids.ts'
import type { Bound } from '../reconcile/item-key.ts'
import type { SetView } from '../reconcile/set-view.ts'
import { TreeView } from '../storage/tree-view.ts'
import type { CertifiedCheckpoint } from '../wire/checkpoint.ts'
import type { Delta } from '../wire/delta.ts'
import type { HeadsBeat } from '../wire/gossip.ts'
import type { Look } from './apply/intake.ts'
import type { ReceiveResult } from './apply/receiver.ts'
import type { Restoration } from './apply/restoration.ts'
import { type CallMeta, type CallRequest, type CallResult, CLIENTS_CALL, type PendingCall } from './calls/call.ts'
import { ContextError } from './errors.ts'
import type { HandlerTask } from './handlers/handler-queue.ts'
import type { Difference } from './mending/doubts.ts'
import type { Upgrader } from './migration/upgrader.ts'
import type { ContextParts, ContextRecord } from './parts.ts'
import type { PeerId } from './ports.ts'
import type { SnapshotPages } from './retention/adoption.ts'
import type { Step } from './retention/pruner.ts'
import { checkpointEntries } from './retention/snapshot-source.ts'
import type { Waiting, WaitingRows } from './waiting/waiting-rows.ts'
import { type ContextWorks, contextWorks } from './wiring.ts'

export class Context {
  readonly record: ContextRecord
  /** What waits, item by item, and what was given up. */
  readonly waitingRows: WaitingRows
  /** Runs before anybody else has an instance whose rows are partial. */
  readonly restoration: Restoration
  readonly #parts: ContextParts
  readonly #works: ContextWorks
  #closed = false

  constructor(parts: ContextParts) {
    this.record = parts.record
    this.#parts = parts
    this.#works = contextWorks(parts, {
      holds: (id) => this.holds(id),
      handle: (task) => this.#handle(task),
      reconsider: (look) => this.reconsider(look),
      callOnOwn: (calls) => this.#callOnOwn(calls),
    })
    this.waitingRows = this.#works.waitingRows
    this.restoration = this.#works.restoration
  }

  get root(): RootHash {
    return this.#works.ledger.shown.root
  }

  /** Digest of the removals of members that `root` was judged by; undefined while some deltas are not. */
  get removals(): Bytes | undefined {
    return this.#works.ledger.shown.removals
  }

  /** Hash of the checkpoint beneath `root`; undefined while nothing is pruned. */
  get beneath(): Bytes | undefined {
    return this.#works.ledger.shown.checkpoint
  }

  /** True for what has this hash and is beneath, or was before. */
  hasStoodOn(checkpoint: Bytes): boolean {
    return this.#works.pruner.hasStoodOn(checkpoint)
  }

  /** The state that it has, and why it has no later one where the log names one. */
  get migration(): Pick<Upgrader, 'mark' | 'failed'> {
    return this.#works.upgrader
  }

  get sizeInBytes(): number {
    return this.#parts.state.sizeBytes
  }

  /** With `root`, what others may take for ours: it moves once all of an arrival is applied, never before (I5). */
  heads(): DeltaId[] {
    return [...this.#works.ledger.shown.heads]
  }

  /** What waits and why, for status routes and the sync report. */
  waiting(): Waiting {
    return this.waitingRows.counts()
  }

  /** True for a delta that is held here in any state: no peer needs to send it. */
  holds(id: DeltaId): boolean {
    return this.#parts.dag.has(id) || this.#works.intake.isParked(id)
  }

  /** True for a delta that can never be taken here, as far as it is remembered: no peer needs to send it again. */
  refuses(id: DeltaId): boolean {
    return this.#works.intake.isRefused(id)
  }

  missing(limit: number): DeltaId[] {
    return this.#parts.dag
      .missing(limit + this.#works.intake.parkedCount)
      .filter((id) => !this.#works.intake.isParked(id))
      .slice(0, limit)
  }

  /**
   * Runs `work`, which must not wait, on the set of the ids held here in any state, as of the last batch: each can be had
   * by `delta` then.
   */
  readHeld<T>(work: (view: SetView) => T): T {
    return this.#parts.held.read(work)
  }

  /** What is before it was pruned here, and is compared with nobody. */
  heldFrom(): Bound {
    return this.#works.pruner.bound
  }

  /** How far history is pruned here; undefined while all of it is. */
  checkpoint(): CertifiedCheckpoint | undefined {
    return this.#works.pruner.certified
  }

  /** What another part of the group stands on, and may not be taken here. */
  other(): CertifiedCheckpoint | undefined {
    return this.#works.pruner.other
  }

  /** Prunes to a peer's where just what it contains is held here; `behind`: its snapshot is to be taken. */
  async advance(certified: CertifiedCheckpoint): Promise<Step> {
    if (this.#parts.isDamaged) return this.#works.pruner.mayReplace(certified) ? 'behind' : 'none'
    if (!this.#works.pruner.isNext(certified)) return 'none'
    return this.#works.queue.run(() => this.#works.pruner.advance(certified))
  }

  /** The state at our checkpoint, which this is the hash of, from behind a key on. Throws CONTEXT_BUSY. */
  snapshot(checkpoint: Bytes, after: Bytes | undefined): AsyncIterable<readonly [Bytes, Bytes]> {
    if (this.#parts.isDamaged)
      throw new ContextError('CONTEXT_BUSY', `the state of context ${idBase58(this.record.id)} is damaged here`)
    return checkpointEntries({ store: this.#parts.store, contextId: this.record.id, checkpoint, after })
  }

  /** Takes the state of a greater checkpoint than ours. When true is returned, this instance has ended. */
  adopt(checkpoint: CertifiedCheckpoint, from: PeerId, pages: SnapshotPages): Promise<boolean> {
    return this.#works.adoption.adopt(checkpoint, from, pages)
  }

  /**
   * Our heads, signed: what we have. Undefined while stored deltas are judged again, or still to be after a start; and from an
   * instance that has ended, which a conversation may still hold: with a new stamp it would say that what came since is not here.
   */
  beat(): HeadsBeat | undefined {
    if (this.#closed || this.#works.ledger.hasEnded) return undefined
    const { folder, frontier, ledger, pruner, rewriting, upgrader, witness } = this.#works
    const state = upgrader.said(rewriting.isOwing ? folder.versionBeneath : undefined)
    return frontier.own(witness.toSign(ledger.shown), { vouch: pruner.vouch, state })
  }

  /** The newest beat of each other member that is known here, however it came. */
  beats(): HeadsBeat[] {
    return this.#works.frontier.beats()
  }

  /** The newest of one member, which may only read. */
  beatOf(member: PublicKey): HeadsBeat | undefined {
    return this.#works.frontier.beatOf(member)
  }

  /** Takes beats from anybody; only genuine ones of members, newer than what is known, count. */
  async acknowledge(beats: readonly HeadsBeat[]): Promise<void> {
    const taken = beats.filter((beat) => this.#works.frontier.take(beat))
    this.#works.ledger.settle()
    if (this.#works.frontier.heardOfStates()) this.#parts.onStateSaid()
    if (taken.length === 0) return
    this.#works.pruner.heard()
    if (this.#works.frontier.isSavingDue && !this.#parts.isDamaged)
      await this.#works.queue.run(() => this.#works.ledger.commit([]))
  }

  delta(id: DeltaId): Delta | undefined {
    return this.#parts.rows.delta(id)
  }

  encodedDelta(id: DeltaId): Bytes | undefined {
    return this.#parts.rows.encodedDelta(id)
  }

  base(): AsyncIterable<readonly [Bytes, Bytes]> {
    return this.#parts.rows.base()
  }

  /** Starts what was interrupted: handlers that wait, deltas that were committed but perhaps never sent. */
  async resume(): Promise<void> {
    if (this.#parts.isDamaged) return this.#works.mending.run()
    this.#works.sweeper.wake()
    await this.#works.queue.run(() => this.#works.revision.runIfDue().then(() => this.#works.witness.note()))
    this.#works.handlers.wake()
    await this.restoration.run()
    await this.#works.rewriting.run()
    await this.#works.queue.run(() => this.#works.upgrader.ownEntries.count())
    for (const id of await this.#parts.rows.outgoing()) {
      const delta = this.#parts.rows.delta(id)
      if (delta) this.#works.ledger.publish(delta)
    }
  }

  /**
   * Runs a method. Resolves after the batch has committed. Throws ContextError: NOT_A_MEMBER, GROUP_KEY_PENDING,
   * GUEST_FAILED (what the guest said in `data`), CONTEXT_BUSY, also where it wants to write and what comes first cannot be written.
   */
  async call(request: CallRequest): Promise<CallResult> {
    for (;;) {
      const result = await this.#works.calls.call(request, CLIENTS_CALL)
      if (result) return result
      const refusal = this.#works.wholeness.refusal()
      if (refusal) throw refusal
      await this.#works.rewriting.over(request.signal)
      if (!this.#closed) continue
      // Ended by a write that failed, a state that was taken or an upgrade: the next instance waits on, if there is to be one.
      const message = `context ${idBase58(this.record.id)} is being read again`
      throw new ContextError('CONTEXT_FAILED', message)
    }
  }

  /** Brings the state to the version of the code that the log names, if that can be done now. */
  upgrade(): Promise<void> {
    this.#works.upgrader.forget()
    return this.#works.queue.run(() => this.#works.caller.upgrade())
  }

  /** Runs a method that waited in a queue. Throws as `call` does, and CONTEXT_BUSY where it wants to write and may not now. */
  async runQueued(request: CallRequest, meta: CallMeta): Promise<void> {
    // Tried all the time, as most of them want to write: not even the guest runs.
    const refusal = this.#works.wholeness.refusal()
    if (refusal || this.#works.rewriting.isResting) throw refusal ?? this.#works.rewriting.notNow()
    if (await this.#works.calls.call(request, meta)) return
    throw this.#works.rewriting.notNow()
  }

  /** Takes deltas from a peer, in any order, known ones included. */
  receive(deltas: readonly Delta[], from?: PeerId): Promise<ReceiveResult> {
    return this.#works.arrivals.receive(deltas, from).finally(() => this.#works.sweeper.wake())
  }

  /**
   * Runs `work` while the context stands still: nothing is applied, written, pruned or acknowledged that was not before.
   * `accepted` gives heads in whose past is all that is accepted here from an account.
   */
  standStill<T>(work: (accepted: (account: AccountId) => Promise<DeltaId[]>) => Promise<T>): Promise<T> {
    return this.#works.queue.run(() => work((account) => this.#works.accepted((each) => each === account)))
  }

  /** Looks again at what a removal has made void, and at what is parked. */
  async reconsider(look: Look = 'due'): Promise<void> {
    if (this.#parts.isDamaged) return
    await this.#works.reconsidering.run(look)
    this.#works.sweeper.wake()
  }

  /** Of the state at this root, to be closed; undefined where it has another one by now. */
  tree(root: RootHash): TreeView | undefined {
    const { isDamaged, record, store } = this.#parts
    return isDamaged ? undefined : TreeView.open(store, record.id, root)
  }

  /** A member says to have another root for all that we have, judged and pruned as here. */
  doubt(difference: Difference): Promise<void> {
    return this.#works.mending.doubt(difference)
  }

  /** True from the beginning of `close`: nothing is done here any more. */
  get isClosed(): boolean {
    return this.#closed
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#works.rewriting.close()
    this.#works.intake.close()
    this.#works.sweeper.close()
    this.#works.pruner.close()
    this.#works.mending.close()
    this.#works.witness.close()
    await this.#works.handlers.close()
    await this.#works.queue.close()
    this.#works.ledger.close()
  }

  /**
   * After a swap our own deltas that the snapshot did not hold come first: a call before them would count from where they
   * began, and of two equal counts of one member one is lost. While they cannot, calls that want to write are not answered.
   */
  async #callOnOwn(calls: readonly PendingCall[]): Promise<void> {
    const own = await this.#works.rewriting.all()
    await this.#works.caller.run(calls, this.#works.wholeness.refusal() === undefined ? own : 'waiting')
    this.#works.pruner.wake()
  }

  #handle(task: HandlerTask): Promise<void> {
    const { handler, data, depth } = task.row
    return this.runQueued({ method: handler, input: data }, { depth, settle: task.settle, isEverywhere: true })
  }
}
