// Everything the host holds for one instance of a guest: what it was given, what it wrote, what it said. The host
// functions are the only ones to touch it; the outcome is read off it at the end.
import { type Bytes, equalBytes, fromUtf8 } from '../../base/bytes.ts'
import type { Random } from '../../base/random.ts'
import type { GuestEnv, GuestEvent, GuestProposal, GuestXCall } from '../guest-executor.ts'
import { HostCrdt } from '../host/host-crdt.ts'
import { LIMITS } from '../limits.ts'
import { STATE_VERSION_KEY } from '../module/state-schema.ts'
import { type BlobAccess, CallBlobs } from './call-blobs.ts'
import { GuestClock } from './guest-clock.ts'
import { checkLimit, GuestFault } from './guest-fault.ts'
import { GuestMemory } from './guest-memory.ts'
import { GuestRandom } from './guest-random.ts'
import { type KeyReader, Overlay } from './overlay.ts'
import { Registers } from './registers.ts'

export interface InvocationParts {
  readonly input: Bytes
  readonly env: GuestEnv
  readonly shared: KeyReader
  readonly private: KeyReader
  /** Where the module keeps its CRDTs; decides what `storage_*` addresses. */
  readonly storage: 'guest' | 'host'
  readonly randomSeed: Bytes | undefined
  readonly random: Random
  /** Absent where guests have no blobs. */
  readonly blobs?: BlobAccess | undefined
  readonly isApply?: boolean
  readonly isMigration?: boolean
}

export interface Returned {
  readonly ok: boolean
  readonly payload: Bytes
}

export class Invocation {
  readonly input: Bytes
  readonly env: GuestEnv
  readonly memory = new GuestMemory()
  readonly registers = new Registers()
  readonly clock: GuestClock
  readonly random: GuestRandom
  readonly shared: Overlay
  readonly private: Overlay
  /**
   * What `storage_read` and `storage_write` address. A guest whose CRDTs are the host's shares state through those
   * only; its raw keys belong to no artifact, so they are the node's own.
   */
  readonly raw: Overlay
  readonly storage: 'guest' | 'host'
  readonly crdt: HostCrdt
  readonly blobs: CallBlobs

  readonly logs: string[] = []
  readonly events: GuestEvent[] = []
  readonly xcalls: GuestXCall[] = []
  readonly proposals: GuestProposal[] = []
  readonly approvals: Bytes[] = []
  returned: Returned | undefined
  committed: { readonly root: Bytes; readonly artifact: Bytes } | undefined
  migrationWitness: Bytes | undefined

  #fault: unknown
  #writes = 0
  #writtenBytes = 0

  constructor(parts: InvocationParts) {
    this.input = parts.input
    this.env = parts.env
    this.clock = new GuestClock(parts.env.timeNs)
    this.random = new GuestRandom(parts.random, parts.randomSeed)
    this.shared = new Overlay(parts.shared)
    this.private = new Overlay(parts.private)
    this.storage = parts.storage
    this.blobs = new CallBlobs(parts.blobs, parts.isApply ?? false, parts.input)
    this.raw = parts.storage === 'host' ? this.private : this.shared
    this.crdt = new HostCrdt({
      state: {
        get: (key) => this.read(this.shared, key),
        set: (key, value) => void this.write(this.shared, key, value),
      },
      env: this.env,
      clock: this.clock,
      random: this.random,
      isMigration: parts.isMigration === true,
    })
  }

  /** The first exception a host function threw, even if the guest caught it. */
  get fault(): unknown {
    return this.#fault
  }

  /** Runs a host function's body; after the first fault the guest gets nothing but that fault. */
  guarded<T>(body: () => T): T {
    if (this.#fault !== undefined) throw this.#fault
    try {
      return body()
    } catch (error) {
      this.#fault = error
      throw error
    }
  }

  log(text: string): void {
    checkLimit('log messages of a call', this.logs.length + 1, LIMITS.logs)
    checkLimit('bytes of a log message', Buffer.byteLength(text), LIMITS.logBytes)
    this.logs.push(text)
  }

  emit(event: GuestEvent): void {
    checkLimit('events of a call', this.events.length + 1, LIMITS.events)
    checkLimit('bytes of an event kind', Buffer.byteLength(event.kind), LIMITS.eventKindBytes)
    checkLimit('bytes of event data', event.data.byteLength, LIMITS.eventDataBytes)
    if (event.handler !== undefined) {
      checkLimit('bytes of a handler name', Buffer.byteLength(event.handler), LIMITS.handlerNameBytes)
    }
    this.events.push(event)
  }

  /** Writes, or removes with null, under the limits of a call; the result is the value before. */
  write(overlay: Overlay, key: Bytes, value: Bytes | null): Bytes | undefined {
    checkLimit('bytes of a storage key', key.byteLength, LIMITS.storageKeyBytes)
    checkLimit('bytes of a storage value', value?.byteLength ?? 0, LIMITS.storageValueBytes)
    if (overlay === this.shared && equalBytes(key, STATE_VERSION_KEY)) {
      throw new GuestFault('host_error', `the storage key ${fromUtf8(STATE_VERSION_KEY)} is the node's own`)
    }
    this.#writes += 1
    this.#writtenBytes += key.byteLength + (value?.byteLength ?? 0)
    checkLimit('storage writes of a call', this.#writes, LIMITS.storageWrites)
    checkLimit('bytes written by a call', this.#writtenBytes, LIMITS.storageWrittenBytes)
    return overlay.set(key, value)
  }

  read(overlay: Overlay, key: Bytes): Bytes | undefined {
    checkLimit('bytes of a storage key', key.byteLength, LIMITS.storageKeyBytes)
    return overlay.get(key)
  }

  commit(root: Bytes, artifact: Bytes): void {
    if (this.committed) throw new GuestFault('host_error', 'commit was called twice in one call')
    checkLimit('bytes of an artifact', artifact.byteLength, LIMITS.artifactBytes)
    this.committed = { root, artifact }
  }
}
