// One guest call's use of the host CRDTs: a method per `js_crdt_*`, `js_user_storage_*`, `js_frozen_storage_*` function.
// Every write becomes a fragment that is merged into the state at once, exactly as another node will merge it.
import type { Bytes } from '../base/bytes.ts'
import type { CrdtState } from './crdt-state.ts'
import { CrdtError } from './errors.ts'

export interface CrdtEnvironment {
  /** 32 bytes: the public key that will author the delta. */
  readonly replica: Bytes
  /** 32 bytes: the account behind the replica. */
  readonly account: Bytes
  /** Strictly increasing, never below the HLC of the delta to be. */
  now(): bigint
  /** 32 unpredictable bytes. */
  newId(): Bytes
}

/** Methods throw CrdtError where the host function answers -1. `undefined` = the host function answers 0. */
export class CrdtSession {
  readonly #state: CrdtState
  readonly #env: CrdtEnvironment

  constructor(state: CrdtState, env: CrdtEnvironment) {
    this.#state = state
    this.#env = env
  }

  // Every `…New` answers a fresh id; `…NewWithId` checks and answers the given one. Neither writes anything.
  mapNew(): Bytes {
    return this.#todo()
  }
  mapNewWithId(_id: Bytes): Bytes {
    return this.#todo()
  }
  mapGet(_id: Bytes, _key: Bytes): Bytes | undefined {
    return this.#todo()
  }
  /** The replaced value. */
  mapInsert(_id: Bytes, _key: Bytes, _value: Bytes): Bytes | undefined {
    return this.#todo()
  }
  /** The removed value. */
  mapRemove(_id: Bytes, _key: Bytes): Bytes | undefined {
    return this.#todo()
  }
  mapContains(_id: Bytes, _key: Bytes): boolean {
    return this.#todo()
  }
  /** u32 count, then u32 length and key, u32 length and value, little-endian. */
  mapIter(_id: Bytes): Bytes {
    return this.#todo()
  }
  // sortedMapNew … sortedMapIter: the same; keys come in byte order.

  setNew(): Bytes {
    return this.#todo()
  }
  setNewWithId(_id: Bytes): Bytes {
    return this.#todo()
  }
  /** True = new. */
  setInsert(_id: Bytes, _value: Bytes): boolean {
    return this.#todo()
  }
  setContains(_id: Bytes, _value: Bytes): boolean {
    return this.#todo()
  }
  setRemove(_id: Bytes, _value: Bytes): boolean {
    return this.#todo()
  }
  setLen(_id: Bytes): bigint {
    return this.#todo()
  }
  /** u32 count, then u32 length and value, little-endian. */
  setIter(_id: Bytes): Bytes {
    return this.#todo()
  }
  /** False when it was empty. */
  setClear(_id: Bytes): boolean {
    return this.#todo()
  }
  // sortedSetNew … sortedSetClear: the same.

  lwwNew(): Bytes {
    return this.#todo()
  }
  lwwNewWithId(_id: Bytes): Bytes {
    return this.#todo()
  }
  /** `undefined` empties the register (has_value 0). False = it already held that. */
  lwwSet(_id: Bytes, _value: Bytes | undefined): boolean {
    return this.#todo()
  }
  lwwGet(_id: Bytes): Bytes | undefined {
    return this.#todo()
  }
  /** 24 bytes. */
  lwwTimestamp(_id: Bytes): Bytes | undefined {
    return this.#todo()
  }

  counterNew(): Bytes {
    return this.#todo()
  }
  counterNewWithId(_id: Bytes): Bytes {
    return this.#todo()
  }
  counterIncrement(_id: Bytes): void {
    this.#todo()
  }
  counterValue(_id: Bytes): bigint {
    return this.#todo()
  }
  /** `executor` undefined (has 0) = the calling replica. */
  counterGetExecutorCount(_id: Bytes, _executor: Bytes | undefined): bigint {
    return this.#todo()
  }

  userStorageNew(): Bytes {
    return this.#todo()
  }
  userStorageNewWithId(_id: Bytes): Bytes {
    return this.#todo()
  }
  userStorageInsert(_id: Bytes, _value: Bytes): Bytes | undefined {
    return this.#todo()
  }
  userStorageGet(_id: Bytes): Bytes | undefined {
    return this.#todo()
  }
  userStorageGetForUser(_id: Bytes, _user: Bytes): Bytes | undefined {
    return this.#todo()
  }
  userStorageRemove(_id: Bytes): Bytes | undefined {
    return this.#todo()
  }
  userStorageContains(_id: Bytes): boolean {
    return this.#todo()
  }
  userStorageContainsUser(_id: Bytes, _user: Bytes): boolean {
    return this.#todo()
  }

  frozenStorageNew(): Bytes {
    return this.#todo()
  }
  frozenStorageNewWithId(_id: Bytes): Bytes {
    return this.#todo()
  }
  /** The 32-byte hash of the value. */
  frozenStorageAdd(_id: Bytes, _value: Bytes): Bytes {
    return this.#todo()
  }
  frozenStorageGet(_id: Bytes, _hash: Bytes): Bytes | undefined {
    return this.#todo()
  }
  frozenStorageContains(_id: Bytes, _hash: Bytes): boolean {
    return this.#todo()
  }

  /** False = nothing under that id. */
  deleteCollection(_id: Bytes): boolean {
    return this.#todo()
  }

  /** The document of the guest's root object. The two times are the guest's: they decide nothing. */
  persistRoot(_doc: Bytes, _createdAt: bigint, _updatedAt: bigint): void {
    this.#todo()
  }
  readRoot(): Bytes | undefined {
    return this.#todo()
  }

  /** Everything changed since the session began, also by an earlier take: keep only the last. undefined = nothing. */
  takeArtifact(): Bytes | undefined {
    return this.#todo()
  }

  #todo(): never {
    throw new CrdtError(
      'CRDT_UNSUPPORTED',
      `host CRDTs are not implemented (${typeof this.#state}, ${typeof this.#env})`,
    )
  }
}
