// Random numbers that a seed repeats: a failure is replayed by its seed, and 100,000 operations cost nothing to draw.
export interface SeededRandom {
  /** From 0 up to but without `end`. */
  below(end: number): number
  oneIn(n: number): boolean
  pick<T>(list: readonly T[]): T
  shuffled<T>(list: readonly T[]): T[]
}

/** mulberry32. */
export function seededRandom(seed: number): SeededRandom {
  let state = seed >>> 0
  const below = (end: number): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * end)
  }
  return {
    below,
    oneIn: (n) => below(n) === 0,
    pick: (list) => {
      const found = list[below(list.length)]
      if (found === undefined) throw new Error('nothing to pick from')
      return found
    },
    shuffled: (list) => {
      const out = [...list]
      for (let at = out.length - 1; at > 0; at -= 1) {
        const other = below(at + 1)
        const [a, b] = [out[at], out[other]]
        if (a === undefined || b === undefined) continue
        out[at] = b
        out[other] = a
      }
      return out
    },
  }
}
