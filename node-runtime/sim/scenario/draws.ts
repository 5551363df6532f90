// Draws from a seeded source, in the words of the generator.
import type { Random } from '../../src/base/random.ts'

export interface Draws {
  chance(probability: number): boolean
  /** Uniform, both bounds included. */
  whole(least: number, most: number): number
  pick<T>(items: readonly T[]): T
  weighted<T>(items: readonly (readonly [T, number])[]): T
  /** `count` different items, in random order. */
  some<T>(items: readonly T[], count: number): T[]
}

export function drawsFrom(random: Random): Draws {
  const whole = (least: number, most: number) => least + Math.floor(random.float() * (most - least + 1))
  const pick = <T>(items: readonly T[]): T => {
    const item = items[whole(0, items.length - 1)]
    if (item === undefined) throw new Error('nothing to pick from')
    return item
  }
  return {
    chance: (probability) => random.float() < probability,
    whole,
    pick,
    weighted(items) {
      let rest = random.float() * items.reduce((sum, [, weight]) => sum + weight, 0)
      for (const [item, weight] of items) {
        rest -= weight
        if (rest < 0) return item
      }
      return pick(items)[0]
    },
    some(items, count) {
      const left = [...items]
      const chosen: (typeof left)[number][] = []
      while (chosen.length < count && left.length > 0) chosen.push(...left.splice(whole(0, left.length - 1), 1))
      return chosen
    },
  }
}
