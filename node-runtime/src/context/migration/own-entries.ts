// Entries that only their owner can convert to a later version of the state: applications that have some count them, and
// convert them in a call. What is left is said to the other members.
import { fromUtf8, utf8 } from '../../base/bytes.ts'
import { type ApplicationId, idBytes } from '../../base/ids.ts'
import type { GuestCallJob } from '../../runtime/guest-executor.ts'
import type { ContextParts } from '../parts.ts'
import { stateMark } from './state-mark.ts'

const COUNT_METHOD = 'count_my_pending'
const CONVERT_METHOD = 'migrate_my_entries'
const NO_ARGS = utf8('{}')

type OwnEntriesParts = Pick<
  ContextParts,
  'record' | 'executor' | 'code' | 'state' | 'identity' | 'account' | 'hlc' | 'outbound' | 'log'
>

export class OwnEntries {
  readonly #parts: OwnEntriesParts
  #left = 0
  /** For which application they were counted; undefined: they are to be. */
  #countedFor: string | undefined

  constructor(parts: OwnEntriesParts) {
    this.#parts = parts
  }

  /** As of the last time that they were counted. */
  get left(): number {
    return this.#left
  }

  /** A call of ours has been answered. */
  called(method: string, value: Uint8Array | undefined): void {
    if (method !== CONVERT_METHOD || value === undefined) return
    this.#countedFor = undefined
    if (numberIn(value, 'converted') > 0) {
      this.#parts.log.info({ method }, 'owner-driven convert: re-stamped identity-gated entry schema_version')
    }
  }

  /** Where the state is migrated, and was not counted since. Runs in the queue of the context. Never throws. */
  async count(): Promise<void> {
    const { code, state, log } = this.#parts
    const { applicationId } = stateMark(state)
    if (applicationId === undefined || applicationId === this.#countedFor) return
    this.#countedFor = applicationId
    if (code.storageOf(applicationId) === undefined) return
    try {
      await this.#count(applicationId)
    } catch (error) {
      log.debug({ error: String(error) }, 'entries of this member are not counted')
    }
  }

  async #count(applicationId: ApplicationId): Promise<void> {
    const { record, executor, code, state, identity, account, hlc, outbound } = this.#parts
    const module = await code.module(applicationId)
    if (!(await executor.inspect(module)).methods.includes(COUNT_METHOD)) return
    const self = idBytes(identity.publicKey)
    const contextId = idBytes(record.id)
    const env = { contextId, executorId: self, deviceId: self, accountId: idBytes(account), timeNs: hlc.tick() }
    const job: GuestCallJob = { kind: 'call', method: COUNT_METHOD, input: NO_ARGS, keep: false, env }
    const source = { contextId: record.id, generation: state.generation, staged: [] }
    const [outcome] = await executor.run(module, source, [job], {})
    const left = outcome?.status === 'ok' && outcome.value ? numberIn(outcome.value) : 0
    if (left === this.#left) return
    this.#left = left
    outbound.announceHeads(record.id)
  }
}

/** Of JSON: a number, or that of a field. Anything else is none. */
function numberIn(json: Uint8Array, field?: string): number {
  try {
    const value: unknown = JSON.parse(fromUtf8(json))
    const found: unknown =
      field === undefined ? value : Object.entries(Object(value)).find(([key]) => key === field)?.[1]
    return typeof found === 'number' && Number.isSafeInteger(found) && found >= 0 ? Math.min(found, 2 ** 32 - 1) : 0
  } catch {
    // What the guest says, and nothing depends on.
    return 0
  }
}
