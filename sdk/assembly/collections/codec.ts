// Keys and values as the bytes a collection stores: text as UTF-8, bytes as they are, everything else as JSON.

import { fromJson, jsonBytes } from '../json'
import { bytesOf, textOf } from '../memory'

export function encode<T>(value: T): Uint8Array {
  if (isString<T>()) return bytesOf(changetype<string>(value))
  else if (isReference<T>()) {
    if (idof<T>() == idof<Uint8Array>()) return changetype<Uint8Array>(value)
    else return jsonBytes<T>(value)
  } else return jsonBytes<T>(value)
}

export function decode<T>(bytes: Uint8Array): T {
  if (isString<T>()) return changetype<T>(textOf(bytes))
  else if (isReference<T>()) {
    if (idof<T>() == idof<Uint8Array>()) return changetype<T>(bytes)
    else return fromJson<T>(bytes)
  } else return fromJson<T>(bytes)
}

/** What an iter function of the host answers, item by item. */
export class Listing {
  private at: usize
  readonly count: i32

  /** A listing is u32 count, then u32 length and bytes of each item; a map lists key, value, key, value… */
  constructor(private bytes: Uint8Array) {
    this.count = bytes.byteLength == 0 ? 0 : load<i32>(bytes.dataStart)
    this.at = bytes.dataStart + 4
  }

  next(): Uint8Array {
    const length = load<i32>(this.at)
    const item = Uint8Array.wrap(this.bytes.buffer, i32(this.at + 4 - changetype<usize>(this.bytes.buffer)), length)
    this.at += 4 + length
    return item
  }
}

/** Byte order, shorter first: the same on every node. */
export function compareBytes(a: Uint8Array, b: Uint8Array): i32 {
  const order = memory.compare(a.dataStart, b.dataStart, min(a.byteLength, b.byteLength))
  return order == 0 ? a.byteLength - b.byteLength : order
}
