// Elements under keys, each a last-writer-wins record with a tombstone: the body of maps, sets and user storage.
// The live keys are in the index; a removed one keeps its record, so that an older write cannot bring it back.
import { type Bytes, compareBytes, concat, EMPTY } from '../base/bytes.ts'
import { sha256 } from '../base/hash.ts'
import { ByteReader, ByteWriter, corruptState, countRecord, readU64 } from './codec.ts'
import type { CrdtState } from './crdt-state.ts'
import { afterAll, ElementIndex, isInside, type KeyRange } from './element-index.ts'
import type { CrdtType, Fragment, NextStamp, Origin } from './fragment.ts'
import { INDEX_KEY_BYTES_MAX, KEY_BYTES_MAX, VALUE_BYTES_MAX } from './limits.ts'
import { decodeRecord, mergeRecord, readRecord } from './lww-record.ts'
import { recordKey } from './state-keys.ts'

const REMOVE = 0
const PUT = 1

/** Which type the elements belong to. */
export interface ElementKind {
  readonly tag: number
  /** Keeps the number of live elements: one record more to write for each that comes or goes. */
  readonly counted: boolean
}

export class KeyedElements {
  readonly #state: CrdtState
  readonly #kind: ElementKind
  readonly #id: Bytes

  constructor(state: CrdtState, kind: ElementKind, id: Bytes) {
    this.#state = state
    this.#kind = kind
    this.#id = id
  }

  /** Of a counted kind. */
  get size(): bigint {
    const bytes = this.#state.get(this.#totalKey())
    return bytes === undefined ? 0n : readU64(bytes)
  }

  get(key: Bytes): Bytes | undefined {
    const bytes = this.#state.get(this.#recordKey(indexKeyOf(key)))
    const body = bytes === undefined ? null : decodeRecord(bytes).body
    return body === null ? undefined : valueIn(body, isShort(key))
  }

  /** Of the newest write or removal. */
  stampOf(key: Bytes): bigint | undefined {
    return readRecord(this.#state, this.#recordKey(indexKeyOf(key)))?.stamp
  }

  /** In byte order of the keys, or the other way round. Reads little outside the range. */
  entries(range: KeyRange = {}): Generator<[Bytes, Bytes]> {
    return entriesInOrder(this.#index(), range, (indexKey) => {
      const body = readRecord(this.#state, this.#recordKey(indexKey))?.body
      if (body === undefined || body === null) throw corruptState('an element is in the index only')
      return body
    })
  }

  merge(key: Bytes, value: Bytes | null, stamp: bigint, replica: Bytes): void {
    const indexKey = indexKeyOf(key)
    const body = value === null ? null : bodyOf(key, value)
    const { was, is } = mergeRecord(this.#state, this.#recordKey(indexKey), { stamp, replica, body })
    if (was === is) return
    if (is) this.#index().add(indexKey)
    else this.#index().delete(indexKey)
    if (!this.#kind.counted) return
    const size = is ? this.size + 1n : this.size - 1n
    this.#state.set(this.#totalKey(), countRecord(size))
  }

  #totalKey(): Bytes {
    return recordKey(this.#id, this.#kind.tag, 't')
  }

  #index(): ElementIndex {
    return new ElementIndex(this.#state, recordKey(this.#id, this.#kind.tag, 'i'))
  }

  #recordKey(indexKey: Bytes): Bytes {
    return recordKey(this.#id, this.#kind.tag, 'e', indexKey)
  }
}

/** Sets or removes (null) one element. */
export class ElementFragment implements Fragment {
  readonly tag: number
  readonly id: Bytes
  readonly part: Bytes
  readonly stamp: bigint
  readonly #kind: ElementKind
  readonly #value: Bytes | null

  constructor(kind: ElementKind, element: { id: Bytes; key: Bytes; value: Bytes | null; stamp: bigint }) {
    this.tag = kind.tag
    this.#kind = kind
    this.id = element.id
    this.part = element.key
    this.stamp = element.stamp
    this.#value = element.value
  }

  write(out: ByteWriter): void {
    out.u64(this.stamp)
    out.byte(this.#value === null ? REMOVE : PUT)
    out.bytes(this.part)
    if (this.#value !== null) out.bytes(this.#value)
  }

  mergeInto(state: CrdtState, { replica }: Origin): boolean {
    new KeyedElements(state, this.#kind, this.id).merge(this.part, this.#value, this.stamp, replica)
    return true
  }
}

export interface KeyedType extends CrdtType, ElementKind {}

/** `values` false: a set, whose elements are their keys. */
export function keyedType(tag: number, name: string, values: boolean): KeyedType {
  const kind = { tag, counted: !values }
  return {
    ...kind,
    name,
    swept: 'e',
    readFragment(id: Bytes, input: ByteReader): Fragment {
      const stamp = input.u64()
      const what = input.byte()
      if (what !== PUT && what !== REMOVE) throw input.fail('an element is neither put nor removed')
      const key = input.bytes(KEY_BYTES_MAX)
      const value = what === PUT ? input.bytes(values ? VALUE_BYTES_MAX : 0) : null
      return new ElementFragment(kind, { id, key, value, stamp })
    },
    clear(state: CrdtState, id: Bytes, next: NextStamp): Fragment[] {
      const elements = new KeyedElements(state, kind, id)
      return [...elements.entries()].map(
        ([key]) => new ElementFragment(kind, { id, key, value: null, stamp: next(elements.stampOf(key)) }),
      )
    },
  }
}

/** The elements of an index whose bodies were made by `bodyOf`. */
export function* entriesInOrder(
  index: ElementIndex,
  range: KeyRange,
  bodyAt: (indexKey: Bytes) => Bytes,
): Generator<[Bytes, Bytes]> {
  // Long keys with one beginning stand in the index by their hashes: they are put in order here, group by group.
  let group: [Bytes, Bytes][] = []
  let beginning = EMPTY
  for (const indexKey of index.keys(indexRange(range))) {
    const body = bodyAt(indexKey)
    const short = isShort(indexKey)
    if (group.length > 0 && (short || compareBytes(beginning, indexKey.subarray(0, INDEX_KEY_BYTES_MAX)) !== 0)) {
      yield* inOrder(group, range)
      group = []
    }
    if (short) {
      // The bound of a long key is only its beginning.
      if (isInside(indexKey, range)) yield [indexKey, valueIn(body, true)]
    } else {
      beginning = indexKey.subarray(0, INDEX_KEY_BYTES_MAX)
      group.push([keyIn(body), valueIn(body, false)])
    }
  }
  yield* inOrder(group, range)
}

function inOrder(group: [Bytes, Bytes][], range: KeyRange): [Bytes, Bytes][] {
  const sorted = group.filter(([key]) => isInside(key, range)).sort(([a], [b]) => compareBytes(a, b))
  return range.reverse ? sorted.reverse() : sorted
}

/** Wide enough for every key in the range. */
function indexRange({ gte, lt, reverse }: KeyRange): KeyRange {
  const until = lt === undefined || isShort(lt) ? lt : afterAll(lt.subarray(0, INDEX_KEY_BYTES_MAX))
  return {
    ...(gte === undefined ? {} : { gte: gte.subarray(0, INDEX_KEY_BYTES_MAX) }),
    ...(until === undefined ? {} : { lt: until }),
    ...(reverse === undefined ? {} : { reverse }),
  }
}

export function isShort(key: Bytes): boolean {
  return key.byteLength <= INDEX_KEY_BYTES_MAX
}

/** Short keys as they are; long ones shortened to a length that no short one has. */
export function indexKeyOf(key: Bytes): Bytes {
  return isShort(key) ? key : concat([key.subarray(0, INDEX_KEY_BYTES_MAX), sha256(key)])
}

/** A long key is kept before its value. */
export function bodyOf(key: Bytes, value: Bytes): Bytes {
  if (isShort(key)) return value
  const out = new ByteWriter()
  out.bytes(key)
  out.fixed(value)
  return out.finish()
}

function keyIn(body: Bytes): Bytes {
  return new ByteReader(body, corruptState).bytes(KEY_BYTES_MAX)
}

export function valueIn(body: Bytes, short: boolean): Bytes {
  if (short) return body
  const input = new ByteReader(body, corruptState)
  input.bytes(KEY_BYTES_MAX)
  return input.rest()
}
