// Vectors and authored vectors as a guest uses them: values by index.
import { type Bytes, EMPTY, equalBytes } from '../../base/bytes.ts'
import { CrdtError } from '../errors.ts'
import { iterBytes } from '../iter-bytes.ts'
import { argument, type SessionCore } from '../session-core.ts'
import { accountOfReplica } from '../user-storage.ts'
import { Sequence } from './sequence.ts'
import { InsertFragment, RemoveFragment, ReplaceFragment } from './sequence-fragments.ts'
import { START, stampOf } from './sequence-id.ts'
import type { SequenceType } from './sequence-types.ts'

/** Methods throw CrdtError where the host function answers -1. `undefined` = the host function answers 0. */
export class VectorSession {
  readonly #core: SessionCore
  readonly #type: SequenceType

  constructor(core: SessionCore, type: SequenceType) {
    this.#core = core
    this.#type = type
  }

  new(): Bytes {
    return this.#core.create()
  }
  newWithId(id: Bytes): Bytes {
    return this.#core.createWithId(id)
  }

  len(id: Bytes): bigint {
    return BigInt(this.#sequence(id).index.size)
  }

  /** Empty where a slot of an authored vector is blank. */
  get(id: Bytes, index: bigint): Bytes | undefined {
    const sequence = this.#sequence(id)
    const element = sequence.index.at(Number(index))
    return element === undefined ? undefined : (sequence.value(element.id) ?? EMPTY)
  }

  /** The index of the new element. */
  push(id: Bytes, value: Bytes): bigint {
    const index = this.len(id)
    this.insert(id, index, value)
    return index
  }

  /** Before what is at `index` now; at the length, at the end. */
  insert(id: Bytes, index: bigint, value: Bytes): void {
    const instance = this.#core.id(id)
    const sequence = this.#sequence(instance)
    const parent = index === 0n ? START : sequence.index.at(Number(index) - 1)?.id
    if (parent === undefined) throw argument(`index ${index} is beyond the end of a vector of ${this.len(id)}`)
    const right = sequence.index.next(parent)
    const stamp = this.#core.next(right === undefined ? stampOf(parent) : largest(stampOf(parent), stampOf(right)))
    this.#core.emit(new InsertFragment(this.#type, { id: instance, parent, stamp, value: this.#core.value(value) }))
  }

  /** The value before; an element of someone else's in an authored vector is refused with CRDT_FORBIDDEN. */
  update(id: Bytes, index: bigint, value: Bytes): Bytes {
    const { element, before, sequence, parent } = this.#changeable(id, index)
    if (before === undefined)
      throw new CrdtError('CRDT_FORBIDDEN', `the slot at index ${index} was deleted with its collection`)
    const stamp = this.#core.next(sequence.stampOf(element))
    const change = { id: this.#core.id(id), element, parent, stamp, value: this.#core.value(value) }
    this.#core.emit(new ReplaceFragment(this.#type, change))
    return before
  }

  /** The removed value, undefined where there is none. */
  remove(id: Bytes, index: bigint): Bytes | undefined {
    if (this.#sequence(id).index.at(Number(index)) === undefined) return undefined
    const { element, before, parent } = this.#changeable(id, index)
    if (before !== undefined)
      this.#core.emit(new RemoveFragment(this.#type, { id: this.#core.id(id), element, parent }))
    return before
  }

  /** Blanks the slot at `index`, which stays its owner's; answers the value before. Of an authored vector. */
  tombstone(id: Bytes, index: bigint): Bytes {
    return this.update(id, index, EMPTY)
  }

  pop(id: Bytes): Bytes | undefined {
    const length = this.len(id)
    return length === 0n ? undefined : this.remove(id, length - 1n)
  }

  /** u32 count, then u32 length and value, little-endian; a blank slot is empty. */
  iter(id: Bytes): Bytes {
    return iterBytes(this.#values(this.#sequence(id)))
  }

  /** False when there was nothing (of the caller's, in an authored vector). */
  clear(id: Bytes): boolean {
    const { state, env } = this.#core
    const fragments = this.#type.clear(state, this.#core.id(id), this.#core.next, env.replica)
    for (const fragment of fragments) this.#core.emit(fragment)
    return fragments.length > 0
  }

  /** The account that inserted it. Of an authored vector. */
  ownerOf(id: Bytes, index: bigint): Bytes | undefined {
    const sequence = this.#sequence(id)
    const element = sequence.index.at(Number(index))
    return element === undefined ? undefined : accountOfReplica(sequence.originOf(element.id).replica)
  }

  ownedByMe(id: Bytes, index: bigint): boolean {
    const owner = this.ownerOf(id, index)
    return owner !== undefined && equalBytes(owner, this.#core.env.account)
  }

  #sequence(id: Bytes): Sequence {
    return new Sequence(this.#core.state, this.#type, this.#core.id(id))
  }

  #changeable(id: Bytes, index: bigint) {
    const sequence = this.#sequence(id)
    const element = sequence.index.at(Number(index))?.id
    if (element === undefined) throw argument(`index ${index} is beyond the end of a vector of ${this.len(id)}`)
    const origin = this.#type.authored ? sequence.originOf(element) : undefined
    if (origin !== undefined && !equalBytes(origin.replica, this.#core.env.replica)) {
      throw new CrdtError('CRDT_FORBIDDEN', `the element at index ${index} belongs to another author`)
    }
    return { sequence, element, before: sequence.value(element) ?? undefined, parent: origin?.parent }
  }

  *#values(sequence: Sequence): Generator<Bytes[]> {
    for (const { id } of sequence.index.visible()) yield [sequence.value(id) ?? EMPTY]
  }
}

function largest(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}
