// The path of calls: guest on an overlay, artifact sealed into a delta, the delta applied as everyone else's (I1), one
// batch, then gossip and events. Calls that wait together share a run of the guest and a batch; each has a delta of its own.
//
// Each call of a group runs on what those before it left on their overlays. Where that is not what their deltas do to the
// state, or where one of them has no effect in the end, those behind it have not run: they do so again, in another turn.
import { EMPTY } from '../../base/bytes.ts'
import { assert } from '../../base/errors.ts'
import { idBase58, idBytes } from '../../base/ids.ts'
import type { GuestJob } from '../../runtime/guest-executor.ts'
import { StorageError } from '../../storage/errors.ts'
import { codeCutOf, signDeltas } from '../../wire/delta.ts'
import { REWRITES_MAX } from '../../wire/limits.ts'
import type { Revision } from '../apply/revision.ts'
import type { Wholeness } from '../apply/wholeness.ts'
import { ContextError } from '../errors.ts'
import type { ContextParts } from '../parts.ts'
import { dropReissue, type Reissue } from '../retention/reissue-rows.ts'
import { mayBeAsked } from '../xcalls/xcall-policy.ts'
import type { OwnState, PendingCall } from './call.ts'
import { CallWriter, type CallWriterParts, type Turn } from './call-writer.ts'
import { GuestRun, type Ran } from './guest-run.ts'
import { Parents, sealCall } from './sealing.ts'

type CallerParts = CallWriterParts &
  Pick<ContextParts, 'executor' | 'code' | 'account' | 'setTimer' | 'rewritten'> & {
    readonly revision: Revision
    readonly wholeness: Wholeness
    /** Whether the state is to be made anew, where a guest cannot read it. */
    readonly mayDoubt: () => boolean
  }

export class Caller {
  readonly #parts: CallerParts
  readonly #writer: CallWriter

  constructor(parts: CallerParts) {
    this.#parts = parts
    this.#writer = new CallWriter(parts)
  }

  /** How many calls are worth a turn now. */
  get groupMax(): number {
    return this.#writer.groupMax
  }

  /**
   * Answers some of the calls, the first in any case; with undefined where one wants to write, and may not before own
   * deltas that are to be written again. Runs in the queue of the context. Where it throws, those that have no answer have failed.
   */
  async run(calls: readonly PendingCall[], own: OwnState): Promise<void> {
    const { record, identity, authority, hlc, revision, upgrader } = this.#parts
    await revision.runIfDue()
    if (!authority.mayWrite(record.id, identity.publicKey)) this.#assertReader()
    else if (own === 'done') await this.#upgrade('performing lazy upgrade before execution')
    const turn = { applicationId: upgrader.runnable(), own }
    const wanted = await this.#permitted(
      calls.filter((call) => !refuseAbandoned(call)),
      turn,
    )
    if (wanted.length === 0) return
    const run = await this.#guests(wanted, turn)
    const ran: Ran[] = []
    try {
      for (let isCut = false; !isCut; ) {
        if (ran.length === 0) ran.push(...(await run.next()))
        if (ran.length === 0) {
          run.failure?.call?.reject(run.failure.error)
          break
        }
        for (const { outcome } of ran) hlc.observe(outcome.timeNs)
        this.#requireReadable(ran)
        const written = await this.#writer.commit(ran, turn)
        ran.splice(0, written.count)
        // What a removal has changed is looked at before more is written.
        isCut = written.isCut || revision.isDue
      }
    } finally {
      for (const { outcome } of [...ran, ...(await run.rest())]) await this.#writer.blobsOf(outcome).end()
    }
    await upgrader.ownEntries.count()
    if (calls.every(({ isAnswered }) => !isAnswered)) throw new Error('the executor returned no outcome for a call')
  }

  /**
   * Writes an own delta again that is lost: the same artifact and events on the present heads, in the present cut of the log,
   * to be applied by the code that has made them. Runs in the queue of the context. Throws as a call does.
   */
  async reissue({ origin, delta: original }: Reissue): Promise<void> {
    const { record, authority, identity, dag, folder, revision, rewritten, log } = this.#parts
    await revision.runIfDue()
    await authority.renewKey(record.groupId)
    const { rewrites: before = [], id } = original
    const rewrites = [...before.slice(0, REWRITES_MAX - 1), id]
    const madeUnder = codeCutOf(original)
    const applicationId = authority.applicationAt(record.id, madeUnder) ?? record.applicationId
    const payload = folder.open(original)
    const parents = new Parents(dag, identity.publicKey)
    const sealed = sealCall({ payload, applicationId, madeUnder }, parents, { rewrites, parts: this.#parts })
    const [delta] = signDeltas([sealed], identity)
    assert(delta !== undefined, 'one delta is signed')
    const fold = await folder.fold([{ delta, payload }])
    await this.#writer.store({ written: [{ delta, payload }], fold, ops: [dropReissue(record.id, origin)] })
    rewritten.add(delta)
    // The events were shown when it was a call's: only the root is new.
    this.#writer.tell(delta, [])
    log.info({ deltaId: delta.id, original: original.id }, 'delta written again on a checkpoint')
  }

  /** Brings the state to where the log says that it is to be. Runs in the queue of the context. */
  async upgrade(): Promise<void> {
    const { record, identity, authority, revision, wholeness } = this.#parts
    await revision.runIfDue()
    if (wholeness.refusal() !== undefined) return
    if (authority.mayWrite(record.id, identity.publicKey)) await this.#upgrade('upgrading the state')
  }

  /** With a delta that does nothing else: whoever gets it does the same. What cannot be done now is not. */
  async #upgrade(what: string): Promise<void> {
    const { record, identity, authority, dag, folder, upgrader, log } = this.#parts
    const due = upgrader.due()
    if (due === undefined) return
    log.info({ applicationId: due.applicationId }, what)
    const events = await upgrader.tried(due)
    if (events === undefined) return
    try {
      await authority.renewKey(record.groupId)
      const payload = { artifact: { kind: record.storage, bytes: EMPTY }, events, depth: 0 }
      const parents = new Parents(dag, identity.publicKey)
      const sealed = sealCall({ payload, applicationId: due.applicationId }, parents, { parts: this.#parts })
      const [delta] = signDeltas([sealed], identity)
      assert(delta !== undefined, 'one delta is signed')
      const fold = await folder.fold([{ delta, payload }])
      await this.#writer.store({ written: [{ delta, payload }], fold, ops: [] })
      this.#writer.tell(delta, events)
    } catch (error) {
      if (!(error instanceof ContextError) || error.code === 'CONTEXT_FAILED') throw error
      log.warn({ error: error.message }, 'the state is not migrated yet')
    }
  }

  async #guests(calls: readonly PendingCall[], { applicationId }: Turn): Promise<GuestRun> {
    const { record, identity, account, executor, code, state, setTimer, hlc } = this.#parts
    const publicKey = idBytes(identity.publicKey)
    const [contextId, accountId] = [idBytes(record.id), idBytes(account)]
    const jobs = calls.map(({ request, meta }, index): GuestJob => {
      const origin = meta.xcall && { xcallOrigin: idBytes(meta.xcall.source) }
      const env = { contextId, executorId: publicKey, deviceId: publicKey, accountId, timeNs: hlc.tick(), ...origin }
      return { kind: 'call', method: request.method, input: request.input, keep: index < calls.length - 1, env }
    })
    const module = await code.module(applicationId)
    const source = { contextId: record.id, generation: state.generation, staged: [] }
    return new GuestRun(calls, { executor, setTimer, module, source, jobs })
  }

  /** Refuses what guests have asked for and the application does not let them. */
  async #permitted(calls: readonly PendingCall[], { applicationId }: Turn): Promise<readonly PendingCall[]> {
    const { record, executor, code } = this.#parts
    if (!calls.some(({ meta }) => meta.xcall)) return calls
    const info = await executor.inspect(await code.module(applicationId))
    return calls.filter((call) => {
      const { xcall } = call.meta
      const { method } = call.request
      if (!xcall || mayBeAsked(info, { method, isSameApp: xcall.applicationId === applicationId })) return true
      const message = `method ${method} of context ${idBase58(record.id)} is not for context ${idBase58(xcall.source)} to call`
      call.reject(new ContextError('XCALL_NOT_PERMITTED', message))
      return false
    })
  }

  /** Else they run again, on a state made anew. */
  #requireReadable(ran: readonly Ran[]): void {
    const error = ran.find(({ outcome }) => outcome.error?.kind === 'state_unreadable')?.outcome.error
    if (error !== undefined && this.#parts.mayDoubt()) throw new StorageError('STATE_DOUBTED', error.message)
  }

  /** Who may not write may still read, as a member. */
  #assertReader(): void {
    const { record, authority, identity } = this.#parts
    if (authority.mayRead(record.id, identity.publicKey)) return
    throw new ContextError('NOT_A_MEMBER', `this node is no member of the group of context ${idBase58(record.id)}`)
  }
}

/** Nobody waits for its answer any more. */
function refuseAbandoned(call: PendingCall): boolean {
  const { signal } = call.request
  if (!signal?.aborted) return false
  call.reject(signal.reason)
  return true
}
