// The path of a call: guest on an overlay, artifact sealed into a delta, the delta applied as everyone else's (I1), one
// batch, then gossip and events.
import type { Bytes } from '../../base/bytes.ts'
import { type ApplicationId, type BlobId, type DeltaId, idBytes, type OpId } from '../../base/ids.ts'
import type { GuestOutcome } from '../../runtime/guest-executor.ts'
import type { StoreOp } from '../../store/store.ts'
import { codeCutOf, type Delta, type DeltaPayload, sealDelta } from '../../wire/delta.ts'
import { GOVERNANCE_HEADS_MAX, PARENTS_MAX, REWRITES_MAX } from '../../wire/limits.ts'
import type { Folder } from '../apply/folder.ts'
import type { Revision } from '../apply/revision.ts'
import { BlobEffects } from '../blobs/blob-effects.ts'
import { ContextError } from '../errors.ts'
import { logGuest } from '../guest-log.ts'
import type { Ledger } from '../ledger.ts'
import { type ContextParts, nodeOf } from '../parts.ts'
import { dropReissue, type Reissue } from '../retention/reissue-rows.ts'
import { type LogBody, operationsOf, ProposalPace } from './taking-part.ts'

export interface CallRequest {
  readonly method: string
  readonly input: Bytes
  readonly signal?: AbortSignal
}

export interface CallResult {
  /** What the guest returned; undefined when it returned nothing. */
  readonly value: Bytes | undefined
  readonly logs: readonly string[]
  /** The delta the call made; undefined for a view. */
  readonly deltaId: DeltaId | undefined
}

export interface CallMeta {
  /** 0 for a client's call, above for a handler. */
  readonly depth: number
  /** Goes into the call's batch: a handler's row leaves the queue with what the handler wrote. */
  readonly settle: readonly StoreOp[]
  /** True: nothing may be written now. */
  readonly onlyReads?: boolean
}

/** What a delta is made of, and the code that has made it. */
interface Made {
  readonly payload: DeltaPayload
  readonly applicationId: ApplicationId
  /** The cut that named this code, where it was another than the present one. */
  readonly madeUnder?: readonly OpId[]
  /** What it adds to the log of the namespace. */
  readonly bodies?: readonly LogBody[]
}

interface Outcome {
  readonly outcome: GuestOutcome
  readonly blobs: BlobEffects
  readonly applicationId: ApplicationId
}

type CallerParts = Pick<
  ContextParts,
  | 'record'
  | 'rows'
  | 'state'
  | 'dag'
  | 'executor'
  | 'code'
  | 'identity'
  | 'account'
  | 'hlc'
  | 'nowMs'
  | 'random'
  | 'rewritten'
  | 'authority'
  | 'blobParts'
  | 'log'
> & { readonly folder: Folder; readonly ledger: Ledger; readonly revision: Revision }

export class Caller {
  readonly #parts: CallerParts
  readonly #pace = new ProposalPace()

  constructor(parts: CallerParts) {
    this.#parts = parts
  }

  /** Runs in the queue of the context. Undefined: it wants to write, and `onlyReads`. */
  async call(request: CallRequest, meta: CallMeta): Promise<CallResult | undefined> {
    const { record, identity, authority, hlc } = this.#parts
    await this.#parts.revision.runIfDue()
    if (!authority.mayWrite(record.id, identity.publicKey)) this.#assertReader()
    const applicationId = this.#runnable()
    const outcome = await this.#runGuest(request, applicationId)
    hlc.observe(outcome.timeNs)
    if (meta.depth > 0) logGuest(this.#parts.log, 'info', { method: request.method, lines: outcome.logs })
    if (outcome.error?.damaged !== undefined) this.#verifyBlob(outcome.error.damaged)
    if (outcome.status !== 'ok') throw guestFailure(request.method, outcome)
    if (
      meta.onlyReads &&
      (writes(outcome) || takesPart(outcome) || outcome.privateChanges.length + meta.settle.length > 0)
    )
      return undefined
    const blobs = new BlobEffects(record.id, { ...this.#parts.blobParts, log: this.#parts.log }, outcome)
    try {
      return await this.#commit(request, meta, { outcome, blobs, applicationId })
    } finally {
      await blobs.end()
    }
  }

  /**
   * Writes an own delta again that is lost: the same artifact and events on the present heads, in the present cut of the log,
   * to be applied by the code that has made them. Runs in the queue of the context. Throws as a call does.
   */
  async reissue({ origin, delta: original }: Reissue): Promise<void> {
    const { record, authority, folder, revision, log } = this.#parts
    await revision.runIfDue()
    await authority.renewKey(record.groupId)
    const also = () => Promise.resolve([dropReissue(record.id, origin)])
    const { rewrites = [], id } = original
    const names = [...rewrites.slice(0, REWRITES_MAX - 1), id]
    const madeUnder = codeCutOf(original)
    const applicationId = authority.applicationAt(record.id, madeUnder) ?? record.applicationId
    const made = { payload: folder.open(original), applicationId, madeUnder }
    const delta = await this.#write(made, also, () => {}, names)
    log.info({ deltaId: delta.id, original: original.id }, 'delta written again on a checkpoint')
  }

  async #commit(request: CallRequest, meta: CallMeta, { outcome, blobs, applicationId }: Outcome): Promise<CallResult> {
    const { record, authority, ledger, state } = this.#parts
    const bodies = this.#partOf(outcome, meta.depth, request.method)
    if (!writes(outcome)) {
      const ops = [...this.#privateOps(outcome), ...(await blobs.place()), ...meta.settle]
      if (ops.length + bodies.length > 0) await this.#store(ops, bodies, () => blobs.committed())
      else blobs.committed()
      if (outcome.events.length > 0) ledger.emit(undefined, outcome.events)
      return { value: outcome.value, logs: outcome.logs, deltaId: undefined }
    }
    await authority.renewKey(record.groupId)
    const also = async () => [...this.#privateOps(outcome), ...(await blobs.place()), ...meta.settle]
    const made = { payload: payloadOf(outcome, meta.depth), applicationId, bodies }
    const delta = await this.#write(made, also, () => blobs.committed())
    this.#parts.log.debug({ deltaId: delta.id, method: request.method, root: state.root }, 'call committed')
    return { value: outcome.value, logs: outcome.logs, deltaId: delta.id }
  }

  /** What the guest proposes and approves enters the log in the batch of the call, or the call fails. */
  #partOf(outcome: GuestOutcome, depth: number, method: string): readonly LogBody[] {
    const { record, authority, nowMs } = this.#parts
    if (!takesPart(outcome)) return []
    // A handler runs on every node: each would propose.
    if (depth > 0) throw refusedHandler(method, outcome)
    const bodies = operationsOf(outcome, { contextId: record.id, proposals: authority.proposalsIn(record.id) })
    this.#pace.take(bodies.length, nowMs())
    return bodies
  }

  async #store(ops: readonly StoreOp[], bodies: readonly LogBody[], committed: () => void): Promise<void> {
    const { authority, ledger } = this.#parts
    const commit = async (rows: readonly StoreOp[]) => {
      await ledger.commit([...ops, ...rows])
      committed()
    }
    await (bodies.length === 0 ? commit([]) : authority.submitAll(bodies, commit))
  }

  /** `also` joins the batch; `committed` is called once that has resolved. */
  async #write(
    { bodies = [], ...made }: Made,
    also: () => Promise<readonly StoreOp[]>,
    committed: () => void,
    rewrites?: readonly DeltaId[],
  ): Promise<Delta> {
    const { ledger, folder, rows, dag, rewritten } = this.#parts
    const { payload } = made
    const delta = this.#seal(made, rewrites)
    const fold = await folder.fold([{ delta, payload }])
    await this.#store([...fold.ops, ...(await also()), rows.markOutgoing(delta.id)], bodies, () => {
      fold.committed()
      committed()
    })
    rewritten.add(delta)
    dag.receive(nodeOf(delta))
    ledger.show()
    ledger.publish(delta)
    // Of what is written again the events were shown when it was a call's: only the root is new.
    ledger.emit(delta.id, rewrites ? [] : payload.events)
    return delta
  }

  /** What the log says that the context runs, or what ran before while that cannot run here. */
  #runnable(): ApplicationId {
    const { record, authority, code } = this.#parts
    const now = authority.applicationAt(record.id, authority.heads())
    return now !== undefined && code.storageOf(now) === record.storage ? now : record.applicationId
  }

  async #runGuest(request: CallRequest, applicationId: ApplicationId): Promise<GuestOutcome> {
    const { record, identity, account, executor, hlc } = this.#parts
    const publicKey = idBytes(identity.publicKey)
    const job = {
      kind: 'call' as const,
      method: request.method,
      input: request.input,
      keep: false,
      env: {
        contextId: idBytes(record.id),
        executorId: publicKey,
        deviceId: publicKey,
        accountId: idBytes(account),
        timeNs: hlc.tick(),
      },
    }
    const module = await this.#parts.code.module(applicationId)
    const source = { contextId: record.id, generation: this.#parts.state.generation, staged: [] }
    const [outcome] = await executor.run(module, source, [job], request.signal ? { signal: request.signal } : {})
    if (!outcome) throw new Error('the executor returned no outcome for a call')
    return outcome
  }

  #seal({ payload, applicationId, madeUnder }: Made, rewrites: readonly DeltaId[] | undefined): Delta {
    const { record, identity, authority, hlc, dag, random } = this.#parts
    if (!authority.mayWrite(record.id, identity.publicKey)) {
      throw new ContextError('NOT_ALLOWED', `this node's member may read context ${record.id}, not write it`)
    }
    const sealing = authority.sealingKey(record.groupId)
    if (!sealing) {
      throw new ContextError('GROUP_KEY_PENDING', `the key of group ${record.groupId} has not arrived yet; retry`)
    }
    const governance = authority.heads().slice(0, GOVERNANCE_HEADS_MAX)
    // Others apply it by the code that its cut names, or the one under which it was made.
    const named = authority.applicationAt(record.id, governance)
    const isOther = record.storage === 'guest' && named !== undefined && named !== applicationId
    const header = {
      contextId: record.id,
      author: identity.publicKey,
      parents: dag.tips().slice(0, PARENTS_MAX),
      hlc: hlc.tick(),
      governance,
      keyId: sealing.keyId,
      ...(rewrites ? { rewrites } : {}),
      ...(isOther && madeUnder ? { madeUnder } : {}),
    }
    // Of more heads than a delta cites some stay out, perhaps the very one that lets us write: others would refuse it.
    if (authority.judge(record.id, header) !== 'yes') {
      throw new ContextError('CONTEXT_BUSY', `context ${record.id}: too many members were changed at once; retry soon`)
    }
    if (isOther && !madeUnder) {
      const message = `context ${record.id} has been upgraded to application ${named}, which does not run here yet; retry`
      throw new ContextError('CONTEXT_BUSY', message)
    }
    return sealDelta({
      header,
      payload,
      groupKey: sealing.key,
      signingKey: identity,
      random,
    })
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

  /** Who may not write may still read, as a member. */
  #assertReader(): void {
    const { record, authority, identity } = this.#parts
    if (authority.mayRead(record.id, identity.publicKey)) return
    throw new ContextError('NOT_A_MEMBER', `this node is no member of the group of context ${record.id}`)
  }
}

function writes({ artifact }: GuestOutcome): boolean {
  return artifact !== undefined && artifact.bytes.byteLength > 0
}

function takesPart({ proposals, approvals }: GuestOutcome): boolean {
  return proposals.length + approvals.length > 0
}

function payloadOf(outcome: GuestOutcome, depth: number): DeltaPayload {
  return { artifact: outcome.artifact ?? { kind: 'guest', bytes: new Uint8Array(0) }, events: outcome.events, depth }
}

function refusedHandler(method: string, { logs }: GuestOutcome): ContextError {
  const message = `${method} was run by an event: handlers of events may not propose or approve`
  return new ContextError('GUEST_FAILED', message, { data: { method, kind: 'host_error', logs } })
}

function guestFailure(method: string, outcome: GuestOutcome): ContextError {
  const message = outcome.error?.message ?? 'the guest failed without a message'
  return new ContextError('GUEST_FAILED', message, {
    data: { method, kind: outcome.error?.kind ?? 'trap', logs: outcome.logs },
  })
}
