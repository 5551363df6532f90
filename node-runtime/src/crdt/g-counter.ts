// GCounter: for each replica how often it counted and how much of that was reset; both only grow, so merging takes the
// larger of each. A reset names the counts it saw: concurrent increments survive it. The value is kept beside the
// records, so that reading it does not visit every replica.
import { type Bytes, concat, EMPTY, u64be } from '../base/bytes.ts'
import { type ByteReader, type ByteWriter, readU64 } from './codec.ts'
import type { CrdtState } from './crdt-state.ts'
import { ElementIndex } from './element-index.ts'
import type { CrdtType, Fragment } from './fragment.ts'
import { INSTANCE_ID_LENGTH, recordKey } from './state-keys.ts'

const COUNT = 0
const RESET = 1
const U64_MAX = (1n << 64n) - 1n

interface Share {
  readonly counted: bigint
  readonly reset: bigint
}

const NOTHING: Share = { counted: 0n, reset: 0n }

export class CounterRecords {
  readonly #state: CrdtState
  readonly #id: Bytes

  constructor(state: CrdtState, id: Bytes) {
    this.#state = state
    this.#id = id
  }

  /** Modulo 2^64. */
  get value(): bigint {
    const bytes = this.#state.get(this.#totalKey())
    return bytes === undefined ? 0n : readU64(bytes)
  }

  get replicas(): Bytes[] {
    return [...this.#index().keys()]
  }

  /** Everything the replica ever counted, resets aside. */
  counted(replica: Bytes): bigint {
    return this.#share(replica).counted
  }

  valueOf(replica: Bytes): bigint {
    return effective(this.#share(replica))
  }

  merge(replica: Bytes, incoming: Share): void {
    const before = this.#share(replica)
    const after = { counted: max(before.counted, incoming.counted), reset: max(before.reset, incoming.reset) }
    if (after.counted === before.counted && after.reset === before.reset) return
    this.#state.set(this.#shareKey(replica), concat([u64be(after.counted), u64be(after.reset)]))
    if (before.counted === 0n && before.reset === 0n) this.#index().add(replica)
    const total = (this.value + effective(after) - effective(before)) & U64_MAX
    this.#state.set(this.#totalKey(), total === 0n ? null : u64be(total))
  }

  #share(replica: Bytes): Share {
    const bytes = this.#state.get(this.#shareKey(replica))
    return bytes === undefined ? NOTHING : { counted: readU64(bytes, 0, 16), reset: readU64(bytes, 8, 16) }
  }

  #shareKey(replica: Bytes): Bytes {
    return recordKey(this.#id, gCounter.tag, 'e', replica)
  }

  #totalKey(): Bytes {
    return recordKey(this.#id, gCounter.tag, 't')
  }

  #index(): ElementIndex {
    return new ElementIndex(this.#state, recordKey(this.#id, gCounter.tag, 'i'))
  }
}

/** The author's own count, all told. */
export class CountFragment implements Fragment {
  readonly tag = 6
  readonly id: Bytes
  readonly part = EMPTY
  readonly stamp = 0n
  readonly #counted: bigint

  constructor(id: Bytes, counted: bigint) {
    this.id = id
    this.#counted = counted
  }

  write(out: ByteWriter): void {
    out.byte(COUNT)
    out.u64(this.#counted)
  }

  mergeInto(state: CrdtState, replica: Bytes): void {
    new CounterRecords(state, this.id).merge(replica, { counted: this.#counted, reset: 0n })
  }
}

/** How much of a replica's count no longer counts. */
class ResetFragment implements Fragment {
  readonly tag = 6
  readonly id: Bytes
  readonly part: Bytes
  readonly stamp = 0n
  readonly #reset: bigint

  constructor(id: Bytes, counter: Bytes, reset: bigint) {
    this.id = id
    this.part = counter
    this.#reset = reset
  }

  write(out: ByteWriter): void {
    out.byte(RESET)
    out.fixed(this.part)
    out.u64(this.#reset)
  }

  mergeInto(state: CrdtState): void {
    new CounterRecords(state, this.id).merge(this.part, { counted: 0n, reset: this.#reset })
  }
}

export const gCounter: CrdtType = {
  tag: 6,
  name: 'GCounter',
  readFragment(id: Bytes, input: ByteReader): Fragment {
    const kind = input.byte()
    if (kind === COUNT) return new CountFragment(id, input.u64())
    if (kind !== RESET) throw input.fail('a counter is neither counted nor reset')
    return new ResetFragment(id, input.fixed(INSTANCE_ID_LENGTH), input.u64())
  },
  clear(state: CrdtState, id: Bytes): Fragment[] {
    const records = new CounterRecords(state, id)
    return records.replicas
      .filter((replica) => records.valueOf(replica) > 0n)
      .map((replica) => new ResetFragment(id, replica, records.counted(replica)))
  },
}

function effective(share: Share): bigint {
  return share.counted > share.reset ? share.counted - share.reset : 0n
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}
