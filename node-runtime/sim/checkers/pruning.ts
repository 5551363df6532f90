// History goes only where every member that was heard of lately has acknowledged it, and those are most of all: whoever is
// merely slow gets every delta with its events, and two halves of a network never prune past each other (I2, I3).
import { keysOf } from '../../src/testing/test-node.ts'
import { decodeCheckpoint } from '../../src/wire/checkpoint.ts'
import { decodeHeads } from '../../src/wire/gossip.ts'
import { type CheckpointRow, decodeRow } from '../../src/wire/records.ts'
import type { Causality } from '../causality.ts'
import { compareCanonical, type Facts } from '../facts.ts'
import type { Pruned } from '../history.ts'
import { remainingNodes } from '../scenario.ts'
import { type Checker, FINDINGS_MAX } from './violation.ts'

const NS_PER_MS = 1_000_000n
/** Between the look at the clock and the write. */
const WRITING_MS = 1000

export const pruning: Checker = {
  name: 'pruning',
  check(facts, causality) {
    const { scenario, history } = facts
    // Whose clock is wrong counts as absent, or as present, to others.
    if (scenario.faults.some(({ kind }) => kind === 'skew')) return []
    const found: string[] = []
    for (const pruned of history.pruned) {
      if (found.length >= FINDINGS_MAX) break
      found.push(...judge(pruned, facts, causality))
    }
    return found
  },
}

function judge(pruned: Pruned, { scenario, history, everything }: Facts, causality: Causality): string[] {
  const { name, atMs, row, held } = pruned
  const absentMs = scenario.retention?.absentMs ?? 0
  const { last } = decodeCheckpoint(decodeRow<CheckpointRow>('checkpoint', row).checkpoint)
  const gone = everything.filter((delta) => held.has(delta.id) && compareCanonical(delta, last) <= 0)
  const beats = pruned.beats.map(decodeHeads)
  const heard = beats.filter(({ hlc }) => Number(hlc / NS_PER_MS) > atMs - absentMs + WRITING_MS)
  const found: string[] = []
  // Who is removed is waited for no more.
  const members = remainingNodes(scenario).filter((node) => scenario.nodes.includes(node))
  for (const node of members) {
    const beat = heard.find(({ author }) => author === keysOf(node).identity.publicKey)
    // What it had, it may have given up for a peer's state.
    if (!beat || history.adoptions.has(node)) continue
    const lacks = gone.filter(({ id }) => !beat.heads.some((head) => causality.includes(head, id)))
    if (lacks.length === 0) continue
    found.push(`${name} pruned ${lacks.length} deltas at ${Math.round(atMs) % 10_000_000} ms that ${node} had not`)
  }
  const mostHeard = beats.filter(({ hlc }) => Number(hlc / NS_PER_MS) > atMs - absentMs - WRITING_MS).length + 1
  if (2 * mostHeard <= members.length) {
    found.push(`${name} pruned at ${Math.round(atMs) % 10_000_000} ms, having heard of ${mostHeard - 1} members lately`)
  }
  return found
}
