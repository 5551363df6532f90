// The host's CRDTs as one call uses them. Reads and writes go through the call's overlay and count for its limits.
import type { Bytes } from '../../base/bytes.ts'
import { idFromBytes, type PublicKey } from '../../base/ids.ts'
import { mergeArtifact } from '../../crdt/artifact.ts'
import type { CrdtState } from '../../crdt/crdt-state.ts'
import { CrdtError } from '../../crdt/errors.ts'
import { CrdtSession } from '../../crdt/session.ts'
import type { GuestClock } from '../call/guest-clock.ts'
import { GuestFault } from '../call/guest-fault.ts'
import type { GuestRandom } from '../call/guest-random.ts'
import type { GuestEnv } from '../guest-executor.ts'

const ID_BYTES = 32

export interface HostCrdtParts {
  /** The call's overlay of shared state, under the call's limits. */
  readonly state: CrdtState
  readonly env: GuestEnv
  readonly clock: GuestClock
  readonly random: GuestRandom
  readonly isMigration: boolean
}

export class HostCrdt {
  readonly #parts: HostCrdtParts
  #session: CrdtSession | undefined
  #flushed = false

  constructor(parts: HostCrdtParts) {
    this.#parts = parts
  }

  get session(): CrdtSession {
    const { state, env, clock, random, isMigration } = this.#parts
    this.#session ??= new CrdtSession(state, {
      replica: env.executorId,
      account: env.accountId,
      hlc: env.timeNs,
      now: () => clock.now(),
      newId: () => random.bytes(ID_BYTES),
      isAnyLeadFine: isMigration,
    })
    return this.#session
  }

  /** True once the guest asked for its changes to be passed on; without that a call leaves none. */
  get flushed(): boolean {
    return this.#flushed
  }

  /** True when there is something to pass on. Guests flush more than once, and write after the last time. */
  flush(): boolean {
    this.#flushed = true
    return this.session.takeArtifact() !== undefined
  }

  /** Everything the call changed, also after its last flush. */
  artifact(): Bytes | undefined {
    return this.#flushed ? this.#session?.takeArtifact() : undefined
  }

  /** The author and the stamp of an artifact are those of the job that applies it. */
  apply(artifact: Bytes): void {
    const { state, env } = this.#parts
    this.#flushed = true
    const author = idFromBytes<PublicKey>(env.executorId)
    trapping(() => mergeArtifact(state, artifact, { author, hlc: env.timeNs }))
  }
}

/** For host functions that have no result to report a failure with. */
export function trapping<T>(body: () => T): T {
  try {
    return body()
  } catch (error) {
    if (!(error instanceof CrdtError)) throw error
    throw error.code === 'CRDT_STATE_CORRUPT' ? unreadable(error) : new GuestFault('host_error', error.message)
  }
}

/** A record of the state cannot be read. */
export function unreadable({ message }: CrdtError): GuestFault {
  return new GuestFault('state_unreadable', message)
}
