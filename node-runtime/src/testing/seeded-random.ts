// A random source that a seed reproduces (sfc32, seeded by SHA-256). Never for keys outside tests.
import { createHash } from 'node:crypto'
import type { Random } from '../base/random.ts'

export function seededRandom(seed: number | string): Random {
  const words = createHash('sha256').update(String(seed)).digest()
  let a = words.readInt32LE(0)
  let b = words.readInt32LE(4)
  let c = words.readInt32LE(8)
  let counter = 1
  const next = () => {
    const result = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + result
    c |= 0
    return result >>> 0
  }
  for (let round = 0; round < 12; round += 1) next()
  return {
    bytes(length) {
      const out = new Uint8Array(length)
      for (let at = 0; at < length; at += 4) {
        const word = next()
        for (let i = 0; i < 4 && at + i < length; i += 1) out[at + i] = (word >>> (8 * i)) & 0xff
      }
      return out
    },
    float: () => next() / 2 ** 32,
  }
}
