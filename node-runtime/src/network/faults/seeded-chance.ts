// Chance that a seed repeats, for faults: the same seed chooses the same messages of the same sequence (mulberry32).
import { createHash } from 'node:crypto'

/** Uniform in [0, 1). */
export function seededChance(seed: string): () => number {
  let state = createHash('sha256').update(seed).digest().readInt32LE(0)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
