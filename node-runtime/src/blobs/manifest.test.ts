import { describe, expect, test } from 'vitest'
import { idFromBytes } from '../base/ids.ts'
import { decodeRecord, encodeRecord, manifestOf } from './manifest.ts'

const chunks = new Uint8Array(64).fill(3)
const record = { ...manifestOf(2 ** 20 + 1, chunks), hash: undefined, addedMs: 1_755_000_000_000 }
const known = { ...record, hash: idFromBytes<never>(new Uint8Array(32).fill(5)) }

describe('the record of a blob', () => {
  test.each([record, known])('comes back as it was', (value) => {
    const read = decodeRecord(encodeRecord(value))
    expect(read && { ...read, chunks: new Uint8Array(read.chunks) }).toEqual(value)
  })

  test.each([
    ['a hash that is neither known nor not', 24, 2],
    ['a hash where none is known', 30, 1],
    ['a time that no clock shows', 16, 0x7f],
    ['another kind of file', 0, 0],
    ['a size that the hashes do not fit', 9, 1],
  ])('with %s it is none', (_, at, byte) => {
    const bytes = Buffer.from(encodeRecord(record))
    bytes[at] = byte
    expect(decodeRecord(bytes)).toBeUndefined()
  })
})
