// One guest call's use of the host CRDTs: a method per `js_crdt_*`, `js_user_storage_*`, `js_frozen_storage_*` function.
// Every write becomes a fragment that is merged into the state at once, exactly as another node will merge it.
import { type Bytes, concat, EMPTY, equalBytes } from '../base/bytes.ts'
import { assert } from '../base/errors.ts'
import { sha256 } from '../base/hash.ts'
import { AuthoredMapSession } from './authority/authored-map-session.ts'
import { SharedSession } from './authority/shared-session.ts'
import { CounterRecords, type CounterType, CountFragment, gCounter, pnCounter } from './counter.ts'
import type { CrdtState } from './crdt-state.ts'
import { CrdtError } from './errors.ts'
import type { CrdtType } from './fragment.ts'
import { FrozenFragment, readFrozen } from './frozen-storage.ts'
import { iterBytes } from './iter-bytes.ts'
import { ElementFragment, type ElementKind, KeyedElements } from './keyed-elements.ts'
import { lwwRegister, RegisterFragment, ROOT_DOCUMENT_ID, readRegister, rootDocument } from './lww-register.ts'
import { CRDT_TYPES } from './registry.ts'
import { authoredVector, vector } from './sequence/sequence-types.ts'
import { TextSession } from './sequence/text-session.ts'
import { VectorSession } from './sequence/vector-session.ts'
import { type CrdtEnvironment, SessionCore } from './session-core.ts'
import { SortedSession } from './sorted-session.ts'
import { sortedMap, unorderedMap } from './unordered-map.ts'
import { sortedSet, unorderedSet } from './unordered-set.ts'
import { accountOfReplica, UserFragment, userStorage } from './user-storage.ts'

export type { CrdtEnvironment } from './session-core.ts'

const U64_MAX = (1n << 64n) - 1n

/** Methods throw CrdtError where the host function answers -1. `undefined` = the host function answers 0. */
export class CrdtSession {
  readonly #core: SessionCore

  readonly vector: VectorSession
  readonly authoredVector: VectorSession
  readonly text: TextSession
  readonly authoredMap: AuthoredMapSession
  readonly shared: SharedSession
  readonly sortedMap: SortedSession
  readonly sortedSet: SortedSession

  constructor(state: CrdtState, env: CrdtEnvironment) {
    this.#core = new SessionCore(state, env)
    this.vector = new VectorSession(this.#core, vector)
    this.authoredVector = new VectorSession(this.#core, authoredVector)
    this.text = new TextSession(this.#core)
    this.authoredMap = new AuthoredMapSession(this.#core)
    this.shared = new SharedSession(this.#core)
    this.sortedMap = new SortedSession(this.#core, sortedMap)
    this.sortedSet = new SortedSession(this.#core, sortedSet)
  }

  // Every `…New` answers a fresh id; `…NewWithId` checks and answers the given one. Neither writes anything: an instance
  // is the records under its id, and one without records is empty.

  mapNew(): Bytes {
    return this.#core.create()
  }
  mapNewWithId(id: Bytes): Bytes {
    return this.#core.createWithId(id)
  }
  mapGet(id: Bytes, key: Bytes): Bytes | undefined {
    return this.#get(unorderedMap, id, key)
  }
  /** The replaced value. */
  mapInsert(id: Bytes, key: Bytes, value: Bytes): Bytes | undefined {
    return this.#put(unorderedMap, id, key, value)
  }
  /** The removed value. */
  mapRemove(id: Bytes, key: Bytes): Bytes | undefined {
    return this.#remove(unorderedMap, id, key)
  }
  mapContains(id: Bytes, key: Bytes): boolean {
    return this.#get(unorderedMap, id, key) !== undefined
  }
  /** u32 count, then u32 length and key, u32 length and value, little-endian. In byte order of the keys. */
  mapIter(id: Bytes): Bytes {
    return iterBytes(this.#elements(unorderedMap, id).entries())
  }

  sortedMapNew(): Bytes {
    return this.#core.create()
  }
  sortedMapNewWithId(id: Bytes): Bytes {
    return this.#core.createWithId(id)
  }
  sortedMapGet(id: Bytes, key: Bytes): Bytes | undefined {
    return this.#get(sortedMap, id, key)
  }
  sortedMapInsert(id: Bytes, key: Bytes, value: Bytes): Bytes | undefined {
    return this.#put(sortedMap, id, key, value)
  }
  sortedMapRemove(id: Bytes, key: Bytes): Bytes | undefined {
    return this.#remove(sortedMap, id, key)
  }
  sortedMapContains(id: Bytes, key: Bytes): boolean {
    return this.#get(sortedMap, id, key) !== undefined
  }
  sortedMapIter(id: Bytes): Bytes {
    return iterBytes(this.#elements(sortedMap, id).entries())
  }

  setNew(): Bytes {
    return this.#core.create()
  }
  setNewWithId(id: Bytes): Bytes {
    return this.#core.createWithId(id)
  }
  /** True = new. */
  setInsert(id: Bytes, value: Bytes): boolean {
    return this.#addElement(unorderedSet, id, value)
  }
  setContains(id: Bytes, value: Bytes): boolean {
    return this.#get(unorderedSet, id, value) !== undefined
  }
  setRemove(id: Bytes, value: Bytes): boolean {
    return this.#remove(unorderedSet, id, value) !== undefined
  }
  setLen(id: Bytes): bigint {
    return this.#elements(unorderedSet, id).size
  }
  /** u32 count, then u32 length and value, little-endian. In byte order. */
  setIter(id: Bytes): Bytes {
    return this.#setIter(unorderedSet, id)
  }
  /** False when it was empty. */
  setClear(id: Bytes): boolean {
    return this.#clear(unorderedSet, this.#core.id(id))
  }

  sortedSetNew(): Bytes {
    return this.#core.create()
  }
  sortedSetNewWithId(id: Bytes): Bytes {
    return this.#core.createWithId(id)
  }
  sortedSetInsert(id: Bytes, value: Bytes): boolean {
    return this.#addElement(sortedSet, id, value)
  }
  sortedSetContains(id: Bytes, value: Bytes): boolean {
    return this.#get(sortedSet, id, value) !== undefined
  }
  sortedSetRemove(id: Bytes, value: Bytes): boolean {
    return this.#remove(sortedSet, id, value) !== undefined
  }
  sortedSetLen(id: Bytes): bigint {
    return this.#elements(sortedSet, id).size
  }
  sortedSetIter(id: Bytes): Bytes {
    return this.#setIter(sortedSet, id)
  }
  sortedSetClear(id: Bytes): boolean {
    return this.#clear(sortedSet, this.#core.id(id))
  }

  lwwNew(): Bytes {
    return this.#core.create()
  }
  lwwNewWithId(id: Bytes): Bytes {
    return this.#core.createWithId(id)
  }
  /** `undefined` empties the register (has_value 0). False = it already held that; then nothing is written. */
  lwwSet(id: Bytes, value: Bytes | undefined): boolean {
    return this.#setRegister(lwwRegister, this.#core.id(id), value === undefined ? null : this.#core.value(value))
  }
  lwwGet(id: Bytes): Bytes | undefined {
    return readRegister(this.#core.state, lwwRegister, this.#core.id(id))?.body ?? undefined
  }
  /** u64 seconds and fraction (NTP) and the first half of the hashed writer, little-endian. */
  lwwTimestamp(id: Bytes): Bytes | undefined {
    const record = readRegister(this.#core.state, lwwRegister, this.#core.id(id))
    if (record === undefined) return undefined
    const time = Buffer.alloc(8)
    const nsPerSecond = 1_000_000_000n
    const ntp = ((record.stamp / nsPerSecond) << 32n) | (((record.stamp % nsPerSecond) << 32n) / nsPerSecond)
    time.writeBigUInt64LE(BigInt.asUintN(64, ntp))
    return concat([time, sha256(record.replica).subarray(0, 16)])
  }

  counterNew(): Bytes {
    return this.#core.create()
  }
  counterNewWithId(id: Bytes): Bytes {
    return this.#core.createWithId(id)
  }
  counterIncrement(id: Bytes): void {
    this.#count(gCounter, id, 0)
  }
  counterValue(id: Bytes): bigint {
    return this.#counter(gCounter, id).value
  }
  /** `executor` undefined (has 0) = the calling replica. */
  counterGetExecutorCount(id: Bytes, executor: Bytes | undefined): bigint {
    return this.#counter(gCounter, id).valueOf(this.#executor(executor))
  }

  pnCounterNew(): Bytes {
    return this.#core.create()
  }
  pnCounterNewWithId(id: Bytes): Bytes {
    return this.#core.createWithId(id)
  }
  pnCounterIncrement(id: Bytes): void {
    this.#count(pnCounter, id, 0)
  }
  pnCounterDecrement(id: Bytes): void {
    this.#count(pnCounter, id, 1)
  }
  /** May be below zero. */
  pnCounterValue(id: Bytes): bigint {
    return BigInt.asIntN(64, this.#counter(pnCounter, id).value)
  }
  pnCounterGetExecutorCount(id: Bytes, executor: Bytes | undefined): bigint {
    return BigInt.asIntN(64, this.#counter(pnCounter, id).valueOf(this.#executor(executor)))
  }

  userStorageNew(): Bytes {
    return this.#core.create()
  }
  userStorageNewWithId(id: Bytes): Bytes {
    return this.#core.createWithId(id)
  }
  userStorageInsert(id: Bytes, value: Bytes): Bytes | undefined {
    return this.#setOwn(this.#core.id(id), this.#core.value(value))
  }
  userStorageGet(id: Bytes): Bytes | undefined {
    return this.#get(userStorage, id, this.#account())
  }
  userStorageGetForUser(id: Bytes, user: Bytes): Bytes | undefined {
    return this.#get(userStorage, id, this.#core.fixed(user, 'a user'))
  }
  userStorageRemove(id: Bytes): Bytes | undefined {
    return this.userStorageGet(id) === undefined ? undefined : this.#setOwn(this.#core.id(id), null)
  }
  userStorageContains(id: Bytes): boolean {
    return this.userStorageGet(id) !== undefined
  }
  userStorageContainsUser(id: Bytes, user: Bytes): boolean {
    return this.userStorageGetForUser(id, user) !== undefined
  }

  frozenStorageNew(): Bytes {
    return this.#core.create()
  }
  frozenStorageNewWithId(id: Bytes): Bytes {
    return this.#core.createWithId(id)
  }
  /** The 32-byte hash of the value. */
  frozenStorageAdd(id: Bytes, value: Bytes): Bytes {
    const fragment = new FrozenFragment(this.#core.id(id), this.#core.value(value))
    if (readFrozen(this.#core.state, fragment.id, fragment.part) === undefined) this.#core.emit(fragment)
    return fragment.part
  }
  frozenStorageGet(id: Bytes, hash: Bytes): Bytes | undefined {
    return readFrozen(this.#core.state, this.#core.id(id), this.#core.fixed(hash, 'a hash'))
  }
  frozenStorageContains(id: Bytes, hash: Bytes): boolean {
    return this.frozenStorageGet(id, hash) !== undefined
  }

  /** Removes what is there now, of whatever type. False = nothing under that id. */
  deleteCollection(id: Bytes): boolean {
    const instance = this.#core.id(id)
    const created = this.#core.forget(instance)
    const cleared = CRDT_TYPES.filter((type) => type !== rootDocument && this.#clear(type, instance))
    return created || cleared.length > 0
  }

  /** The document of the guest's root object. The two times are the guest's: they decide nothing. */
  persistRoot(doc: Bytes, _createdAt: bigint, _updatedAt: bigint): void {
    // A call that stores the document unchanged must not override one that changes it elsewhere.
    this.#setRegister(rootDocument, ROOT_DOCUMENT_ID, this.#core.value(doc))
  }
  readRoot(): Bytes | undefined {
    return readRegister(this.#core.state, rootDocument, ROOT_DOCUMENT_ID)?.body ?? undefined
  }

  /** Everything changed since the session began, also by an earlier take: keep only the last. undefined = nothing. */
  takeArtifact(): Bytes | undefined {
    return this.#core.artifact()
  }

  #counter(type: CounterType, id: Bytes): CounterRecords {
    return new CounterRecords(this.#core.state, type, this.#core.id(id))
  }

  #count(type: CounterType, id: Bytes, side: 0 | 1): void {
    const counted = this.#counter(type, id).counted(this.#core.env.replica)
    const before = counted[side] ?? 0n
    if (before === U64_MAX) throw new CrdtError('CRDT_LIMIT', 'the counter cannot count further')
    this.#core.emit(new CountFragment(type, this.#core.id(id), counted.with(side, before + 1n)))
  }

  #executor(executor: Bytes | undefined): Bytes {
    return executor === undefined ? this.#core.env.replica : this.#core.fixed(executor, 'an executor')
  }

  #elements(type: ElementKind, id: Bytes): KeyedElements {
    return new KeyedElements(this.#core.state, type, this.#core.id(id))
  }

  #get(type: ElementKind, id: Bytes, key: Bytes): Bytes | undefined {
    return this.#elements(type, id).get(this.#core.key(key))
  }

  #put(type: ElementKind, id: Bytes, key: Bytes, value: Bytes | null): Bytes | undefined {
    const elements = this.#elements(type, id)
    const element = { id: this.#core.id(id), key: this.#core.key(key) }
    const checked = value === null ? null : this.#core.value(value)
    const before = elements.get(element.key)
    const stamp = this.#core.next(elements.stampOf(element.key))
    this.#core.emit(new ElementFragment(type, { ...element, value: checked, stamp }))
    return before
  }

  #remove(type: ElementKind, id: Bytes, key: Bytes): Bytes | undefined {
    return this.#get(type, id, key) === undefined ? undefined : this.#put(type, id, key, null)
  }

  #addElement(type: ElementKind, id: Bytes, value: Bytes): boolean {
    if (this.#get(type, id, value) !== undefined) return false
    this.#put(type, id, value, EMPTY)
    return true
  }

  *#setItems(type: ElementKind, id: Bytes): Generator<Bytes[]> {
    for (const [value] of this.#elements(type, id).entries()) yield [value]
  }

  #setIter(type: ElementKind, id: Bytes): Bytes {
    return iterBytes(this.#setItems(type, id))
  }

  #clear(type: CrdtType, id: Bytes): boolean {
    const fragments = type.clear(this.#core.state, id, this.#core.next, this.#core.env.replica)
    for (const fragment of fragments) this.#core.emit(fragment)
    return fragments.length > 0
  }

  #setRegister(type: CrdtType, id: Bytes, value: Bytes | null): boolean {
    const record = readRegister(this.#core.state, type, id)
    const before = record?.body ?? null
    if (before === value || (before !== null && value !== null && equalBytes(before, value))) return false
    this.#core.emit(new RegisterFragment({ tag: type.tag, id, value, stamp: this.#core.next(record?.stamp) }))
    return true
  }

  #setOwn(id: Bytes, value: Bytes | null): Bytes | undefined {
    const elements = this.#elements(userStorage, id)
    const account = this.#account()
    const before = elements.get(account)
    this.#core.emit(new UserFragment(id, value, this.#core.next(elements.stampOf(account))))
    return before
  }

  #account(): Bytes {
    const account = accountOfReplica(this.#core.env.replica)
    assert(equalBytes(account, this.#core.env.account), 'the account of a CRDT session is that of its replica')
    return account
  }
}
