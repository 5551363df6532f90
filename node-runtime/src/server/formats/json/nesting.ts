// How deep a body is nested, while it still comes: what is nested too deep is neither kept nor read to its end.
import type { Bytes } from '../../../base/bytes.ts'
import { ServerError } from '../../errors.ts'
import { JSON_DEPTH_MAX } from '../../limits.ts'

const [QUOTE, BACKSLASH, LIST, LIST_END, OBJECT, OBJECT_END] = [0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d]

/** Of JSON. What is none is told by who reads it. */
export class Nesting {
  #depth = 0
  #inText = false
  #isEscaped = false

  /** Throws ServerError BAD_REQUEST. */
  add(piece: Bytes): void {
    for (let at = 0; at < piece.length; at += 1) {
      const byte = piece[at]
      if (this.#isEscaped) this.#isEscaped = false
      else if (byte === QUOTE) this.#inText = !this.#inText
      else if (this.#inText) this.#isEscaped = byte === BACKSLASH
      else if (byte === LIST || byte === OBJECT) this.#open()
      else if (byte === LIST_END || byte === OBJECT_END) this.#depth -= 1
    }
  }

  #open(): void {
    if (this.#depth === JSON_DEPTH_MAX) throw tooDeep(JSON_DEPTH_MAX)
    this.#depth += 1
  }
}

export function tooDeep(depthMax: number): ServerError {
  return new ServerError('BAD_REQUEST', `the body is nested more than ${depthMax} levels deep`)
}
