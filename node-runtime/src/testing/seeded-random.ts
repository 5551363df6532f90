// A random source that a seed reproduces. Never for keys outside tests.
import { createHash } from 'node:crypto'
import type { Random } from '../base/random.ts'

export function seededRandom(seed: number | string): Random {
  let counter = 0
  const block = () => {
    counter += 1
    return createHash('sha256').update(`${seed}/${counter}`).digest()
  }
  return {
    bytes(length) {
      const blocks: Buffer[] = []
      for (let have = 0; have < length; have += 32) blocks.push(block())
      return Uint8Array.from(Buffer.concat(blocks).subarray(0, length))
    },
    float: () => block().readUInt32BE(0) / 2 ** 32,
  }
}
