// Authored maps as a guest uses them.
import { type Bytes, equalBytes } from '../../base/bytes.ts'
import { CrdtError } from '../errors.ts'
import { iterBytes } from '../iter-bytes.ts'
import type { SessionCore } from '../session-core.ts'
import { accountOfReplica } from '../user-storage.ts'
import { AuthoredEntries, AuthoredFragment } from './authored-map.ts'

/** Methods throw CrdtError where the host function answers -1. `undefined` = the host function answers 0. */
export class AuthoredMapSession {
  readonly #core: SessionCore

  constructor(core: SessionCore) {
    this.#core = core
  }

  new(): Bytes {
    return this.#core.create()
  }
  newWithId(id: Bytes): Bytes {
    return this.#core.createWithId(id)
  }

  get(id: Bytes, key: Bytes): Bytes | undefined {
    return this.#entries(id).get(this.#core.key(key))
  }

  contains(id: Bytes, key: Bytes): boolean {
    return this.get(id, key) !== undefined
  }

  /** Refuses a key that is taken, also one whose value its owner removed: keys stay with who claimed them. */
  insert(id: Bytes, key: Bytes, value: Bytes): void {
    if (this.contains(id, key)) throw new CrdtError('CRDT_FORBIDDEN', 'the key is there already')
    const claim = this.#entries(id).claimOn(this.#core.key(key))
    if (claim !== undefined && !equalBytes(claim.replica, this.#core.env.replica)) {
      throw new CrdtError('CRDT_FORBIDDEN', 'the key belongs to another author, who removed its value')
    }
    this.#put(id, key, value)
  }

  /** The value before. */
  update(id: Bytes, key: Bytes, value: Bytes): Bytes {
    const before = this.#mine(id, key)
    if (before === undefined) throw new CrdtError('CRDT_ARGUMENT', 'there is no such key; insert it')
    this.#put(id, key, value)
    return before
  }

  /** The removed value. */
  remove(id: Bytes, key: Bytes): Bytes | undefined {
    const before = this.#mine(id, key)
    if (before !== undefined) this.#put(id, key, null)
    return before
  }

  /** An account. */
  ownerOf(id: Bytes, key: Bytes): Bytes | undefined {
    if (!this.contains(id, key)) return undefined
    const claim = this.#entries(id).claimOn(this.#core.key(key))
    return claim === undefined ? undefined : accountOfReplica(claim.replica)
  }

  ownedByMe(id: Bytes, key: Bytes): boolean {
    const owner = this.ownerOf(id, key)
    return owner !== undefined && equalBytes(owner, this.#core.env.account)
  }

  len(id: Bytes): bigint {
    return this.#entries(id).size
  }

  /** As a map's, in byte order of the keys. */
  iter(id: Bytes): Bytes {
    return iterBytes(this.#entries(id).entries())
  }

  #mine(id: Bytes, key: Bytes): Bytes | undefined {
    const value = this.get(id, key)
    if (value === undefined || this.ownedByMe(id, key)) return value
    throw new CrdtError('CRDT_FORBIDDEN', 'the key belongs to another author')
  }

  #put(id: Bytes, key: Bytes, value: Bytes | null): void {
    const element = { id: this.#core.id(id), key: this.#core.key(key) }
    const entries = this.#entries(id)
    const stamp = this.#core.next(entries.stampOf(element.key, this.#core.env.replica))
    const claim = entries.claimOn(element.key)?.stamp ?? stamp
    const checked = value === null ? null : this.#core.value(value)
    this.#core.emit(new AuthoredFragment({ ...element, value: checked, stamp, claim }))
  }

  #entries(id: Bytes): AuthoredEntries {
    return new AuthoredEntries(this.#core.state, this.#core.id(id))
  }
}
