// Frames on a byte stream: an unsigned varint with the length, then the bytes. Pure, strict and bounded.
import type { Bytes } from '../base/bytes.ts'
import { NetworkError } from './errors.ts'

/** 2^28: four bytes of varint, more than any frame limit. A longer prefix is refused. */
const PREFIX_MAX_BYTES = 4

export function framePrefix(length: number): Bytes {
  const out: number[] = []
  let rest = length
  while (rest >= 0x80) {
    out.push((rest & 0x7f) | 0x80)
    rest >>>= 7
  }
  out.push(rest)
  return Uint8Array.from(out)
}

/** Room for a frame that comes in pieces, until more of it is there. */
const ROOM_FIRST_BYTES = 1024

/**
 * Cuts chunks into frames. Holds at most one frame that is not complete, and at most twice as many bytes of it as have
 * come: neither an announced length nor a frame in tiny pieces costs more.
 */
export class FrameDecoder {
  readonly #frameMax: number
  #prefix: number[] = []
  #wanted: number | undefined
  #room: Buffer = Buffer.alloc(0)
  #have = 0

  constructor(frameMax: number) {
    this.#frameMax = frameMax
  }

  /** True when no frame is cut short. */
  get atBoundary(): boolean {
    return this.#wanted === undefined && this.#prefix.length === 0
  }

  /** The frames that `chunk` completes; they may share its memory. Throws NetworkError. */
  push(chunk: Bytes): Bytes[] {
    const frames: Bytes[] = []
    let at = 0
    while (at < chunk.byteLength || this.#wanted === 0) {
      if (this.#wanted === undefined) {
        at = this.#readPrefix(chunk, at)
      } else {
        at = this.#readBody(chunk, at, frames)
      }
    }
    return frames
  }

  #readPrefix(chunk: Bytes, start: number): number {
    let at = start
    while (at < chunk.byteLength) {
      const byte = chunk[at++] ?? 0
      this.#prefix.push(byte)
      if (byte < 0x80) {
        this.#wanted = this.#lengthOf(this.#prefix)
        this.#prefix = []
        return at
      }
      if (this.#prefix.length >= PREFIX_MAX_BYTES) {
        throw new NetworkError('FRAME_INVALID', `a frame length takes at most ${PREFIX_MAX_BYTES} bytes; got more`)
      }
    }
    return at
  }

  #lengthOf(prefix: readonly number[]): number {
    if (prefix.length > 1 && prefix[prefix.length - 1] === 0) {
      throw new NetworkError('FRAME_INVALID', 'a frame length must be written in the fewest bytes')
    }
    let length = 0
    for (const [index, byte] of prefix.entries()) length |= (byte & 0x7f) << (7 * index)
    if (length > this.#frameMax) {
      throw new NetworkError(
        'FRAME_TOO_LARGE',
        `a frame of ${length} bytes was announced; ${this.#frameMax} is the most`,
      )
    }
    return length
  }

  #readBody(chunk: Bytes, start: number, frames: Bytes[]): number {
    const wanted = this.#wanted ?? 0
    const end = Math.min(chunk.byteLength, start + wanted - this.#have)
    const part = chunk.subarray(start, end)
    const isWhole = part.byteLength === wanted
    if (!isWhole) this.#keep(part, wanted)
    if (isWhole || this.#have === wanted) {
      frames.push(isWhole ? part : this.#room)
      this.#room = Buffer.alloc(0)
      this.#have = 0
      this.#wanted = undefined
    }
    return end
  }

  #keep(part: Bytes, wanted: number): void {
    const needed = this.#have + part.byteLength
    if (needed > this.#room.byteLength) {
      const larger = Buffer.alloc(Math.min(wanted, Math.max(2 * needed, ROOM_FIRST_BYTES)))
      larger.set(this.#room.subarray(0, this.#have))
      this.#room = larger
    }
    this.#room.set(part, this.#have)
    this.#have = needed
  }
}
