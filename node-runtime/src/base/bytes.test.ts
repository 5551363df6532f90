import { expect, it } from 'vitest'
import { copyOf, fromUtf8, utf8 } from './bytes.ts'

it.each([32, 64])('a copy of %i bytes, as ids and signatures are, keeps no more alive than itself', (length) => {
  const copy = copyOf(new Uint8Array(length).fill(7))
  expect([copy.byteLength, copy[0], copy.buffer.byteLength]).toEqual([length, 7, length])
})

it('a copy changes with nothing else', () => {
  for (const length of [1, 65, 1500, 5000]) {
    const bytes = new Uint8Array(length).fill(1)
    const [a, b] = [copyOf(bytes), copyOf(bytes)]
    bytes.fill(2)
    a.fill(3)
    expect([...new Set(b)]).toEqual([1])
  }
})

it('a text keeps its mark of the byte order, and so its bytes', () => {
  const marked = Uint8Array.of(0xef, 0xbb, 0xbf, 0x61)
  expect(utf8(fromUtf8(marked))).toEqual(marked)
})
