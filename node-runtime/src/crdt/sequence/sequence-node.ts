// Nodes of the sequence index as bytes. Entries have one width, so they are found, changed and moved in place: a write
// touches a few nodes of some dozens of entries, and must not parse them.
// A leaf's entry: element name, u32 mark (0 = not visible). An inner node's: name of the child's first element, u32
// number of visible elements below, u64 smallest stamp below. Before the entries stands the name of the node above.
import { type Bytes, compareBytes, equalBytes } from '../../base/bytes.ts'
import { corruptState } from '../codec.ts'
import { SEQUENCE_ID_LENGTH, START, stampOf } from './sequence-id.ts'

const HEADER_LENGTH = SEQUENCE_ID_LENGTH
const LEAF_WIDTH = SEQUENCE_ID_LENGTH + 4
const INNER_WIDTH = SEQUENCE_ID_LENGTH + 12
const VISIBLE_MAX = 0xffff_ffff
const NO_STAMP = 0xffff_ffff_ffff_ffffn

/** What a node says about itself in the one above. */
export interface Summary {
  readonly head: Bytes
  readonly visible: number
  readonly oldest: bigint
}

export class SequenceNode {
  readonly level: number
  readonly up: Bytes
  readonly #entries: Buffer
  readonly #width: number

  private constructor(level: number, up: Bytes, entries: Buffer) {
    this.level = level
    this.up = up
    this.#entries = entries
    this.#width = level === 0 ? LEAF_WIDTH : INNER_WIDTH
  }

  /** Throws CrdtError CRDT_STATE_CORRUPT. */
  static decode(level: number, bytes: Bytes): SequenceNode {
    const width = level === 0 ? LEAF_WIDTH : INNER_WIDTH
    const length = bytes.byteLength - HEADER_LENGTH
    if (length < width || length % width !== 0) throw corruptState('not a node of a sequence')
    const entries = Buffer.from(bytes.buffer, bytes.byteOffset + HEADER_LENGTH, length)
    return new SequenceNode(level, bytes.subarray(0, HEADER_LENGTH), entries)
  }

  static leaf(up: Bytes, id: Bytes, mark: number): SequenceNode {
    return new SequenceNode(0, up, leafEntry(id, mark))
  }

  static inner(level: number, up: Bytes, only: Summary): SequenceNode {
    return new SequenceNode(level, up, innerEntry(only))
  }

  encode(): Bytes {
    return Buffer.concat([this.up, this.#entries])
  }

  get count(): number {
    return this.#entries.byteLength / this.#width
  }

  /** The element, or the first element of the child. */
  idAt(at: number): Bytes {
    return this.#entries.subarray(at * this.#width, at * this.#width + SEQUENCE_ID_LENGTH)
  }

  markAt(at: number): number {
    return this.#entries.readUInt32BE(at * this.#width + SEQUENCE_ID_LENGTH)
  }

  visibleAt(at: number): number {
    return this.level === 0 ? Number(this.markAt(at) !== 0) : this.markAt(at)
  }

  oldestAt(at: number): bigint {
    if (this.level > 0) return this.#entries.readBigUInt64BE(at * this.#width + SEQUENCE_ID_LENGTH + 4)
    const id = this.idAt(at)
    return equalBytes(id, START) ? NO_STAMP : stampOf(id)
  }

  /** Throws CrdtError CRDT_STATE_CORRUPT when it is not here. */
  indexOf(id: Bytes): number {
    for (let from = 0; ; from += 1) {
      from = this.#entries.indexOf(id, from)
      if (from < 0) throw corruptState('an element is not in its node')
      if (from % this.#width === 0) return from / this.#width
    }
  }

  /** The first entry at or after `from` whose element has a smaller name than `id`. Of a leaf. */
  firstBelow(id: Bytes, from: number): number | undefined {
    for (let at = from; at < this.count; at += 1) if (compareBytes(this.idAt(at), id) < 0) return at
    return undefined
  }

  get visible(): number {
    let visible = 0
    for (let at = 0; at < this.count; at += 1) visible += this.visibleAt(at)
    return visible
  }

  summary(): Summary {
    let oldest = NO_STAMP
    for (let at = 0; at < this.count; at += 1) {
      const stamp = this.oldestAt(at)
      if (stamp < oldest) oldest = stamp
    }
    return { head: this.idAt(0), visible: this.visible, oldest }
  }

  withUp(up: Bytes): SequenceNode {
    return new SequenceNode(this.level, up, this.#entries)
  }

  withElement(at: number, id: Bytes, mark: number): SequenceNode {
    return this.#spliced(at, at, leafEntry(id, mark))
  }

  withMark(at: number, mark: number): SequenceNode {
    return this.#spliced(at, at + 1, leafEntry(this.idAt(at), mark))
  }

  /** In place of entry `at`. */
  withChildren(at: number, ...children: readonly Summary[]): SequenceNode {
    return this.#spliced(at, at + 1, Buffer.concat(children.map(innerEntry)))
  }

  /** Counts `visible` more at entry `at`, and an element with `stamp`; undefined = that changes nothing. */
  withCounted(at: number, visible: number, stamp: bigint): SequenceNode | undefined {
    const oldest = this.oldestAt(at)
    if (visible === 0 && stamp >= oldest) return undefined
    const entry = { head: this.idAt(at), visible: this.markAt(at) + visible, oldest: stamp < oldest ? stamp : oldest }
    return this.withChildren(at, entry)
  }

  before(at: number): SequenceNode {
    return new SequenceNode(this.level, this.up, this.#entries.subarray(0, at * this.#width))
  }

  from(at: number, up: Bytes): SequenceNode {
    return new SequenceNode(this.level, up, this.#entries.subarray(at * this.#width))
  }

  #spliced(from: number, to: number, entries: Buffer): SequenceNode {
    const [head, tail] = [this.#entries.subarray(0, from * this.#width), this.#entries.subarray(to * this.#width)]
    return new SequenceNode(this.level, this.up, Buffer.concat([head, entries, tail]))
  }
}

function leafEntry(id: Bytes, mark: number): Buffer {
  const out = Buffer.alloc(LEAF_WIDTH)
  out.set(id)
  out.writeUInt32BE(mark, SEQUENCE_ID_LENGTH)
  return out
}

function innerEntry({ head, visible, oldest }: Summary): Buffer {
  if (visible < 0 || visible > VISIBLE_MAX) throw corruptState('a sequence counts what it cannot hold')
  const out = Buffer.alloc(INNER_WIDTH)
  out.set(head)
  out.writeUInt32BE(visible, SEQUENCE_ID_LENGTH)
  out.writeBigUInt64BE(oldest, SEQUENCE_ID_LENGTH + 4)
  return out
}
