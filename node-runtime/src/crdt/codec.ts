// The bytes of artifacts and records: big-endian integers, canonical varints, length-prefixed strings. Hand-made rather
// than DAG-CBOR because a record's bytes are also its rank in a merge (see `lww-record.ts`), and for speed.
import { type Bytes, copyOf, u64be } from '../base/bytes.ts'
import { CrdtError } from './errors.ts'

export class ByteWriter {
  #out = Buffer.allocUnsafe(256)
  #size = 0

  byte(value: number): void {
    const at = this.#advance(1)
    this.#out[at] = value
  }

  u64(value: bigint): void {
    const at = this.#advance(8)
    this.#out.writeBigUInt64BE(value, at)
  }

  /** Up to 2^32 - 1, seven bits a byte, the lowest first. */
  varint(value: number): void {
    let rest = value
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.byte((rest % 0x80) | 0x80)
    this.byte(rest)
  }

  fixed(bytes: Bytes): void {
    const at = this.#advance(bytes.byteLength)
    this.#out.set(bytes, at)
  }

  bytes(bytes: Bytes): void {
    this.varint(bytes.byteLength)
    this.fixed(bytes)
  }

  /** Everything written, in memory of its own. */
  finish(): Bytes {
    return copyOf(this.#out.subarray(0, this.#size))
  }

  #advance(length: number): number {
    const at = this.#size
    this.#size += length
    if (this.#size > this.#out.byteLength) {
      const larger = Buffer.allocUnsafe(Math.max(this.#size, 2 * this.#out.byteLength))
      larger.set(this.#out.subarray(0, at))
      this.#out = larger
    }
    return at
  }
}

/** Reads what ByteWriter wrote and nothing else. `fail` makes the error for bytes that are not it. */
export class ByteReader {
  readonly #bytes: Bytes
  readonly #view: DataView
  readonly #fail: (why: string) => CrdtError
  #at = 0

  constructor(bytes: Bytes, fail: (why: string) => CrdtError) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#fail = fail
  }

  byte(): number {
    return this.#view.getUint8(this.#advance(1))
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#advance(8))
  }

  /** At most `max`, in its shortest form. */
  varint(max: number): number {
    let value = 0
    for (let scale = 1; scale <= 2 ** 28; scale *= 0x80) {
      const byte = this.byte()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        if (byte === 0 && scale > 1) throw this.#fail('a number is not in its shortest form')
        if (value > max) throw this.#fail(`${value} where at most ${max} is allowed`)
        return value
      }
    }
    throw this.#fail('a number is too long')
  }

  /** A view on the input. */
  fixed(length: number): Bytes {
    const at = this.#advance(length)
    return this.#bytes.subarray(at, at + length)
  }

  bytes(max: number): Bytes {
    return this.fixed(this.varint(max))
  }

  rest(): Bytes {
    return this.fixed(this.#bytes.byteLength - this.#at)
  }

  get done(): boolean {
    return this.#at === this.#bytes.byteLength
  }

  end(): void {
    if (!this.done) throw this.fail(`${this.#bytes.byteLength - this.#at} bytes too many`)
  }

  fail(why: string): CrdtError {
    return this.#fail(why)
  }

  #advance(length: number): number {
    const at = this.#at
    if (length > this.#bytes.byteLength - at) throw this.#fail('the bytes end too early')
    this.#at = at + length
    return at
  }
}

export function corruptState(why: string): CrdtError {
  return new CrdtError('CRDT_STATE_CORRUPT', `a record of the host CRDTs cannot be read: ${why}`)
}

/** The record of a count: none for 0. Throws CrdtError CRDT_STATE_CORRUPT where no true record can have led there. */
export function countRecord(count: bigint): Bytes | null {
  if (count < 0n || count >= 1n << 64n) throw corruptState('a count that cannot be')
  return count === 0n ? null : u64be(count)
}

/** A record that is `length` bytes long and has a u64 at `at`. Throws CrdtError CRDT_STATE_CORRUPT. */
export function readU64(bytes: Bytes, at = 0, length = 8): bigint {
  if (bytes.byteLength !== length) throw corruptState('not a number')
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(at)
}
