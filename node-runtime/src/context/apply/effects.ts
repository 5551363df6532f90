// What deltas do to a transaction of the state: artifacts merged here, or applied by the code that has made them, on a state of
// the version that they were made for. Nothing of it is decided by this machine: what it cannot do in time is postponed.
import type { ApplicationId } from '../../base/ids.ts'
import { atOnce, type InPieces } from '../../base/pieces.ts'
import { mergeInPieces } from '../../crdt/artifact.ts'
import { CrdtError } from '../../crdt/errors.ts'
import { isMachineFailure } from '../../runtime/guest-executor.ts'
import { FIRST_STATE_VERSION } from '../../runtime/module/state-schema.ts'
import type { StateTransaction } from '../../storage/state-transaction.ts'
import type { StateChange } from '../../storage/state-view.ts'
import { codeCutOf, type Delta, type DeltaPayload } from '../../wire/delta.ts'
import { ContextError } from '../errors.ts'
import { logGuest } from '../guest-log.ts'
import { stateMark } from '../migration/state-mark.ts'
import type { Upgrader } from '../migration/upgrader.ts'
import type { ContextParts } from '../parts.ts'
import { StagedMap } from '../staged-map.ts'
import type { Turns } from '../turns.ts'
import type { Applied } from './applied.ts'
import { APPLY_METHOD, applyJob } from './apply-job.ts'
import type { Positioned } from './fold.ts'
import { isFromTheFuture } from './future.ts'
import { requireWhole } from './require-whole.ts'

export interface Arrived {
  readonly delta: Delta
  readonly payload: DeltaPayload
  /** What it is to do to the state: those behind it were made on that. */
  readonly foreseen?: readonly StateChange[]
}

/** With the version of the state that it was made for. */
export interface Placed extends Arrived {
  readonly place: Positioned
  readonly version: number
}

export type EffectsParts = Pick<
  ContextParts,
  'record' | 'state' | 'executor' | 'code' | 'authority' | 'hlc' | 'nowMs' | 'log'
> & { readonly turns: Turns; readonly upgrader: Pick<Upgrader, 'versions' | 'migration'> }

export class Effects {
  readonly #parts: EffectsParts

  constructor(parts: EffectsParts) {
    this.#parts = parts
  }

  /** Those of one version after the other, each on a state of that version. */
  async apply(done: Applied, transaction: StateTransaction, entries: readonly Placed[]): Promise<void> {
    for (let start = 0; start < entries.length && done.goesOn; ) {
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
      if (!done.goesOn) return
    }
  }

  #leaveOut(done: Applied, run: readonly Placed[], why: string): void {
    const ids = run.map(({ delta }) => delta.id)
    this.#parts.log.warn({ ids, why }, 'made for another version of the state: without effect')
    for (const { foreseen } of run) if (done.goesOn) atOnce(done.add([], foreseen))
  }

  async #merge(done: Applied, transaction: StateTransaction, entries: readonly Arrived[]): Promise<void> {
    const { turns } = this.#parts
    for (const entry of entries) {
      await turns.run(this.#mergeOne(done, transaction, entry))
      if (!done.goesOn) return
      await turns.spend(entry.payload.artifact.bytes.byteLength)
    }
  }

  *#mergeOne(done: Applied, transaction: StateTransaction, { delta, payload, foreseen }: Arrived): InPieces {
    const staged = new StagedMap(transaction)
    const { hlc, nowMs } = this.#parts
    try {
      if (payload.artifact.kind === 'host' && payload.artifact.bytes.byteLength > 0) {
        const origin = { author: delta.author, hlc: delta.hlc }
        const { unauthorised, latest } = yield* mergeInPieces(staged, payload.artifact.bytes, origin)
        // Its call has seen more of the time than its HLC, with which that began, says. No liar's stamp makes ours too early for others.
        if (!isFromTheFuture(latest, nowMs())) hlc.observe(latest)
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
        yield* requireWhole(this.#parts.state, transaction, merge)
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
        for (const { foreseen } of run) if (done.goesOn) atOnce(done.add([], foreseen))
      }
      if (!done.goesOn) return
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
        if (!done.goesOn) return
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
      if (!done.goesOn) return
      await this.#parts.turns.spend(0)
    }
  }
}

export function postponed(delta: Pick<Delta, 'id'>, why: string): ContextError {
  return new ContextError(
    'APPLY_POSTPONED',
    `delta ${delta.id} could not be applied in time (${why}); it will be retried`,
    { data: { deltaId: delta.id } },
  )
}
