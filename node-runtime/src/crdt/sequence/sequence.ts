// Vector, text (ReplicatedGrowableArray) and AuthoredVector: a tree in which every element stands under the one that it
// was inserted after, read depth first, newer siblings first. Elements are never forgotten: a removed one keeps its
// place, and its removal is final, so nothing that arrives late can bring it back.
import { type Bytes, compareBytes, concat, u32be, u64be } from '../../base/bytes.ts'
import type { InPieces } from '../../base/pieces.ts'
import { corruptState, readU64 } from '../codec.ts'
import type { CrdtState } from '../crdt-state.ts'
import { beginningWith, ElementIndex } from '../element-index.ts'
import { READ_PIECE } from '../limits.ts'
import { INSTANCE_ID_LENGTH, recordKey } from '../state-keys.ts'
import { SEQUENCE_ID_LENGTH } from './sequence-id.ts'
import { SequenceIndex } from './sequence-index.ts'

const LIVE = 0
const REMOVED = 1
const VALUE_AT = 1 + 8 + INSTANCE_ID_LENGTH

export interface SequenceKind {
  readonly tag: number
  /** What an element holds: a value that may be replaced, or one code point for good. */
  readonly holds: 'value' | 'codePoint'
  /** Only who inserted an element changes it, and a removed one still counts: its index stays taken. */
  readonly authored: boolean
}

/** Who inserted an element, and after what. Kept where authority depends on it. */
export interface SequenceOrigin {
  readonly replica: Bytes
  readonly parent: Bytes
}

export class Sequence {
  readonly index: SequenceIndex
  readonly #state: CrdtState
  readonly #kind: SequenceKind
  readonly #id: Bytes

  constructor(state: CrdtState, kind: SequenceKind, id: Bytes) {
    this.#state = state
    this.#kind = kind
    this.#id = id
    this.index = new SequenceIndex(state, kind.tag, id)
  }

  /** null = removed; undefined = nothing is known of it. */
  value(element: Bytes): Bytes | null | undefined {
    const record = this.#state.get(this.#key('e', element))
    if (record === undefined) return undefined
    return record[0] === REMOVED ? null : record.subarray(VALUE_AT)
  }

  /** Of the value. */
  stampOf(element: Bytes): bigint | undefined {
    const record = this.#state.get(this.#key('e', element))
    return record?.[0] === LIVE ? readU64(record.subarray(1, 9)) : undefined
  }

  /** Of an authored sequence. */
  originOf(element: Bytes): SequenceOrigin {
    const record = this.#state.get(this.#key('o', element))
    if (record?.byteLength !== INSTANCE_ID_LENGTH + SEQUENCE_ID_LENGTH) throw corruptState('an element has no origin')
    return { replica: record.subarray(0, INSTANCE_ID_LENGTH), parent: record.subarray(INSTANCE_ID_LENGTH) }
  }

  /** Long where many elements have waited for this one. */
  *insert(element: Bytes, origin: SequenceOrigin, body: Bytes): InPieces {
    if (this.#kind.authored) this.#state.set(this.#key('o', element), concat([origin.replica, origin.parent]))
    this.#merge(element, body)
    if (this.index.has(element)) return
    const waiting = this.#waiting()
    const name = concat([origin.parent, element])
    if (this.index.has(origin.parent)) yield* this.#place(element, origin.parent, waiting)
    else if (!waiting.has(name)) waiting.add(name)
  }

  replace(element: Bytes, body: Bytes): void {
    this.#merge(element, body)
  }

  remove(element: Bytes): void {
    this.#merge(element, Uint8Array.of(REMOVED))
  }

  /** The larger bytes stay: a removal, else the later value. */
  #merge(element: Bytes, body: Bytes): void {
    const key = this.#key('e', element)
    const current = this.#state.get(key)
    if (current !== undefined && compareBytes(current, body) >= 0) return
    this.#state.set(key, body)
    if (current !== undefined && this.index.has(element)) this.index.setMark(element, this.#markOf(element))
  }

  /** And all that waits for it. */
  *#place(element: Bytes, parent: Bytes, waiting: ElementIndex): InPieces {
    const todo = [{ element, parent }]
    for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
      // Each is placed once, so this ends.
      if (this.index.has(next.element)) throw corruptState('what waits for its place has one')
      this.index.insert(next.element, next.parent, this.#markOf(next.element))
      const names: Bytes[] = []
      for (const name of waiting.keys(beginningWith(next.element))) if (names.push(name) % READ_PIECE === 0) yield
      for (const name of names) {
        if (name.byteLength !== 2 * SEQUENCE_ID_LENGTH) throw corruptState('what waits for its place has no name')
        waiting.delete(name)
        todo.push({ element: name.subarray(SEQUENCE_ID_LENGTH), parent: next.element })
        yield
      }
    }
  }

  #markOf(element: Bytes): number {
    const record = this.#state.get(this.#key('e', element))
    if (record?.[0] !== LIVE) return this.#kind.authored ? 1 : 0
    if (this.#kind.holds === 'value') return 1
    const codePoint = record.byteLength === 5 ? Buffer.from(record).readUInt32BE(1) : CODE_POINT_MAX + 1
    if (codePoint > CODE_POINT_MAX) throw corruptState('an element is no code point')
    return codePoint + 1
  }

  #waiting(): ElementIndex {
    return new ElementIndex(this.#state, this.#key('w', new Uint8Array(0)))
  }

  #key(part: 'e' | 'o' | 'w', element: Bytes): Bytes {
    return recordKey(this.#id, this.#kind.tag, part, element)
  }
}

const CODE_POINT_MAX = 0x10_ffff

/** The body of an element; its bytes are its rank among values of one element. */
export function valueBody(stamp: bigint, replica: Bytes, value: Bytes): Bytes {
  return concat([Uint8Array.of(LIVE), u64be(stamp), replica, value])
}

export function codePointBody(codePoint: number): Bytes {
  return concat([Uint8Array.of(LIVE), u32be(codePoint)])
}

/** Throws CrdtError CRDT_STATE_CORRUPT. */
export function codePointOf(mark: number): number {
  if (mark === 0 || mark > CODE_POINT_MAX + 1) throw corruptState('a visible element is no code point')
  return mark - 1
}
