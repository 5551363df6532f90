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

/** All of them, each order as likely. */
export function shuffled<T>(all: Iterable<T>, random: Pick<Random, 'float'>): T[] {
  const items = [...all]
  for (let i = items.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random.float() * (i + 1))
    const [a, b] = [items[i], items[j]]
    if (a !== undefined && b !== undefined) [items[i], items[j]] = [b, a]
  }
  return items
}
