// Writes what calls that have run together have done: a delta each, one batch for all, one root; then gossip, events and
// answers. A call that fails here fails alone.
import type { ApplicationId, BlobId } from '../../base/ids.ts'
import type { GuestOutcome } from '../../runtime/guest-executor.ts'
import type { StoreOp } from '../../store/store.ts'
import { type Delta, type DeltaPayload, type EventRecord, signDeltas, type UnsignedDelta } from '../../wire/delta.ts'
import type { Arrived } from '../apply/effects.ts'
import type { Fold, Folder } from '../apply/folder.ts'
import { BlobEffects } from '../blobs/blob-effects.ts'
import { ContextError } from '../errors.ts'
import { logGuest } from '../guest-log.ts'
import type { Ledger } from '../ledger.ts'
import { CALL_GROUP_BYTES, CALL_GROUP_MAX } from '../limits.ts'
import type { Upgrader } from '../migration/upgrader.ts'
import { type ContextParts, nodeOf } from '../parts.ts'
import type { AskedXCalls } from '../xcalls/xcalls.ts'
import { isHandler, type OwnState, type PendingCall } from './call.ts'
import type { Ran } from './guest-run.ts'
import {
  guestFailure,
  hasArtifact,
  isWriting,
  leavesTrace,
  payloadOf,
  refusedHandler,
  stampsBegan,
  takesPart,
} from './outcomes.ts'
import { Parents, sealCall } from './sealing.ts'
import { type LogBody, operationsOf, ProposalPace } from './taking-part.ts'

export interface Turn {
  readonly applicationId: ApplicationId
  /** While it is not `done`, no delta is made. */
  readonly own: OwnState
}

/** A call that has run, and what goes into the batch for it. */
interface Done {
  readonly call: PendingCall
  readonly outcome: GuestOutcome
  readonly blobs: BlobEffects
  /** Its delta, which is signed with those of the others. */
  sealed: { readonly delta: UnsignedDelta; readonly payload: DeltaPayload } | undefined
  written: Arrived | undefined
  ops: readonly StoreOp[]
  bodies: readonly LogBody[]
  /** Of other contexts. */
  asked: AskedXCalls | undefined
  /** It wants to write, and may not now. */
  isLater: boolean
  /** A handler's, of a member that may only read: it has run, and nothing of it is kept or told. */
  isDropped: boolean
  /** Instead of an answer. */
  failure: { readonly error: unknown } | undefined
}

interface Batch {
  readonly written: readonly Arrived[]
  /** Of `written`; undefined: there are none. */
  readonly fold: Fold | undefined
  readonly ops: readonly StoreOp[]
  readonly bodies?: readonly LogBody[]
  /** Called once the batch has resolved. */
  readonly committed?: () => void
}

export type CallWriterParts = Pick<
  ContextParts,
  | 'record'
  | 'rows'
  | 'state'
  | 'dag'
  | 'identity'
  | 'hlc'
  | 'nowMs'
  | 'random'
  | 'authority'
  | 'blobParts'
  | 'xcalls'
  | 'log'
> & { readonly folder: Folder; readonly ledger: Ledger; readonly upgrader: Upgrader }

export class CallWriter {
  readonly #parts: CallWriterParts
  readonly #pace = new ProposalPace()
  #groupMax = CALL_GROUP_MAX

  constructor(parts: CallWriterParts) {
    this.#parts = parts
  }

  /** How many calls are worth a turn: one after a delta that did something else than its call, then more again. */
  get groupMax(): number {
    return this.#groupMax
  }

  blobsOf(outcome: GuestOutcome): BlobEffects {
    const { record, blobParts, log } = this.#parts
    return new BlobEffects(record.id, { ...blobParts, log }, outcome)
  }

  /**
   * Writes and answers the first `count` of `ran`, which are some. `isCut`: what those behind them have seen is not so, and
   * they have not run. Throws when the batch has failed, and all with it.
   */
  async commit(ran: readonly Ran[], turn: Turn): Promise<{ readonly count: number; readonly isCut: boolean }> {
    const { done, isCut } = await this.#prepare(ran, turn)
    try {
      this.#sign(done)
      const standing = await this.#write(done)
      for (const each of standing) this.#answer(each)
      return { count: standing.length, isCut: isCut || standing.length < done.length }
    } finally {
      for (const { blobs } of done) await blobs.end()
    }
  }

  /** One batch. */
  async store({ written, fold, ops, bodies = [], committed = () => {} }: Batch): Promise<void> {
    const { authority, ledger, rows, dag } = this.#parts
    const own = [...(fold?.ops ?? []), ...ops, ...written.map(({ delta }) => rows.markOutgoing(delta.id))]
    const commit = async (more: readonly StoreOp[]) => {
      await ledger.commit([...own, ...more])
      fold?.committed()
      committed()
    }
    if (bodies.length > 0) await authority.submitAll(bodies, commit)
    else if (own.length > 0) await commit([])
    else committed()
    for (const { delta } of written) dag.receive(nodeOf(delta))
    if (written.length > 0) ledger.show()
  }

  /** Tells the others of a delta, and who watches of its events. It is stored. */
  tell(delta: Delta, events: readonly EventRecord[]): void {
    const { ledger } = this.#parts
    ledger.publish(delta)
    ledger.emit(delta.id, events)
  }

  /** The first of them, up to one of whose effects the next have not seen all, or that is too much for one batch. */
  async #prepare(ran: readonly Ran[], turn: Turn): Promise<{ readonly done: Done[]; readonly isCut: boolean }> {
    const parents = new Parents(this.#parts.dag, this.#parts.identity.publicKey)
    const done: Done[] = []
    let bytes = 0
    for (const { call, outcome } of ran) {
      bytes += outcome.artifact?.bytes.byteLength ?? 0
      // What it proposes may be refused with its batch, which is to be nobody else's.
      const isApart = bytes > CALL_GROUP_BYTES || takesPart(outcome)
      if (isApart && done.some(({ sealed, ops }) => sealed !== undefined || ops.length > 0)) break
      const nothing = {
        sealed: undefined,
        written: undefined,
        ops: [],
        bodies: [],
        asked: undefined,
        isLater: false,
        isDropped: false,
        failure: undefined,
      }
      const each: Done = { call, outcome, blobs: this.blobsOf(outcome), ...nothing }
      done.push(each)
      try {
        await this.#prepareOne(each, turn, parents)
      } catch (error) {
        each.failure = { error }
      }
      if (!isSeenAsItIs(each)) return { done, isCut: true }
    }
    return { done, isCut: false }
  }

  async #prepareOne(done: Done, { applicationId, own }: Turn, parents: Parents): Promise<void> {
    const { record, identity, authority, xcalls } = this.#parts
    const { call, outcome, blobs } = done
    const { request, meta } = call
    request.signal?.throwIfAborted()
    if (outcome.error?.damaged !== undefined) this.#verifyBlob(outcome.error.damaged)
    if (outcome.status !== 'ok') throw guestFailure(request.method, outcome)
    if (isHandler(meta) && !authority.mayWrite(record.id, identity.publicKey)) {
      done.isDropped = true
      done.ops = meta.settle
      return
    }
    done.isLater = own === 'waiting' ? isWriting(done) : own === 'refused' && hasArtifact(outcome)
    if (done.isLater) return
    done.bodies = this.#partOf(outcome, meta.isEverywhere, request.method)
    if (outcome.xcalls.length > 0) done.asked = xcalls.ask(record.id, outcome.xcalls, meta)
    const placed = await blobs.place()
    const payload = payloadOf(outcome, meta.depth)
    if (payload) {
      await authority.renewKey(record.groupId)
      const made = { payload, applicationId, beganNs: stampsBegan(outcome) }
      done.sealed = { delta: sealCall(made, parents, { parts: this.#parts }), payload }
    }
    done.ops = [...this.#privateOps(outcome), ...placed, ...(done.asked?.ops ?? []), ...meta.settle]
  }

  /** One signature for all: the deltas of a call that fails from here on are shown to nobody. */
  #sign(done: readonly Done[]): void {
    const writing = done.filter(({ failure }) => !failure)
    const sealed = writing.flatMap((each) => each.sealed?.delta ?? [])
    const signed = new Map(signDeltas(sealed, this.#parts.identity).map((delta) => [delta.id, delta]))
    for (const each of writing) {
      const delta = each.sealed && signed.get(each.sealed.delta.id)
      if (each.sealed && delta) each.written = { delta, payload: each.sealed.payload, foreseen: each.outcome.changes }
    }
  }

  /** Those that stand: behind a call whose delta does something else to the state than it has, they have not run. */
  async #write(done: readonly Done[]): Promise<readonly Done[]> {
    const { fold, standing } = await this.#fold(done)
    if (fold) this.#groupMax = fold.isAsForeseen ? Math.min(CALL_GROUP_MAX, 2 * this.#groupMax) : 1
    const written = standing.flatMap((each) => each.written ?? [])
    const ops = standing.flatMap((each) => each.ops)
    const proposing = standing.find(({ bodies }) => bodies.length > 0)
    const committed = () => {
      for (const { blobs, failure, isLater, isDropped } of standing) {
        if (!failure && !isLater && !isDropped) blobs.committed()
      }
    }
    try {
      await this.store({ written, fold, ops, bodies: proposing?.bodies ?? [], committed })
    } catch (error) {
      // Of the others none writes.
      if (proposing === undefined) throw error
      proposing.failure = { error }
    }
    return standing
  }

  async #fold(done: readonly Done[]): Promise<{ readonly fold: Fold | undefined; readonly standing: readonly Done[] }> {
    const writing = done.filter((each) => each.written !== undefined)
    const written = writing.flatMap((each) => each.written ?? [])
    if (written.length === 0) return { fold: undefined, standing: done }
    const upTo = (last: Done | undefined) => done.slice(0, last === undefined ? 0 : done.indexOf(last) + 1)
    const { folder } = this.#parts
    try {
      const fold = await folder.fold(written)
      return { fold, standing: fold.count === written.length ? done : upTo(writing[fold.count - 1]) }
    } catch (error) {
      // A delta that this machine could not apply in time is its call's failure; those before it go on without it.
      const index = written.findIndex(({ delta }) => isPostponed(error, delta))
      const [failed, last] = [writing[index], writing[index - 1]]
      if (!failed) throw error
      if (last) return this.#fold(upTo(last))
      failed.failure = { error }
      failed.written = undefined
      failed.ops = []
      return { fold: undefined, standing: upTo(failed) }
    }
  }

  #answer({ call, outcome, written, asked, isLater, isDropped, failure }: Done): void {
    const { ledger, log, state } = this.#parts
    const { method } = call.request
    if (call.meta.depth > 0) logGuest(log, 'info', { method, lines: outcome.logs })
    if (failure) call.reject(failure.error)
    else if (isLater) call.resolve(undefined)
    else if (isDropped) {
      if (leavesTrace(outcome)) log.debug({ method }, 'what a handler wrote is dropped: this member may only read')
      call.resolve({ value: outcome.value, logs: outcome.logs, deltaId: undefined })
    } else {
      if (written) {
        this.tell(written.delta, written.payload.events)
        log.debug({ deltaId: written.delta.id, method, root: state.root }, 'call committed')
      } else if (outcome.events.length > 0) ledger.emit(undefined, outcome.events)
      asked?.committed()
      this.#parts.upgrader.ownEntries.called(method, outcome.value)
      call.resolve({ value: outcome.value, logs: outcome.logs, deltaId: written?.delta.id })
    }
  }

  /** What the guest proposes and approves enters the log in the batch of the call, or the call fails. */
  #partOf(outcome: GuestOutcome, isEverywhere: boolean, method: string): readonly LogBody[] {
    const { record, authority, nowMs } = this.#parts
    if (!takesPart(outcome)) return []
    // Each would propose.
    if (isEverywhere) throw refusedHandler(method, outcome)
    const bodies = operationsOf(outcome, { contextId: record.id, proposals: authority.proposalsIn(record.id) })
    this.#pace.take(bodies.length, nowMs())
    return bodies
  }

  #privateOps(outcome: GuestOutcome): StoreOp[] {
    return outcome.privateChanges.map((change) => this.#parts.rows.putPrivate(change.key, change.value))
  }

  /** The call has failed; the next one finds the blob whole again, or not at all. */
  #verifyBlob(id: BlobId): void {
    const { blobParts, log } = this.#parts
    blobParts.blobs
      .verify(id)
      .catch((error) => log.debug({ blobId: id, error: String(error) }, 'a damaged blob is gone by now'))
  }
}

/** Whether those that ran behind it have seen what it does to the state, its blobs and its proposals, and nothing else. */
function isSeenAsItIs({ outcome, sealed, isLater, isDropped, failure }: Done): boolean {
  if (!leavesTrace(outcome)) return true
  if (failure || isLater || isDropped || takesPart(outcome) || outcome.blobs) return false
  return sealed !== undefined || outcome.changes.length === 0
}

function isPostponed(error: unknown, { id }: Delta): boolean {
  return error instanceof ContextError && error.code === 'APPLY_POSTPONED' && error.data.deltaId === id
}
