// SharedStorage: one value that a set of writers may set, and the sets of writers it had. The first set is the earliest
// that was claimed for the id; a set is replaced by the earliest change that one of its writers made to it. The value is
// the newest one written under the latest set that has one, so who is no longer a writer cannot override what follows.
import { type Bytes, compareBytes, concat, u64be } from '../../base/bytes.ts'
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

  /** Every set there was, the valid one last. Empty = there is no storage under the id. */
  history(): readonly { readonly name: Bytes; readonly set: WriterSet }[] {
    const out: { name: Bytes; set: WriterSet }[] = []
    let set = this.#setAt(recordKey(this.#id, TAG, 'g'))
    while (set !== undefined) {
      const name = nameOf(this.#id, set)
      out.push({ name, set })
      // No set is named by one that it names: names are hashes.
      set = this.#setAt(recordKey(this.#id, TAG, 'c', name))
    }
    return out
  }

  /** null = emptied; undefined = never set. */
  record(): LwwRecord | undefined {
    for (const { name } of this.history().toReversed()) {
      const record = readRecord(this.#state, this.#valueKey(name))
      if (record !== undefined) return record
    }
    return undefined
  }

  found(set: WriterSet, claimed: bigint): void {
    this.#keepEarlier(recordKey(this.#id, TAG, 'g'), set, claimed)
  }

  change(set: WriterSet, claimed: bigint): void {
    this.#keepEarlier(recordKey(this.#id, TAG, 'c', set.parent), set, claimed)
  }

  setValue(name: Bytes, record: LwwRecord): void {
    mergeRecord(this.#state, this.#valueKey(name), record)
  }

  has(name: Bytes): boolean {
    return this.history().some((entry) => compareBytes(entry.name, name) === 0)
  }

  #keepEarlier(key: Bytes, set: WriterSet, claimed: bigint): void {
    const out = new ByteWriter()
    writeSet(out, set)
    const bytes = concat([u64be(claimed), out.finish()])
    const current = this.#state.get(key)
    if (current === undefined || compareBytes(bytes, current) < 0) this.#state.set(key, bytes)
  }

  #setAt(key: Bytes): WriterSet | undefined {
    const bytes = this.#state.get(key)
    if (bytes === undefined) return undefined
    const input = new ByteReader(bytes.subarray(8), corruptState)
    const set = readSet(input)
    input.end()
    return set
  }

  #valueKey(name: Bytes): Bytes {
    return recordKey(this.#id, TAG, 'v', name)
  }
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
    return records.has(nameOf(this.id, set))
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
    records.change(set, claimedAt(this.stamp, origin))
    const name = nameOf(this.id, set)
    if (this.#value !== undefined) records.setValue(name, { stamp: this.stamp, replica, body: this.#value })
    return records.has(name)
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
    return records.has(name)
  }
}

export const sharedStorage: CrdtType = {
  tag: TAG,
  name: 'SharedStorage',
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
    const set = records.history().at(-1)?.set
    const record = records.record()
    if (set === undefined || record === undefined || record.body === null || !mayWrite(set, replica)) return []
    return [new SharedValueFragment({ id, under: set, stamp: next(record.stamp), value: null })]
  },
}
