// The host's CRDTs as one call uses them. Reads and writes go through the call's overlay and count for its limits.
import type { Bytes } from '../base/bytes.ts'
import { idFromBytes, type PublicKey } from '../base/ids.ts'
import { mergeArtifact } from '../crdt/artifact.ts'
import type { CrdtState } from '../crdt/crdt-state.ts'
import { CrdtError } from '../crdt/errors.ts'
import { CrdtSession } from '../crdt/session.ts'
import { GuestFault } from './guest-fault.ts'
import type { Invocation } from './invocation.ts'

const ID_BYTES = 32

export class HostCrdt {
  readonly #call: Invocation
  readonly #state: CrdtState
  #session: CrdtSession | undefined
  #flushed = false

  constructor(call: Invocation) {
    this.#call = call
    this.#state = {
      get: (key) => call.read(call.shared, key),
      set: (key, value) => void call.write(call.shared, key, value),
    }
  }

  get session(): CrdtSession {
    const { env, clock, random } = this.#call
    this.#session ??= new CrdtSession(this.#state, {
      replica: env.executorId,
      account: env.accountId,
      now: () => clock.now(),
      newId: () => random.bytes(ID_BYTES),
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
    const { executorId, timeNs } = this.#call.env
    this.#flushed = true
    trapping(() => mergeArtifact(this.#state, artifact, { author: idFromBytes<PublicKey>(executorId), hlc: timeNs }))
  }
}

/** For host functions that have no result to report a failure with. */
export function trapping<T>(body: () => T): T {
  try {
    return body()
  } catch (error) {
    if (error instanceof CrdtError) throw new GuestFault('host_error', error.message)
    throw error
  }
}
