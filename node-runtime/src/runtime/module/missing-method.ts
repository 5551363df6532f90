// What to tell a caller whose method the application does not have: the methods it has, and the nearest of them.
import { HOST_LIMITS } from '../limits.ts'

const { namedMethods: NAMED_MAX, comparedMethods: COMPARED_MAX } = HOST_LIMITS

/** Names that callers use: not `init`, which runs when a context is made, nor what the host or the compiler put there. */
function callable(methods: Iterable<string>): string[] {
  return [...methods].filter((name) => name !== 'init' && !name.startsWith('_')).toSorted()
}

export function missingMethod(name: string, methods: Iterable<string>): string {
  const known = callable(methods)
  const near = nearestName(name, known)
  const meant = near === undefined ? '' : `; did you mean "${near}"?`
  const left = known.length > NAMED_MAX ? ` and ${known.length - NAMED_MAX} more` : ''
  const has = known.length === 0 ? 'no methods' : `${known.slice(0, NAMED_MAX).join(', ')}${left}`
  return `method "${name}" not found: the app does not export it${meant}\nit exports ${has}`
}

/** At most a third of the letters may differ. */
function nearestName(name: string, known: readonly string[]): string | undefined {
  const wanted = name.toLowerCase()
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor(name.length / 3)) + 1
  for (const candidate of known.slice(0, COMPARED_MAX)) {
    if (Math.abs(candidate.length - name.length) >= bestDistance) continue
    const distance = editDistance(wanted, candidate.toLowerCase())
    if (distance >= bestDistance) continue
    best = candidate
    bestDistance = distance
  }
  return best
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, replaced))
    }
    row = next
  }
  return row[b.length] ?? 0
}
