// Changes of a sequence: elements inserted, a value replaced, an element removed.
import { type Bytes, concat, u64be } from '../../base/bytes.ts'
import { atOnce, type InPieces } from '../../base/pieces.ts'
import type { ByteReader, ByteWriter } from '../codec.ts'
import type { CrdtState } from '../crdt-state.ts'
import type { Fragment, Origin } from '../fragment.ts'
import { MERGE_PIECE, TEXT_RUN_BYTES_MAX, VALUE_BYTES_MAX } from '../limits.ts'
import { codePointBody, Sequence, type SequenceKind, valueBody } from './sequence.ts'
import { SEQUENCE_ID_LENGTH, sequenceId, stampOf } from './sequence-id.ts'
import { type CodePoints, codePointsIn } from './utf8.ts'

const INSERT = 0
const REPLACE = 1
const REMOVE = 2
const U64_MAX = (1n << 64n) - 1n

/** One element with a value. */
export class InsertFragment implements Fragment {
  readonly tag: number
  readonly id: Bytes
  readonly part: Bytes
  readonly stamp: bigint
  readonly #kind: SequenceKind
  readonly #parent: Bytes
  readonly #value: Bytes

  constructor(kind: SequenceKind, insert: { id: Bytes; parent: Bytes; stamp: bigint; value: Bytes }) {
    this.tag = kind.tag
    this.#kind = kind
    this.id = insert.id
    this.part = partOf(INSERT, u64be(insert.stamp))
    this.stamp = insert.stamp
    this.#parent = insert.parent
    this.#value = insert.value
  }

  write(out: ByteWriter): void {
    out.byte(INSERT)
    out.u64(this.stamp)
    out.fixed(this.#parent)
    out.bytes(this.#value)
  }

  mergeInto(state: CrdtState, origin: Origin): boolean {
    return atOnce(this.mergeInPieces(state, origin))
  }

  *mergeInPieces(state: CrdtState, { replica }: Origin): InPieces<boolean> {
    const element = sequenceId({ sequence: this.id, replica, parent: this.#parent, stamp: this.stamp })
    const body = valueBody(this.stamp, replica, this.#value)
    yield* new Sequence(state, this.#kind, this.id).insert(element, { replica, parent: this.#parent }, body)
    return true
  }
}

/** Code points one after the other, each under the one before it, with stamps that rise by one. */
export class TextRunFragment implements Fragment {
  readonly tag: number
  readonly id: Bytes
  readonly part: Bytes
  /** The highest. */
  readonly stamp: bigint
  readonly weight: number
  readonly #kind: SequenceKind
  readonly #parent: Bytes
  readonly #first: bigint
  readonly #text: CodePoints

  constructor(kind: SequenceKind, run: { id: Bytes; parent: Bytes; first: bigint; text: CodePoints }) {
    this.tag = kind.tag
    this.#kind = kind
    this.id = run.id
    this.part = partOf(INSERT, u64be(run.first))
    this.weight = run.text.codePoints.length
    this.stamp = run.first + BigInt(this.weight - 1)
    this.#parent = run.parent
    this.#first = run.first
    this.#text = run.text
  }

  write(out: ByteWriter): void {
    out.byte(INSERT)
    out.u64(this.#first)
    out.fixed(this.#parent)
    out.bytes(this.#text.bytes)
  }

  mergeInto(state: CrdtState, origin: Origin): boolean {
    return atOnce(this.mergeInPieces(state, origin))
  }

  *mergeInPieces(state: CrdtState, { replica }: Origin): InPieces<boolean> {
    const sequence = new Sequence(state, this.#kind, this.id)
    let parent = this.#parent
    let stamp = this.#first
    let room = MERGE_PIECE
    for (const codePoint of this.#text.codePoints) {
      if (room <= 0) {
        yield
        room = MERGE_PIECE
      }
      room -= 1
      const element = sequenceId({ sequence: this.id, replica, parent, stamp })
      yield* sequence.insert(element, { replica, parent }, codePointBody(codePoint))
      parent = element
      stamp += 1n
    }
    return true
  }
}

/** Of an existing element. Where elements have owners, `parent` shows that the author is this one's. */
interface ElementChange {
  readonly id: Bytes
  readonly element: Bytes
  readonly parent: Bytes | undefined
}

class ChangeFragment {
  readonly tag: number
  readonly id: Bytes
  readonly part: Bytes
  readonly kind: SequenceKind
  readonly change: ElementChange

  constructor(what: number, kind: SequenceKind, change: ElementChange) {
    this.tag = kind.tag
    this.id = change.id
    this.part = partOf(what, change.element)
    this.kind = kind
    this.change = change
  }

  /** The name says who inserted the element, so an author is compared with that, however little has arrived here. */
  allows(replica: Bytes): boolean {
    const { parent, element } = this.change
    if (parent === undefined) return true
    const own = sequenceId({ sequence: this.id, replica, parent, stamp: stampOf(element) })
    return Buffer.compare(own, element) === 0
  }

  writeElement(out: ByteWriter): void {
    out.fixed(this.change.element)
    if (this.change.parent !== undefined) out.fixed(this.change.parent)
  }
}

export class ReplaceFragment extends ChangeFragment implements Fragment {
  readonly stamp: bigint
  readonly #value: Bytes

  constructor(kind: SequenceKind, change: ElementChange & { stamp: bigint; value: Bytes }) {
    super(REPLACE, kind, change)
    this.stamp = change.stamp
    this.#value = change.value
  }

  write(out: ByteWriter): void {
    out.byte(REPLACE)
    this.writeElement(out)
    out.u64(this.stamp)
    out.bytes(this.#value)
  }

  mergeInto(state: CrdtState, { replica }: Origin): boolean {
    if (!this.allows(replica)) return false
    const sequence = new Sequence(state, this.kind, this.id)
    sequence.replace(this.change.element, valueBody(this.stamp, replica, this.#value))
    return true
  }
}

export class RemoveFragment extends ChangeFragment implements Fragment {
  readonly stamp = 0n

  constructor(kind: SequenceKind, change: ElementChange) {
    super(REMOVE, kind, change)
  }

  write(out: ByteWriter): void {
    out.byte(REMOVE)
    this.writeElement(out)
  }

  mergeInto(state: CrdtState, { replica }: Origin): boolean {
    if (!this.allows(replica)) return false
    new Sequence(state, this.kind, this.id).remove(this.change.element)
    return true
  }
}

export function readSequenceFragment(kind: SequenceKind, id: Bytes, input: ByteReader): Fragment {
  const what = input.byte()
  if (what === INSERT) return readInsert(kind, id, input)
  if (what !== REPLACE && what !== REMOVE) throw input.fail('an element is neither inserted, replaced nor removed')
  const element = input.fixed(SEQUENCE_ID_LENGTH)
  if (stampOf(element) === 0n) throw input.fail('an element without a stamp')
  const change = { id, element, parent: kind.authored ? input.fixed(SEQUENCE_ID_LENGTH) : undefined }
  if (what === REMOVE) return new RemoveFragment(kind, change)
  if (kind.holds !== 'value') throw input.fail('a code point cannot be replaced')
  return new ReplaceFragment(kind, { ...change, stamp: input.u64(), value: input.bytes(VALUE_BYTES_MAX) })
}

function readInsert(kind: SequenceKind, id: Bytes, input: ByteReader): Fragment {
  const stamp = input.u64()
  const parent = input.fixed(SEQUENCE_ID_LENGTH)
  // So names grow from parent to child: that is what places them, and no element can be its own ancestor.
  if (stamp <= stampOf(parent)) throw input.fail('an element is not newer than what it stands after')
  if (kind.holds === 'value') {
    return new InsertFragment(kind, { id, parent, stamp, value: input.bytes(VALUE_BYTES_MAX) })
  }
  const text = codePointsIn(input.bytes(TEXT_RUN_BYTES_MAX))
  if (text === undefined || text.codePoints.length === 0) throw input.fail('a text is empty or not UTF-8')
  if (stamp + BigInt(text.codePoints.length) > U64_MAX) throw input.fail('stamps beyond 64 bits')
  return new TextRunFragment(kind, { id, parent, first: stamp, text })
}

function partOf(what: number, name: Bytes): Bytes {
  return concat([Uint8Array.of(what), name])
}
