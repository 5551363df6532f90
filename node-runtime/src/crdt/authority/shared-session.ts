// Shared storage as a guest uses it.
import { type Bytes, compareBytes, concat } from '../../base/bytes.ts'
import { CrdtError } from '../errors.ts'
import { SHARED_WRITERS_MAX } from '../limits.ts'
import { argument, type SessionCore } from '../session-core.ts'
import { INSTANCE_ID_LENGTH } from '../state-keys.ts'
import { ChangeFragment, FoundFragment, SharedRecords, SharedValueFragment } from './shared-storage.ts'
import { mayWrite, type WriterSet } from './writer-set.ts'

/** Methods throw CrdtError where the host function answers -1, also for an id under which nothing was made. */
export class SharedSession {
  readonly #core: SessionCore

  constructor(core: SessionCore) {
    this.#core = core
  }

  /** `writers`: ids of 32 bytes one after the other, at least one. `frozen`: they stay the writers for ever. */
  new(writers: Bytes, frozen: boolean): Bytes {
    return this.#found(this.#core.create(), writers, frozen)
  }

  /** Leaves a storage that is there as it is. */
  newWithId(id: Bytes, writers: Bytes, frozen: boolean): Bytes {
    return this.#found(this.#core.createWithId(id), writers, frozen)
  }

  get(id: Bytes): Bytes | undefined {
    this.#current(id)
    return this.#records(id).record()?.body ?? undefined
  }

  set(id: Bytes, value: Bytes): void {
    const under = this.#asWriter(id)
    const stamp = this.#core.next(this.#records(id).record()?.stamp)
    this.#core.emit(new SharedValueFragment({ id: this.#core.id(id), under, stamp, value: this.#core.value(value) }))
  }

  /** As `new` takes them, ascending. */
  writers(id: Bytes): Bytes {
    return concat(this.#current(id).writers)
  }

  writableByMe(id: Bytes): boolean {
    return mayWrite(this.#current(id), this.#core.env.replica)
  }

  isFrozen(id: Bytes): boolean {
    return this.#current(id).frozen
  }

  /** The value stays, now as the caller's: what former writers wrote at the same time does not replace it. */
  rotateWriters(id: Bytes, writers: Bytes): void {
    const from = this.#asWriter(id)
    if (from.frozen) throw new CrdtError('CRDT_FORBIDDEN', 'the writers of this storage were fixed when it was made')
    const record = this.#records(id).record()
    const seen = record !== undefined && record.stamp > from.stamp ? record.stamp : from.stamp
    const change = { id: this.#core.id(id), from, stamp: this.#core.next(seen), writers: parsed(writers) }
    this.#core.emit(new ChangeFragment({ ...change, value: record?.body ?? undefined }))
  }

  #found(id: Bytes, writers: Bytes, frozen: boolean): Bytes {
    const rights = { frozen, writers: parsed(writers) }
    if (this.#records(id).current() !== undefined) return id
    this.#core.emit(new FoundFragment({ id, stamp: this.#core.next(), rights }))
    return id
  }

  #asWriter(id: Bytes): WriterSet {
    const set = this.#current(id)
    if (mayWrite(set, this.#core.env.replica)) return set
    throw new CrdtError('CRDT_FORBIDDEN', 'the caller is not among the writers of this storage')
  }

  #current(id: Bytes): WriterSet {
    const set = this.#records(id).current()
    if (set === undefined) throw argument('there is no shared storage under this id')
    return set
  }

  #records(id: Bytes): SharedRecords {
    return new SharedRecords(this.#core.state, this.#core.id(id))
  }
}

function parsed(writers: Bytes): Bytes[] {
  const count = writers.byteLength / INSTANCE_ID_LENGTH
  if (!Number.isInteger(count) || count < 1 || count > SHARED_WRITERS_MAX) {
    throw argument(`writers are 1 to ${SHARED_WRITERS_MAX} ids of ${INSTANCE_ID_LENGTH} bytes`)
  }
  const all = Array.from(
    { length: count },
    (_, n) => new Uint8Array(writers.subarray(n * INSTANCE_ID_LENGTH, (n + 1) * INSTANCE_ID_LENGTH)),
  ).sort(compareBytes)
  return all.filter((writer, n) => n === 0 || compareBytes(all[n - 1] ?? writer, writer) !== 0)
}
