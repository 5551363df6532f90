import { expect, it } from 'vitest'
import { type Bytes, toHex } from './bytes.ts'
import { Recent } from './recent.ts'

function counting() {
  const made: string[] = []
  const make = (bytes: Bytes) => {
    made.push(toHex(bytes))
    return { text: toHex(bytes) }
  }
  return { made, make }
}

it('the same bytes give the same value, other bytes another', () => {
  const recent = new Recent<{ text: string }>({ count: 8, bytesMax: 4 })
  const { made, make } = counting()
  const first = recent.of(Uint8Array.of(1, 2), make)
  expect(recent.of(Uint8Array.of(1, 2), make)).toBe(first)
  expect(recent.of(Uint8Array.of(1, 3), make)).toEqual({ text: '0103' })
  expect(recent.of(Uint8Array.of(1), make)).toEqual({ text: '01' })
  expect(made).toEqual(['0102', '0103', '01'])
})

it('what is asked for again stays, and what is not goes', () => {
  const recent = new Recent<{ text: string }>({ count: 2, bytesMax: 4 })
  const { made, make } = counting()
  for (const byte of [0, 1, 0, 2, 0, 3, 0, 4, 0, 1]) recent.of(Uint8Array.of(byte), make)
  expect(made).toEqual(['00', '01', '02', '03', '04', '01'])
})

it('what is too long, and what fails, is made anew each time', () => {
  const recent = new Recent<{ text: string }>({ count: 8, bytesMax: 2 })
  const { made, make } = counting()
  const long = Uint8Array.of(1, 2, 3)
  expect(recent.of(long, make)).not.toBe(recent.of(long, make))
  expect(made).toHaveLength(2)
  let failures = 0
  const fail = () => {
    failures += 1
    throw new Error('no value')
  }
  for (let i = 0; i < 2; i += 1) expect(() => recent.of(Uint8Array.of(9), fail)).toThrow('no value')
  expect(failures).toBe(2)
})
