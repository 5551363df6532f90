// How collections are handed to a guest: u32 count, then each item as u32 length and bytes, all little-endian.
import type { Bytes } from '../base/bytes.ts'
import { CrdtError } from './errors.ts'
import { ITER_BYTES_MAX } from './limits.ts'

/** `count` items, each of one or more byte strings (a map's: key and value). Throws CrdtError CRDT_LIMIT. */
export function iterBytes(items: Iterable<readonly Bytes[]>): Bytes {
  const parts: Bytes[] = []
  let count = 0
  let size = 4
  for (const item of items) {
    count += 1
    for (const bytes of item) {
      size += 4 + bytes.byteLength
      if (size > ITER_BYTES_MAX) {
        throw new CrdtError('CRDT_LIMIT', `the collection has more than ${ITER_BYTES_MAX} bytes; read it key by key`)
      }
      parts.push(u32le(bytes.byteLength), bytes)
    }
  }
  return Buffer.concat([u32le(count), ...parts])
}

function u32le(value: number): Bytes {
  const out = Buffer.alloc(4)
  out.writeUInt32LE(value)
  return out
}
