// What a context runs, seen from the state that it has: the code that the log names where it fits the state, else what fits.
// Where the log names code of a later version, the first access brings the state there, once it is seen that it can be done.
import { type Bytes, utf8 } from '../../base/bytes.ts'
import type { ApplicationId, OpId, RootHash } from '../../base/ids.ts'
import type { GuestEvent } from '../../runtime/guest-executor.ts'
import { FIRST_STATE_VERSION } from '../../runtime/module/state-schema.ts'
import { codeCutOf } from '../../wire/delta.ts'
import type { StateSaid } from '../../wire/gossip.ts'
import { FAILURE_BYTES_MAX } from '../../wire/limits.ts'
import { ContextError } from '../errors.ts'
import { MIGRATION_RETRY_MS } from '../limits.ts'
import type { ContextParts } from '../parts.ts'
import type { Running } from '../ports.ts'
import type { Turns } from '../turns.ts'
import { Migration } from './migration.ts'
import { OwnEntries } from './own-entries.ts'
import { type StateMark, stateMark } from './state-mark.ts'
import { Versions } from './versions.ts'

type UpgraderParts = Pick<
  ContextParts,
  | 'record'
  | 'authority'
  | 'code'
  | 'rows'
  | 'dag'
  | 'state'
  | 'executor'
  | 'identity'
  | 'account'
  | 'hlc'
  | 'nowMs'
  | 'outbound'
  | 'log'
> & { readonly turns: Turns }

/** An application that the state could not be brought to. */
export interface FailedMigration {
  readonly applicationId: ApplicationId
  readonly why: string
}

interface Failed extends FailedMigration {
  /** On which it will fail again; undefined: this machine could not do it now. */
  readonly root: RootHash | undefined
  readonly atMs: number
}

export class Upgrader {
  readonly versions: Versions
  readonly migration: Migration
  readonly ownEntries: OwnEntries
  readonly #parts: UpgraderParts
  #failed: Failed | undefined

  constructor(parts: UpgraderParts) {
    this.#parts = parts
    this.versions = new Versions(parts)
    this.migration = new Migration({ ...parts, versions: this.versions })
    this.ownEntries = new OwnEntries(parts)
  }

  get mark(): StateMark {
    return stateMark(this.#parts.state)
  }

  /**
   * Of the state, to the other members; undefined: there is nothing to say. `owing`: the version beneath where own lost deltas are to
   * be written again, which they may be for; where others prune past that, these have no place any more.
   */
  said(owing: number | undefined): StateSaid | undefined {
    const version = owing ?? this.mark.version
    const why = this.failed?.why
    const own = this.ownEntries.left
    if (version === FIRST_STATE_VERSION && why === undefined && own === 0) return undefined
    return { version, ...(why === undefined ? {} : { failed: cut(why) }), ...(own === 0 ? {} : { own }) }
  }

  /** Of what the log names now; undefined: nothing has failed, or the state is there by now. */
  get failed(): FailedMigration | undefined {
    const now = this.#now()
    return now && this.#failed?.applicationId === now.applicationId && this.#isAhead(now) ? this.#failed : undefined
  }

  /** What is run on the state as it is. */
  runnable(): ApplicationId {
    const { record, code } = this.#parts
    const { version, applicationId: last } = this.mark
    for (const running of earlierOf(this.#now())) {
      const fits = code.storageOf(running.applicationId) === record.storage && this.versions.in(running) === version
      if (fits) return running.applicationId
    }
    return last ?? record.applicationId
  }

  /**
   * The cut under which a call by `applicationId` is made, where the log names `named` and that cannot run on this state: it has
   * failed, or the state is further. Undefined where it may yet.
   */
  cutFor(applicationId: ApplicationId, named: ApplicationId): readonly OpId[] | undefined {
    const { record, authority, code } = this.#parts
    if (code.storageOf(named) === undefined) return undefined
    const now = this.#now()
    const isBehind = now !== undefined && (this.versions.in(now) ?? 0) < this.mark.version
    if (!isBehind && this.failed === undefined) return undefined
    return this.#lastCutFor(applicationId) ?? authority.cutRunning(record.id, applicationId)
  }

  /** That of what was written last: what ran only where upgrades met may be the code of no other. */
  #lastCutFor(applicationId: ApplicationId): readonly OpId[] | undefined {
    const { record, authority, dag, rows } = this.#parts
    for (const id of dag.tips()) {
      const delta = rows.delta(id)
      const cut = delta && codeCutOf(delta)
      if (cut === undefined || authority.applicationAt(record.id, cut) !== applicationId) continue
      if (this.versions.of({ governance: cut }) === this.mark.version) return cut
    }
    return undefined
  }

  /** Whether a delta in this cut would be for another version of the state than the present one. */
  isOtherVersion(governance: readonly OpId[], madeUnder: readonly OpId[] | undefined): boolean {
    const made = madeUnder === undefined ? this.mark.version : this.versions.of({ governance: madeUnder })
    return this.versions.of({ governance }) !== made
  }

  /** What has failed may be tried again at once. */
  forget(): void {
    this.#failed = undefined
  }

  /** What the state is to be brought to; undefined: it is there, or cannot be brought there now. */
  due(): Running | undefined {
    const { record, code, state, nowMs } = this.#parts
    const now = this.#now()
    if (now === undefined || !this.#isAhead(now) || code.storageOf(now.applicationId) !== record.storage)
      return undefined
    const failed = this.#failed?.applicationId === now.applicationId ? this.#failed : undefined
    const isSame = failed?.root === state.root
    return failed !== undefined && (isSame || nowMs() < failed.atMs + MIGRATION_RETRY_MS) ? undefined : now
  }

  /** Whether it can be done, with the events of it; undefined: it has failed, or could not be done in time, which is remembered. */
  async tried(running: Running): Promise<readonly GuestEvent[] | undefined> {
    const { state, hlc, log } = this.#parts
    const version = this.versions.in(running)
    if (version === undefined) return undefined
    try {
      const result = await this.migration.run(state.begin(), { running, version, hlc: hlc.tick() })
      if (!('failure' in result)) return result.events
      this.#hasFailed(running, { why: result.failure, root: state.root })
    } catch (error) {
      if (!(error instanceof ContextError)) throw error
      log.warn({ error: error.message }, 'the state is not migrated yet')
      // Calls go on with the earlier code, and do not each wait for another try.
      this.#hasFailed(running, { why: error.message, root: undefined })
    }
    return undefined
  }

  #hasFailed({ applicationId }: Running, how: Pick<Failed, 'why' | 'root'>): void {
    const { nowMs, outbound, record } = this.#parts
    this.#failed = { applicationId, atMs: nowMs(), ...how }
    outbound.announceHeads(record.id)
  }

  #now(): Running | undefined {
    const { authority, record } = this.#parts
    return authority.runningAt(record.id, authority.heads())
  }

  #isAhead(running: Running): boolean {
    return (this.versions.in(running) ?? 0) > this.mark.version
  }
}

/** As much of it as a beat has room for. */
function cut(text: string): string {
  return fromUtf8Lossy(utf8(text).subarray(0, FAILURE_BYTES_MAX - 3))
}

const lossy = new TextDecoder()
const fromUtf8Lossy = (bytes: Bytes) => lossy.decode(bytes).replace(/\uFFFD+$/, '')

/** It, then what was run before, the latest first. */
function* earlierOf(running: Running | undefined): Generator<Running> {
  if (running === undefined) return
  yield running
  const ran = running.ran ?? []
  for (let index = ran.length - 1; index >= 0; index -= 1) {
    const applicationId = ran[index]
    if (applicationId !== undefined) yield { applicationId, ran: ran.slice(0, index) }
  }
}
