// GCounter and PNCounter. For each replica and side (up; for PNCounter down, too) how often it counted and how much of
// that was reset; all only grow, so merging takes the larger of each. A reset names the counts it saw: concurrent ones
// survive it. The value is kept beside the records, so that reading it does not visit every replica.
import { type Bytes, concat, EMPTY, u64be } from '../base/bytes.ts'
import { type ByteReader, type ByteWriter, readU64 } from './codec.ts'
import type { CrdtState } from './crdt-state.ts'
import { ElementIndex } from './element-index.ts'
import type { CrdtType, Fragment, Origin } from './fragment.ts'
import { INSTANCE_ID_LENGTH, recordKey } from './state-keys.ts'

const COUNT = 0
const RESET = 1
const U64_MAX = (1n << 64n) - 1n

/** What a replica counted in one direction; a reset takes its counts away, whoever made it. */
interface Side {
  readonly counted: bigint
  readonly reset: bigint
}

type Share = readonly Side[]

interface CounterKind {
  readonly tag: number
  /** 1: up only; 2: up, then down. */
  readonly sides: 1 | 2
}

export class CounterRecords {
  readonly #state: CrdtState
  readonly #kind: CounterKind
  readonly #id: Bytes

  constructor(state: CrdtState, kind: CounterKind, id: Bytes) {
    this.#state = state
    this.#kind = kind
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

  /** Everything the replica ever counted, resets aside, a number for each side. */
  counted(replica: Bytes): bigint[] {
    return this.#share(replica).map((side) => side.counted)
  }

  /** Modulo 2^64. */
  valueOf(replica: Bytes): bigint {
    return effective(this.#share(replica)) & U64_MAX
  }

  /** True when there is something to reset. */
  counts(replica: Bytes): boolean {
    return this.#share(replica).some((side) => side.counted > side.reset)
  }

  merge(replica: Bytes, incoming: { counted?: readonly bigint[]; reset?: readonly bigint[] }): void {
    const before = this.#share(replica)
    const after = before.map((side, n) => ({
      counted: max(side.counted, incoming.counted?.[n] ?? 0n),
      reset: max(side.reset, incoming.reset?.[n] ?? 0n),
    }))
    if (sum(after) === sum(before)) return
    this.#state.set(this.#shareKey(replica), concat(after.flatMap((side) => [u64be(side.counted), u64be(side.reset)])))
    if (sum(before) === 0n) this.#index().add(replica)
    const total = (this.value + effective(after) - effective(before)) & U64_MAX
    this.#state.set(this.#totalKey(), total === 0n ? null : u64be(total))
  }

  #share(replica: Bytes): Share {
    const bytes = this.#state.get(this.#shareKey(replica))
    const length = 16 * this.#kind.sides
    return Array.from({ length: this.#kind.sides }, (_, n) =>
      bytes === undefined
        ? { counted: 0n, reset: 0n }
        : { counted: readU64(bytes, 16 * n, length), reset: readU64(bytes, 16 * n + 8, length) },
    )
  }

  #shareKey(replica: Bytes): Bytes {
    return recordKey(this.#id, this.#kind.tag, 'e', replica)
  }

  #totalKey(): Bytes {
    return recordKey(this.#id, this.#kind.tag, 't')
  }

  #index(): ElementIndex {
    return new ElementIndex(this.#state, recordKey(this.#id, this.#kind.tag, 'i'))
  }
}

/** The author's own counts, all told. */
export class CountFragment implements Fragment {
  readonly tag: number
  readonly id: Bytes
  readonly part = EMPTY
  readonly stamp = 0n
  readonly #kind: CounterKind
  readonly #counted: readonly bigint[]

  constructor(kind: CounterKind, id: Bytes, counted: readonly bigint[]) {
    this.tag = kind.tag
    this.#kind = kind
    this.id = id
    this.#counted = counted
  }

  write(out: ByteWriter): void {
    out.byte(COUNT)
    for (const counted of this.#counted) out.u64(counted)
  }

  mergeInto(state: CrdtState, { replica }: Origin): boolean {
    new CounterRecords(state, this.#kind, this.id).merge(replica, { counted: this.#counted })
    return true
  }
}

/** How much of a replica's counts no longer counts. */
class ResetFragment implements Fragment {
  readonly tag: number
  readonly id: Bytes
  readonly part: Bytes
  readonly stamp = 0n
  readonly #kind: CounterKind
  readonly #reset: readonly bigint[]

  constructor(kind: CounterKind, reset: { id: Bytes; replica: Bytes; counted: readonly bigint[] }) {
    this.tag = kind.tag
    this.#kind = kind
    this.id = reset.id
    this.part = reset.replica
    this.#reset = reset.counted
  }

  write(out: ByteWriter): void {
    out.byte(RESET)
    out.fixed(this.part)
    for (const reset of this.#reset) out.u64(reset)
  }

  mergeInto(state: CrdtState): boolean {
    new CounterRecords(state, this.#kind, this.id).merge(this.part, { reset: this.#reset })
    return true
  }
}

export interface CounterType extends CrdtType, CounterKind {}

function counterType(kind: CounterKind, name: string): CounterType {
  const numbers = (input: ByteReader): bigint[] => Array.from({ length: kind.sides }, () => input.u64())
  return {
    ...kind,
    name,
    swept: undefined,
    readFragment(id: Bytes, input: ByteReader): Fragment {
      const what = input.byte()
      if (what === COUNT) return new CountFragment(kind, id, numbers(input))
      if (what !== RESET) throw input.fail('a counter is neither counted nor reset')
      const replica = input.fixed(INSTANCE_ID_LENGTH)
      return new ResetFragment(kind, { id, replica, counted: numbers(input) })
    },
    clear(state: CrdtState, id: Bytes): Fragment[] {
      const records = new CounterRecords(state, kind, id)
      return records.replicas
        .filter((replica) => records.counts(replica))
        .map((replica) => new ResetFragment(kind, { id, replica, counted: records.counted(replica) }))
    },
  }
}

export const gCounter = counterType({ tag: 6, sides: 1 }, 'GCounter')
export const pnCounter = counterType({ tag: 9, sides: 2 }, 'PNCounter')

function effective(share: Share): bigint {
  const [up, down] = share.map((side) => (side.counted > side.reset ? side.counted - side.reset : 0n))
  return (up ?? 0n) - (down ?? 0n)
}

/** Grows with every change of any of them. */
function sum(share: Share): bigint {
  return share.reduce((total, side) => total + side.counted + side.reset, 0n)
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}
