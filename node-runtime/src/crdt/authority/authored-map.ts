// AuthoredMap: a key belongs to whoever claimed it first, for good. Every author has a record of its own under a key;
// what shows is the owner's. So nobody can write into another's value, and of two concurrent claims the earlier stands
// on every replica. The value is last-writer-wins among the owner's writes; the claim is the smallest seen.
import { type Bytes, compareBytes, concat, equalBytes, u64be } from '../../base/bytes.ts'
import { type ByteReader, type ByteWriter, corruptState, countRecord, readU64 } from '../codec.ts'
import type { CrdtState } from '../crdt-state.ts'
import { ElementIndex } from '../element-index.ts'
import { type CrdtType, claimedAt, type Fragment, type NextStamp, type Origin } from '../fragment.ts'
import { bodyOf, entriesInOrder, indexKeyOf, isShort, valueIn } from '../keyed-elements.ts'
import { KEY_BYTES_MAX, VALUE_BYTES_MAX } from '../limits.ts'
import { type LwwRecord, mergeRecord, readRecord } from '../lww-record.ts'
import { INSTANCE_ID_LENGTH, recordKey } from '../state-keys.ts'

const TAG = 12
const REMOVE = 0
const PUT = 1

/** Who may write under a key, and since when. */
export interface Claim {
  readonly stamp: bigint
  readonly replica: Bytes
}

export class AuthoredEntries {
  readonly #state: CrdtState
  readonly #id: Bytes

  constructor(state: CrdtState, id: Bytes) {
    this.#state = state
    this.#id = id
  }

  get size(): bigint {
    const bytes = this.#state.get(this.#totalKey())
    return bytes === undefined ? 0n : readU64(bytes)
  }

  /** Also of a key whose value was removed. */
  claimOn(key: Bytes): Claim | undefined {
    return this.#claim(indexKeyOf(key))
  }

  get(key: Bytes): Bytes | undefined {
    const body = this.#shown(indexKeyOf(key))
    return body === undefined ? undefined : valueIn(body, isShort(key))
  }

  stampOf(key: Bytes, replica: Bytes): bigint | undefined {
    return readRecord(this.#state, this.#slotKey(indexKeyOf(key), replica))?.stamp
  }

  /** In byte order of the keys. */
  entries(): Generator<[Bytes, Bytes]> {
    return entriesInOrder(this.#index(), {}, (indexKey) => {
      const body = this.#shown(indexKey)
      if (body === undefined) throw corruptState('an authored element is in the index only')
      return body
    })
  }

  /** Whether the author owns the key afterwards. */
  merge(key: Bytes, claim: Claim, record: Omit<LwwRecord, 'replica'>): boolean {
    const indexKey = indexKeyOf(key)
    const was = this.#shown(indexKey) !== undefined
    const body = record.body === null ? null : bodyOf(key, record.body)
    mergeRecord(this.#state, this.#slotKey(indexKey, claim.replica), { ...record, replica: claim.replica, body })
    const bytes = concat([u64be(claim.stamp), claim.replica])
    const before = this.#state.get(this.#claimKey(indexKey))
    if (before === undefined || compareBytes(bytes, before) < 0) this.#state.set(this.#claimKey(indexKey), bytes)
    const is = this.#shown(indexKey) !== undefined
    if (was !== is) this.#count(indexKey, is)
    const owner = this.#claim(indexKey)
    return owner !== undefined && equalBytes(owner.replica, claim.replica)
  }

  #count(indexKey: Bytes, is: boolean): void {
    if (is) this.#index().add(indexKey)
    else this.#index().delete(indexKey)
    const size = is ? this.size + 1n : this.size - 1n
    this.#state.set(this.#totalKey(), countRecord(size))
  }

  #shown(indexKey: Bytes): Bytes | undefined {
    const claim = this.#claim(indexKey)
    if (claim === undefined) return undefined
    return readRecord(this.#state, this.#slotKey(indexKey, claim.replica))?.body ?? undefined
  }

  #claim(indexKey: Bytes): Claim | undefined {
    const bytes = this.#state.get(this.#claimKey(indexKey))
    if (bytes === undefined) return undefined
    return { stamp: readU64(bytes, 0, 8 + INSTANCE_ID_LENGTH), replica: bytes.subarray(8) }
  }

  #slotKey(indexKey: Bytes, replica: Bytes): Bytes {
    return recordKey(this.#id, TAG, 'e', concat([replica, indexKey]))
  }

  #claimKey(indexKey: Bytes): Bytes {
    return recordKey(this.#id, TAG, 'o', indexKey)
  }

  #totalKey(): Bytes {
    return recordKey(this.#id, TAG, 't')
  }

  #index(): ElementIndex {
    return new ElementIndex(this.#state, recordKey(this.#id, TAG, 'i'))
  }
}

/** Sets or removes (null) the author's own value under a key. `claim`: the stamp of its first write there. */
export class AuthoredFragment implements Fragment {
  readonly tag = TAG
  readonly id: Bytes
  readonly part: Bytes
  readonly stamp: bigint
  readonly #claim: bigint
  readonly #value: Bytes | null

  constructor(element: { id: Bytes; key: Bytes; value: Bytes | null; stamp: bigint; claim: bigint }) {
    this.id = element.id
    this.part = element.key
    this.stamp = element.stamp
    this.#claim = element.claim
    this.#value = element.value
  }

  write(out: ByteWriter): void {
    out.u64(this.stamp)
    out.u64(this.#claim)
    out.byte(this.#value === null ? REMOVE : PUT)
    out.bytes(this.part)
    if (this.#value !== null) out.bytes(this.#value)
  }

  mergeInto(state: CrdtState, origin: Origin): boolean {
    const claim = { stamp: claimedAt(this.#claim, origin), replica: origin.replica }
    return new AuthoredEntries(state, this.id).merge(this.part, claim, { stamp: this.stamp, body: this.#value })
  }
}

export const authoredMap: CrdtType = {
  tag: TAG,
  name: 'AuthoredMap',
  // A key stays with who claimed it, whose record it is.
  swept: undefined,
  readFragment(id: Bytes, input: ByteReader): Fragment {
    const [stamp, claim] = [input.u64(), input.u64()]
    if (claim > stamp) throw input.fail('an element is claimed after it was written')
    const what = input.byte()
    if (what !== PUT && what !== REMOVE) throw input.fail('an element is neither put nor removed')
    const key = input.bytes(KEY_BYTES_MAX)
    return new AuthoredFragment({ id, key, value: what === PUT ? input.bytes(VALUE_BYTES_MAX) : null, stamp, claim })
  },
  clear(state: CrdtState, id: Bytes, next: NextStamp, replica: Bytes): Fragment[] {
    const entries = new AuthoredEntries(state, id)
    const fragments: Fragment[] = []
    for (const [key] of entries.entries()) {
      const claim = entries.claimOn(key)
      if (claim === undefined || !equalBytes(claim.replica, replica)) continue
      const stamp = next(entries.stampOf(key, replica))
      fragments.push(new AuthoredFragment({ id, key, value: null, stamp, claim: claim.stamp }))
    }
    return fragments
  },
}
