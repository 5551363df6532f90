// What every method of a session goes through: checks of arguments, stamps, and the fragments of the artifact.
import { type Bytes, toHex } from '../base/bytes.ts'
import { assert } from '../base/errors.ts'
import { encodeArtifact } from './artifact.ts'
import type { CrdtState } from './crdt-state.ts'
import { CrdtError } from './errors.ts'
import type { Fragment } from './fragment.ts'
import { ARTIFACT_BYTES_MAX, FRAGMENTS_MAX, KEY_BYTES_MAX, STAMP_LEAD_MAX, VALUE_BYTES_MAX } from './limits.ts'
import { INSTANCE_ID_LENGTH } from './state-keys.ts'

export interface CrdtEnvironment {
  /** 32 bytes: the public key that will author the delta. */
  readonly replica: Bytes
  /** 32 bytes: the account behind the replica. */
  readonly account: Bytes
  /** The HLC of the delta to be: no stamp is below it, as what was removed goes once all that may still come is later (ADR 0029). */
  readonly hlc: bigint
  /** Strictly increasing, never below `hlc`. */
  now(): bigint
  /** 32 unpredictable bytes. */
  newId(): Bytes
  /** Nothing of it travels as an artifact: what it replaces may be from any time. */
  readonly isAnyLeadFine?: boolean
}

export class SessionCore {
  readonly state: CrdtState
  readonly env: CrdtEnvironment
  readonly #fragments = new Map<string, Fragment>()
  readonly #created = new Set<string>()
  #weight = 0
  #lastStamp = 0n

  constructor(state: CrdtState, env: CrdtEnvironment) {
    assert(env.replica.byteLength === INSTANCE_ID_LENGTH, 'the replica of a CRDT session has 32 bytes')
    this.state = state
    this.env = env
  }

  create(): Bytes {
    const id = this.env.newId()
    this.#created.add(toHex(id))
    return id
  }

  createWithId(id: Bytes): Bytes {
    const own = this.id(id)
    this.#created.add(toHex(own))
    return own
  }

  /** True once for an id that this session created. */
  forget(id: Bytes): boolean {
    return this.#created.delete(toHex(id))
  }

  id(id: Bytes): Bytes {
    return this.fixed(id, 'an instance id')
  }

  fixed(bytes: Bytes, what: string): Bytes {
    if (bytes.byteLength === INSTANCE_ID_LENGTH) return new Uint8Array(bytes)
    throw argument(`${what} must have ${INSTANCE_ID_LENGTH} bytes, got ${bytes.byteLength}`)
  }

  key(key: Bytes): Bytes {
    return this.atMost(key, KEY_BYTES_MAX, 'a key')
  }

  value(value: Bytes): Bytes {
    return this.atMost(value, VALUE_BYTES_MAX, 'a value')
  }

  atMost(bytes: Bytes, max: number, what: string): Bytes {
    // A copy: the caller's bytes may be a view on guest memory.
    if (bytes.byteLength <= max) return new Uint8Array(bytes)
    throw argument(`${what} may have ${max} bytes, got ${bytes.byteLength}`)
  }

  /** Above every stamp of this session, the clock's, and `seen`, so that a later write always replaces what it saw. */
  readonly next = (seen = 0n): bigint => {
    const now = this.env.now()
    const above = seen > this.#lastStamp ? seen : this.#lastStamp
    const stamp = now > above ? now : above + 1n
    return this.#give(stamp)
  }

  /** Directly above the last one, for elements that share one reading of the clock. */
  following(): bigint {
    return this.#give(this.#lastStamp + 1n)
  }

  /** Merges the fragment as another node will, and keeps it for the artifact. */
  emit(fragment: Fragment): void {
    const name = `${fragment.tag}:${toHex(fragment.id)}:${toHex(fragment.part)}`
    const before = this.#fragments.get(name)
    const weight = this.#weight + weightOf(fragment) - (before === undefined ? 0 : weightOf(before))
    if (weight > FRAGMENTS_MAX) {
      throw new CrdtError(
        'CRDT_LIMIT',
        `a call may change at most ${FRAGMENTS_MAX} elements; split the work into several calls`,
      )
    }
    this.#weight = weight
    fragment.mergeInto(this.state, { replica: this.env.replica, hlc: 0n, founding: false })
    this.#fragments.set(name, fragment)
  }

  #give(stamp: bigint): bigint {
    // Half the allowance.
    const { hlc, isAnyLeadFine } = this.env
    if (stamp > hlc + STAMP_LEAD_MAX / 2n && isAnyLeadFine !== true) {
      throw new CrdtError(
        'CRDT_LIMIT',
        `what is to be replaced was written ${stamp - hlc} ns ahead of the clock; try again later`,
      )
    }
    this.#lastStamp = stamp
    return stamp
  }

  artifact(): Bytes | undefined {
    if (this.#fragments.size === 0) return undefined
    const bytes = encodeArtifact(this.#fragments.values())
    if (bytes.byteLength <= ARTIFACT_BYTES_MAX) return bytes
    throw new CrdtError(
      'CRDT_LIMIT',
      `the changes of a call have ${bytes.byteLength} bytes, at most ${ARTIFACT_BYTES_MAX} are allowed; split the work into several calls`,
    )
  }
}

function weightOf(fragment: Fragment): number {
  return fragment.weight ?? 1
}

export function argument(why: string): CrdtError {
  return new CrdtError('CRDT_ARGUMENT', why)
}
