// SharedStorage: one value that a set of writers may set, and the sets of writers it had. The first set is the earliest
// that was claimed for the id; a set is replaced by the earliest change that one of its writers made to it. The value is
// the newest one written under the valid set, so who is no longer a writer cannot override what follows.
import { type Bytes, compareBytes, concat, equalBytes, u64be } from '../../base/bytes.ts'
import { ByteReader, ByteWriter, corruptState } from '../codec.ts'
import type { CrdtState } from '../crdt-state.ts'
import { type CrdtType, claimedAt, type Fragment, type NextStamp, type Origin } from '../fragment.ts'
import { VALUE_BYTES_MAX } from '../limits.ts'
import { type LwwRecord, mergeRecord, readRecord } from '../lww-record.ts'
import { recordKey } from '../state-keys.ts'
import {
  mayWrite,
  NO_PARENT,
  nameOf,
  readRights,
  readSet,
  type WriterSet,
  writeRights,
  writeSet,
} from './writer-set.ts'

const TAG = 14
const FOUND = 0
const CHANGE = 1
const SET = 2
const UNSET = 3
const CHANGE_AND_SET = 4

export class SharedRecords {
  readonly #state: CrdtState
  readonly #id: Bytes

  constructor(state: CrdtState, id: Bytes) {
    this.#state = state
    this.#id = id
  }

  /** The valid set of writers. undefined = there is no storage under the id. */
  current(): WriterSet | undefined {
    const bytes = this.#state.get(recordKey(this.#id, TAG, 't'))
    return bytes === undefined ? undefined : decodeSet(bytes)
  }

  /** A body of null = emptied; undefined = never set. */
  record(): LwwRecord | undefined {
    const set = this.current()
    return set === undefined ? undefined : readRecord(this.#state, this.#valueKey(nameOf(this.#id, set)))
  }

  found(set: WriterSet, claimed: bigint): void {
    if (this.#keepEarlier(recordKey(this.#id, TAG, 'g'), set, claimed)) this.#follow(this.#first())
  }

  change(from: WriterSet, set: WriterSet, claimed: bigint): void {
    if (!this.#keepEarlier(recordKey(this.#id, TAG, 'c', set.parent), set, claimed)) return
    // One that has not come yet, or has lost, leads nowhere.
    if (!this.isKept(from)) return
    const current = this.current()
    const next = current !== undefined && equalBytes(nameOf(this.#id, current), set.parent)
    // A change of an earlier set: from the beginning.
    this.#follow(next ? set : this.#first())
  }

  setValue(name: Bytes, record: LwwRecord): void {
    mergeRecord(this.#state, this.#valueKey(name), record)
  }

  /** Whether it is the set that follows the one it names, or the first: all of those that were ever valid are. */
  isKept(set: WriterSet): boolean {
    const isFirst = equalBytes(set.parent, NO_PARENT)
    const kept = isFirst ? this.#first() : this.#setAt(recordKey(this.#id, TAG, 'c', set.parent))
    return kept !== undefined && equalBytes(encodeSet(kept), encodeSet(set))
  }

  /** Notes the last set that follows. It ends: each names the one before by its hash, so none comes before itself. */
  #follow(from: WriterSet | undefined): void {
    let last = from
    for (let set = from; set !== undefined; set = this.#after(set)) last = set
    if (last !== undefined) this.#state.set(recordKey(this.#id, TAG, 't'), encodeSet(last))
  }

  #first(): WriterSet | undefined {
    return this.#setAt(recordKey(this.#id, TAG, 'g'))
  }

  #after(set: WriterSet): WriterSet | undefined {
    const name = nameOf(this.#id, set)
    const next = this.#setAt(recordKey(this.#id, TAG, 'c', name))
    if (next !== undefined && !equalBytes(next.parent, name)) throw corruptState('a set of writers follows another one')
    return next
  }

  #keepEarlier(key: Bytes, set: WriterSet, claimed: bigint): boolean {
    const bytes = concat([u64be(claimed), encodeSet(set)])
    const current = this.#state.get(key)
    if (current !== undefined && compareBytes(bytes, current) >= 0) return false
    this.#state.set(key, bytes)
    return true
  }

  #setAt(key: Bytes): WriterSet | undefined {
    const bytes = this.#state.get(key)
    return bytes === undefined ? undefined : decodeSet(bytes.subarray(8))
  }

  #valueKey(name: Bytes): Bytes {
    return recordKey(this.#id, TAG, 'v', name)
  }
}

function encodeSet(set: WriterSet): Bytes {
  const out = new ByteWriter()
  writeSet(out, set)
  return out.finish()
}

function decodeSet(bytes: Bytes): WriterSet {
  const input = new ByteReader(bytes, corruptState)
  const set = readSet(input)
  input.end()
  return set
}

/** The first set of writers. */
export class FoundFragment implements Fragment {
  readonly tag = TAG
  readonly id: Bytes
  readonly part = Uint8Array.of(FOUND)
  readonly stamp: bigint
  readonly #rights: Pick<WriterSet, 'frozen' | 'writers'>

  constructor(found: { id: Bytes; stamp: bigint; rights: Pick<WriterSet, 'frozen' | 'writers'> }) {
    this.id = found.id
    this.stamp = found.stamp
    this.#rights = found.rights
  }

  write(out: ByteWriter): void {
    out.byte(FOUND)
    out.u64(this.stamp)
    writeRights(out, this.#rights)
  }

  mergeInto(state: CrdtState, origin: Origin): boolean {
    const set = { stamp: this.stamp, replica: origin.replica, parent: NO_PARENT, ...this.#rights }
    const records = new SharedRecords(state, this.id)
    records.found(set, claimedAt(this.stamp, origin))
    return records.isKept(set)
  }
}

/**
 * Another set of writers in place of `from`, and the value so far: under the new set, so that former writers cannot
 * replace it. undefined = there was none.
 */
export class ChangeFragment implements Fragment {
  readonly tag = TAG
  readonly id: Bytes
  readonly part: Bytes
  readonly stamp: bigint
  readonly #from: WriterSet
  readonly #writers: readonly Bytes[]
  readonly #value: Bytes | undefined

  constructor(change: {
    id: Bytes
    from: WriterSet
    stamp: bigint
    writers: readonly Bytes[]
    value: Bytes | undefined
  }) {
    this.id = change.id
    this.part = concat([Uint8Array.of(CHANGE), nameOf(change.id, change.from)])
    this.stamp = change.stamp
    this.#from = change.from
    this.#writers = change.writers
    this.#value = change.value
  }

  write(out: ByteWriter): void {
    out.byte(this.#value === undefined ? CHANGE : CHANGE_AND_SET)
    writeSet(out, this.#from)
    out.u64(this.stamp)
    writeRights(out, { frozen: false, writers: this.#writers })
    if (this.#value !== undefined) out.bytes(this.#value)
  }

  mergeInto(state: CrdtState, origin: Origin): boolean {
    if (this.#from.frozen || !mayWrite(this.#from, origin.replica)) return false
    const { replica } = origin
    const parent = nameOf(this.id, this.#from)
    const set = { stamp: this.stamp, replica, parent, frozen: false, writers: this.#writers }
    const records = new SharedRecords(state, this.id)
    records.change(this.#from, set, claimedAt(this.stamp, origin))
    const name = nameOf(this.id, set)
    if (this.#value !== undefined) records.setValue(name, { stamp: this.stamp, replica, body: this.#value })
    return records.isKept(this.#from) && records.isKept(set)
  }
}

/** Sets or empties (null) the value, as one of the writers in `under`. */
export class SharedValueFragment implements Fragment {
  readonly tag = TAG
  readonly id: Bytes
  readonly part: Bytes
  readonly stamp: bigint
  readonly #under: WriterSet
  readonly #value: Bytes | null

  constructor(value: { id: Bytes; under: WriterSet; stamp: bigint; value: Bytes | null }) {
    this.id = value.id
    this.part = concat([Uint8Array.of(SET), nameOf(value.id, value.under)])
    this.stamp = value.stamp
    this.#under = value.under
    this.#value = value.value
  }

  write(out: ByteWriter): void {
    out.byte(this.#value === null ? UNSET : SET)
    writeSet(out, this.#under)
    out.u64(this.stamp)
    if (this.#value !== null) out.bytes(this.#value)
  }

  mergeInto(state: CrdtState, { replica }: Origin): boolean {
    if (!mayWrite(this.#under, replica)) return false
    const records = new SharedRecords(state, this.id)
    const name = nameOf(this.id, this.#under)
    records.setValue(name, { stamp: this.stamp, replica, body: this.#value })
    return records.isKept(this.#under)
  }
}

export const sharedStorage: CrdtType = {
  tag: TAG,
  name: 'SharedStorage',
  swept: undefined,
  readFragment(id: Bytes, input: ByteReader): Fragment {
    const what = input.byte()
    if (what === FOUND) return new FoundFragment({ id, stamp: input.u64(), rights: readRights(input) })
    if (what > CHANGE_AND_SET) throw input.fail('a shared storage is neither founded, changed nor set')
    const set = readSet(input)
    const stamp = input.u64()
    if (what === CHANGE || what === CHANGE_AND_SET) {
      const { frozen, writers } = readRights(input)
      if (frozen) throw input.fail('a set of writers cannot be frozen later')
      const value = what === CHANGE_AND_SET ? input.bytes(VALUE_BYTES_MAX) : undefined
      return new ChangeFragment({ id, from: set, stamp, writers, value })
    }
    return new SharedValueFragment({ id, under: set, stamp, value: what === SET ? input.bytes(VALUE_BYTES_MAX) : null })
  },
  clear(state: CrdtState, id: Bytes, next: NextStamp, replica: Bytes): Fragment[] {
    const records = new SharedRecords(state, id)
    const set = records.current()
    const record = records.record()
    if (set === undefined || record === undefined || record.body === null || !mayWrite(set, replica)) return []
    return [new SharedValueFragment({ id, under: set, stamp: next(record.stamp), value: null })]
  },
}
