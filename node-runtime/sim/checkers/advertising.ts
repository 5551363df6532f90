// What nodes say about themselves: heads they hold, never less than before, and one root for the same heads (I1, I5).
import type { DeltaId } from '../../src/base/ids.ts'
import type { Advertised } from '../record/history.ts'
import { type Checker, FINDINGS_MAX } from './violation.ts'

/** After a state was replaced, the deltas that stand on it are applied once more. */
const RETAKE_MS = 2000

export const advertising: Checker = {
  name: 'advertising',
  check({ history, nodes, ended }, causality) {
    const found: string[] = []
    const roots = new Map<string, Advertised>()
    const last = new Map<string, Advertised>()
    const final = nodes.map(({ name, summary }) => ({
      name,
      atMs: Number.POSITIVE_INFINITY,
      heads: summary.heads,
      root: summary.root,
      judged: undefined,
      unapplied: [],
    }))
    const names = new Set(nodes.map(({ name }) => name))
    for (const now of [...history.advertised, ...final]) {
      if (!names.has(now.name)) continue
      if (found.length >= FINDINGS_MAX) break
      // A root is a function of the heads, of the removals that they were judged by, and of the checkpoint beneath.
      const position = now.judged === undefined ? undefined : `${now.heads.join()} ${now.judged}`
      const known = position === undefined ? undefined : roots.get(position)
      if (known && known.root !== now.root) {
        found.push(
          `${said(known)} has root ${known.root.slice(0, 8)}, ${said(now)} ${now.root.slice(0, 8)}: equal heads`,
        )
      }
      if (position !== undefined) roots.set(position, known ?? now)
      if (now.unapplied.length > 0)
        found.push(`${said(now)} names ${now.unapplied.length} heads that are not on its disk`)
      const before = last.get(now.name)
      // Who took a peer's state for its own gave up what that did not hold, and takes the rest again.
      const hasSwapped = (history.adoptions.get(now.name) ?? []).some(
        (atMs) => atMs >= (before?.atMs ?? 0) - RETAKE_MS && atMs <= now.atMs,
      )
      // What builds on what a checkpoint did not contain is a head for as long as it is not in one itself.
      const isLost = (old: DeltaId) =>
        !hasSwapped && !ended.has(old) && !now.heads.some((head) => causality.includes(head, old))
      const lost = before?.heads.filter(isLost) ?? []
      if (lost.length > 0) found.push(`${said(now)} went back behind ${lost.map((id) => id.slice(0, 8)).join()}`)
      last.set(now.name, now)
    }
    return found
  },
}

function said({ name, atMs }: Advertised): string {
  return atMs === Number.POSITIVE_INFINITY ? `${name} at the end` : `${name} at ${Math.round(atMs) % 10_000_000} ms`
}
