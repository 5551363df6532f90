// Brings a state to a later version by the code of the application, at its place in the fold: behind all that was made for
// earlier versions, before the first delta that was made for this one. What it does is a function of the state there, that
// delta and the code, so every node makes the same of it, whenever it gets there (I1).
import { type Bytes, binaryText, concat, EMPTY, equalBytes, utf8 } from '../../base/bytes.ts'
import { taggedHash } from '../../base/hash.ts'
import { type ApplicationId, type ContextId, type DeltaId, idBytes } from '../../base/ids.ts'
import type { InPieces } from '../../base/pieces.ts'
import {
  type GuestCallJob,
  type GuestEnv,
  type GuestEvent,
  type GuestOutcome,
  isMachineFailure,
} from '../../runtime/guest-executor.ts'
import { STATE_PIECE } from '../../storage/limits.ts'
import type { StateTransaction } from '../../storage/state-transaction.ts'
import type { StateChange, UndoRecord } from '../../storage/state-view.ts'
import { ContextError } from '../errors.ts'
import { logGuest } from '../guest-log.ts'
import type { ContextParts } from '../parts.ts'
import type { Running } from '../ports.ts'
import type { Turns } from '../turns.ts'
import { rootChanges } from './root-entry.ts'
import { markChange, stateMark } from './state-mark.ts'
import { converted, isConvertible, ROOT_RECORD_KEY } from './storage-layout.ts'
import type { Versions } from './versions.ts'

/** No state is ever stored under it. */
const NO_GENERATION = 0
const EMPTY_ARGS = utf8('{}')
const CHECK_METHOD = '__calimero_migration_check'

/** The events are those of the migration itself. `failure`: the state is as it was. */
export type Migrated =
  | { readonly undo: UndoRecord; readonly events: readonly GuestEvent[] }
  | { readonly failure: string }

export interface Target {
  readonly running: Running
  readonly version: number
  /** Of the first delta that is made for it: the time that the code sees. */
  readonly hlc: bigint
  /** That delta; absent: it is only tried. */
  readonly deltaId?: DeltaId
}

interface Job extends Pick<Target, 'hlc' | 'deltaId'> {
  readonly applicationId: ApplicationId
}

interface Changed {
  readonly changes: readonly StateChange[]
  readonly events: readonly GuestEvent[]
}

type MigrationParts = Pick<ContextParts, 'record' | 'executor' | 'code' | 'state' | 'log'> & {
  readonly versions: Pick<Versions, 'way'>
  readonly turns: Turns
}

export class Migration {
  readonly #parts: MigrationParts

  constructor(parts: MigrationParts) {
    this.#parts = parts
  }

  /** Changes `transaction`, or leaves it as it was. Throws APPLY_POSTPONED where code is not here, or this machine is too slow. */
  async run(transaction: StateTransaction, target: Target): Promise<Migrated> {
    const { versions, code, turns, log } = this.#parts
    const before = stateMark(transaction)
    const way = versions.way(target.running, before)
    if ('missing' in way) {
      code.want(way.missing)
      throw postponed(`the code of application ${way.missing} is not on this node`, target)
    }
    if ('impossible' in way) return { failure: way.impossible }
    const done: UndoRecord[] = []
    const events: GuestEvent[] = []
    for (const hop of way.hops) {
      log.info({ method: hop.method, fromVersion: hop.from, toVersion: hop.to }, 'Executing migration')
      if (way.hops.length > 1) log.info({ method: hop.method }, 'replaying upgrade ladder hop')
      const result = await this.#hop(transaction, hop.method, { ...target, applicationId: hop.applicationId })
      if ('failure' in result) {
        for (const undo of done.reverse()) await turns.run(transaction.revertInPieces(undo))
        log.warn(
          { method: hop.method, reason: result.failure },
          'Migration failed; proceeding with current application',
        )
        return result
      }
      done.push(await turns.run(transaction.applyInPieces(result.changes)))
      events.push(...result.events)
    }
    const applicationId = way.hops.at(-1)?.applicationId ?? target.running.applicationId
    done.push(transaction.apply([markChange({ version: target.version, applicationId })]))
    const root = await turns.run(transaction.rootInPieces())
    log.info({ fromVersion: before.version, toVersion: target.version, root }, 'Migrated state written successfully')
    let undo: UndoRecord = { previous: [] }
    for (const each of done) undo = await turns.run(both(undo, each))
    return { undo, events }
  }

  async #hop(transaction: StateTransaction, method: string, job: Job): Promise<Changed | { readonly failure: string }> {
    if (this.#parts.record.storage === 'guest') return this.#guestHop(transaction, method, job)
    const outcome = await this.#call(transaction, job, { method, input: EMPTY })
    if (outcome.status !== 'ok') return { failure: this.#failureOf(method, outcome) }
    return { changes: outcome.changes, events: outcome.events }
  }

  async #guestHop(
    transaction: StateTransaction,
    method: string,
    job: Job,
  ): Promise<Changed | { readonly failure: string }> {
    const { turns } = this.#parts
    const layout = await this.#laidOut(transaction, job)
    const before = await turns.run(transaction.applyInPieces(layout))
    const outcome = await this.#call(transaction, job, { method, input: EMPTY })
    const { value: root, changes, events } = outcome
    const made = await turns.run(transaction.applyInPieces(changes))
    const why =
      outcome.status !== 'ok'
        ? this.#failureOf(method, outcome)
        : root === undefined
          ? `${method} returned no state`
          : await this.#check(transaction, job, { root, witness: outcome.migrationWitness })
    const contextId = idBytes(this.#parts.record.id)
    const rooted = root === undefined ? [] : rootChanges(transaction, root, contextId)
    await turns.run(transaction.revertInPieces(made))
    await turns.run(transaction.revertInPieces(before))
    return why === undefined ? { changes: [...layout, ...changes, ...rooted], events } : { failure: why }
  }

  /** What is stored, as the storage layer that is compiled into the new code has it: its `init` shows which one that is. */
  async #laidOut(transaction: StateTransaction, { applicationId, deltaId }: Job): Promise<readonly StateChange[]> {
    const { record, executor, code, state, log } = this.#parts
    const root = transaction.get(ROOT_RECORD_KEY)
    if (root === undefined) return []
    const { methods } = await executor.inspect(await code.module(applicationId))
    if (!methods.includes('init')) return []
    const env = { ...nobody(record.id, applicationId), timeNs: 1n }
    const init: GuestCallJob = { kind: 'call', method: 'init', input: EMPTY_ARGS, keep: false, env, isMigration: true }
    const source = { contextId: record.id, generation: NO_GENERATION, staged: [] }
    const [outcome] = await executor.run(await code.module(applicationId), source, [init], {})
    // Whether there is anything to convert must not depend on how fast this machine is.
    if (outcome === undefined || isMachineFailure(outcome)) {
      throw postponed(outcome?.error?.message ?? 'it did not run', { deltaId })
    }
    const later = outcome.changes.find(({ key }) => equalBytes(key, ROOT_RECORD_KEY))?.value
    if (!isConvertible(root, later ?? undefined)) return []
    const entries = new Map<string, readonly [Bytes, Bytes]>()
    for await (const [key, value] of state.entries()) entries.set(binaryText(key), [key, value])
    for (const { key, value } of transaction.staged()) {
      if (value === null) entries.delete(binaryText(key))
      else entries.set(binaryText(key), [key, value])
    }
    const changes = converted(entries.values())
    if (changes === undefined)
      log.warn({ applicationId }, 'the new code stores its state in another layout, which this cannot be brought to')
    return changes ?? []
  }

  /** Why the application does not want what it has made; it may have nothing to say. */
  async #check(
    transaction: StateTransaction,
    job: Job,
    { root, witness }: { readonly root: Bytes; readonly witness: Bytes | undefined },
  ): Promise<string | undefined> {
    const { applicationId } = job
    const { executor, code, log } = this.#parts
    const { methods } = await executor.inspect(await code.module(applicationId))
    if (!methods.includes(CHECK_METHOD)) return undefined
    const input = concat([
      sized(root),
      witness === undefined ? Uint8Array.of(0) : concat([Uint8Array.of(1), sized(witness)]),
    ])
    const outcome = await this.#call(transaction, job, { method: CHECK_METHOD, input })
    if (outcome.status === 'ok' && outcome.value?.byteLength === 1 && outcome.value[0] === 1) {
      log.info({ applicationId }, 'migration_check passed')
      return undefined
    }
    const why = outcome.status === 'ok' ? 'it does not hold' : (outcome.error?.message ?? 'no reason given')
    log.warn({ applicationId, reason: why }, 'migration_check failed: logical abort')
    return outcome.status === 'ok' ? 'migration_check failed: it does not hold' : 'migration_check failed'
  }

  /** For others, who hear it in heads that all of a topic may read. The guest's own words may quote the state: they stay in our log. */
  #failureOf(method: string, { status, error }: GuestOutcome): string {
    this.#parts.log.warn(
      { method, reason: error?.message ?? 'no reason given' },
      'a migration was given up by the guest',
    )
    return `${method} failed: ${status}`
  }

  async #call(
    transaction: StateTransaction,
    { applicationId, hlc, deltaId }: Job,
    { method, input }: Pick<GuestCallJob, 'method' | 'input'>,
  ): Promise<GuestOutcome> {
    const { record, executor, code, state, log } = this.#parts
    const env = { ...nobody(record.id, applicationId), timeNs: hlc }
    const job: GuestCallJob = { kind: 'call', method, input, keep: false, env, isMigration: true }
    const source = { contextId: record.id, generation: state.generation, staged: transaction.staged() }
    const [outcome] = await executor.run(await code.module(applicationId), source, [job], {})
    if (outcome === undefined || isMachineFailure(outcome)) {
      throw postponed(outcome?.error?.message ?? 'it did not run', { deltaId })
    }
    logGuest(log, 'debug', { method, lines: outcome.logs })
    return outcome
  }
}

/** The same on every node, and no guest takes zeros for a name. */
function nobody(contextId: ContextId, applicationId: ApplicationId): Omit<GuestEnv, 'timeNs'> {
  const id = idBytes(contextId)
  const randomSeed = taggedHash('calbox/migration/1', id, idBytes(applicationId))
  return { contextId: id, executorId: id, deviceId: id, accountId: id, randomSeed }
}

/** Of two changes, one after the other. */
export function* both(first: UndoRecord, second: UndoRecord): InPieces<UndoRecord> {
  if (first.previous.length === 0) return second
  const known = new Set<string>()
  const previous: StateChange[] = []
  let looked = 0
  for (const { previous: changes } of [first, second]) {
    for (const change of changes) {
      const name = binaryText(change.key)
      if (!known.has(name)) previous.push(change)
      known.add(name)
      looked += 1
      if (looked % STATE_PIECE === 0) yield
    }
  }
  return { previous }
}

function sized(bytes: Bytes): Bytes {
  const length = new Uint8Array(4)
  new DataView(length.buffer).setUint32(0, bytes.byteLength, true)
  return concat([length, bytes])
}

function postponed(why: string, { deltaId }: { readonly deltaId?: DeltaId | undefined }): ContextError {
  const message = `a migration could not be run now: ${why}; it will be retried`
  return new ContextError('APPLY_POSTPONED', message, { data: { deltaId } })
}
