// Suggestions for names that are nearly right.

import { SUGGESTION_CHARACTERS_MAX } from './limits.ts'

/** The nearest of the known names, if it is near enough to be what was meant. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  if (name.length > SUGGESTION_CHARACTERS_MAX) return undefined
  const wanted = name.toLowerCase().replaceAll('-', '_')
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor(name.length / 3)) + 1
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) > bestDistance) continue
    const distance = editDistance(wanted, candidate.toLowerCase().replaceAll('-', '_'))
    // Letters are lost more often than one is taken for another.
    const isLonger = distance === bestDistance && best !== undefined && candidate.length > best.length
    if (distance < bestDistance || isLonger) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** `did you mean "x"?`, or the fallback. */
export function didYouMean(name: string, known: Iterable<string>, fallback?: string): string | undefined {
  const near = nearest(name, known)
  return near === undefined ? fallback : `did you mean "${near}"?`
}

/** Insertions, deletions, replacements and swaps of neighbours. */
export function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const current = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1]
      let distance = Math.min(at(previous, j) + 1, at(current, j - 1) + 1, at(previous, j - 1) + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        distance = Math.min(distance, at(beforePrevious, j - 2) + 1)
      }
      current.push(distance)
    }
    beforePrevious = previous
    previous = current
  }
  return at(previous, b.length)
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY
}
