import { expect, it } from 'vitest'
import { binaryText, copyOf, fromHex, fromUtf8, toHex, utf8 } from './bytes.ts'

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

it.each([0, 1, 8, 32, 64, 65, 300])('%i bytes come back from hex, of either case', (length) => {
  const bytes = Uint8Array.from({ length }, (_, index) => (index * 37) & 0xff)
  const text = toHex(bytes)
  expect([...fromHex(text)]).toEqual([...bytes])
  expect([...fromHex(text.toUpperCase())]).toEqual([...bytes])
})

it('what is no hex ends the result early', () => {
  const texts = ['', 'a', '0a1', '0ag1', '0a 1', '0a\u01310', '0aé1', `${'0b'.repeat(100)}x`]
  expect(texts.map((text) => fromHex(text).byteLength)).toEqual([0, 0, 1, 1, 1, 1, 1, 100])
})

it('every byte is one character of a binary text, in order', () => {
  const text = binaryText(Uint8Array.from({ length: 256 }, (_, byte) => byte))
  expect(Array.from(text, (character) => character.charCodeAt(0))).toEqual(Array.from({ length: 256 }, (_, i) => i))
})
