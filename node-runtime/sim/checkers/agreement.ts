// All honest nodes hold the same: state bytes, roots, heads, deltas, governance. And nothing is left waiting.
import type { NodeFacts } from '../facts.ts'
import type { Checker } from './violation.ts'

export const agreement: Checker = {
  name: 'agreement',
  check({ nodes }) {
    const [first, ...others] = nodes
    if (!first) return ['there is nobody']
    const found: string[] = []
    for (const node of nodes) {
      if (node.summary.root === node.summary.shownRoot) continue
      found.push(`${node.name} shows root ${short(node.summary.shownRoot)}, its disk has ${short(node.summary.root)}`)
    }
    for (const other of others) found.push(...differences(first, other))
    return found
  },
}

function differences(a: NodeFacts, b: NodeFacts): string[] {
  const found: string[] = []
  const differ = (what: string) => found.push(`${a.name} and ${b.name} differ in ${what}`)
  if (a.summary.heads.join() !== b.summary.heads.join()) {
    differ(`heads: ${a.summary.heads.map(short).join('+')} and ${b.summary.heads.map(short).join('+')}`)
  }
  if (a.summary.root !== b.summary.root) differ(`roots: ${short(a.summary.root)} and ${short(b.summary.root)}`)
  if (a.summary.entries.join() !== b.summary.entries.join()) differ('state bytes')
  const missing = [...a.applied].filter((id) => !b.applied.has(id)).length
  const extra = [...b.applied].filter((id) => !a.applied.has(id)).length
  if (missing + extra > 0) differ(`applied deltas: ${missing} only there, ${extra} only here`)
  if ([...a.voids].sort().join() !== [...b.voids].sort().join())
    differ(`void deltas: ${a.voids.size} and ${b.voids.size}`)
  if (a.governance !== b.governance) differ('governance heads')
  return found
}

export const rest: Checker = {
  name: 'rest',
  check({ nodes, unrest, history }) {
    const found: string[] = []
    if (unrest !== undefined) found.push(`it did not come to rest: ${unrest}`)
    for (const { name, waiting, governanceMissing, leftovers } of nodes) {
      const parked = waiting.filter(({ id }) => !history.hostileDeltas.has(id))
      if (parked.length > 0)
        found.push(`${name} parks ${parked.length} deltas: ${parked.map(({ id }) => short(id)).join()}`)
      if (governanceMissing > 0) found.push(`${name} still waits for governance operations`)
      for (const [kind, rows] of Object.entries(leftovers)) {
        if (rows > 0) found.push(`${name} has ${rows} rows of kind ${kind} left`)
      }
    }
    return found
  },
}

function short(id: string): string {
  return id.slice(0, 8)
}
