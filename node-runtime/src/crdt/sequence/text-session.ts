// Text as a guest uses it: Unicode scalar values by index.
import type { Bytes } from '../../base/bytes.ts'
import { CrdtError } from '../errors.ts'
import { FRAGMENTS_MAX, ITER_BYTES_MAX, TEXT_RUN_BYTES_MAX } from '../limits.ts'
import { argument, type SessionCore } from '../session-core.ts'
import { codePointOf, Sequence } from './sequence.ts'
import { RemoveFragment, TextRunFragment } from './sequence-fragments.ts'
import { START, stampOf } from './sequence-id.ts'
import { text } from './sequence-types.ts'
import { codePointsIn, utf8Of } from './utf8.ts'

/** Methods throw CrdtError where the host function answers -1. */
export class TextSession {
  readonly #core: SessionCore

  constructor(core: SessionCore) {
    this.#core = core
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

  /** UTF-8, before what is at `index` now; at the length, at the end. Empty text changes nothing. */
  insert(id: Bytes, index: bigint, utf8: Bytes): void {
    const instance = this.#core.id(id)
    const inserted = codePointsIn(this.#core.atMost(utf8, TEXT_RUN_BYTES_MAX, 'a text'))
    if (inserted === undefined) throw argument('a text is not valid UTF-8')
    const { index: places } = this.#sequence(instance)
    const parent = index === 0n ? START : places.at(Number(index) - 1)?.id
    if (parent === undefined) throw argument(`index ${index} is beyond the end of a text of ${places.size}`)
    if (inserted.codePoints.length === 0) return
    const right = places.next(parent)
    const seen = right !== undefined && stampOf(right) > stampOf(parent) ? stampOf(right) : stampOf(parent)
    if (inserted.codePoints.length > FRAGMENTS_MAX) throw argument(`a text may have ${FRAGMENTS_MAX} characters`)
    const first = this.#core.next(seen)
    for (let left = inserted.codePoints.length - 1; left > 0; left -= 1) this.#core.following()
    this.#core.emit(new TextRunFragment(text, { id: instance, parent, first, text: inserted }))
  }

  delete(id: Bytes, index: bigint): void {
    const { index: places } = this.#sequence(id)
    const element = places.at(Number(index))?.id
    if (element === undefined) throw argument(`index ${index} is beyond the end of a text of ${places.size}`)
    this.#core.emit(new RemoveFragment(text, { id: this.#core.id(id), element, parent: undefined }))
  }

  /** UTF-8. */
  getText(id: Bytes): Bytes {
    const codePoints: number[] = []
    for (const { mark } of this.#sequence(id).index.visible()) codePoints.push(codePointOf(mark))
    const bytes = utf8Of(codePoints)
    if (bytes.byteLength <= ITER_BYTES_MAX) return bytes
    throw new CrdtError('CRDT_LIMIT', `the text has more than ${ITER_BYTES_MAX} bytes`)
  }

  #sequence(id: Bytes): Sequence {
    return new Sequence(this.#core.state, text, this.#core.id(id))
  }
}
