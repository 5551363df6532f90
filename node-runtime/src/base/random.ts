// Randomness as a port: ids, nonces, keys and jitter all come through it, so that a seed reproduces a run.
import { randomBytes } from 'node:crypto'
import type { Bytes } from './bytes.ts'

export interface Random {
  bytes(length: number): Bytes
  /** Uniform in [0, 1). Jitter and choice only, never keys. */
  float(): number
}

export const systemRandom: Random = {
  bytes: (length) => randomBytes(length),
  float: () => Math.random(),
}
