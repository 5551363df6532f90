// All honest nodes hold the same: state bytes, roots, heads, deltas, governance, the base that they serve. And nothing is left waiting.
import { toHex } from '../../src/base/bytes.ts'
import type { DeltaId } from '../../src/base/ids.ts'
import { checkpointHash } from '../../src/wire/checkpoint.ts'
import type { Delta } from '../../src/wire/delta.ts'
import type { NodeFacts } from '../record/facts.ts'
import type { Checker } from './violation.ts'

export const agreement: Checker = {
  name: 'agreement',
  check({ nodes, graph, voids }) {
    const [first, ...others] = nodes
    if (!first) return ['there is nobody']
    const found: string[] = []
    for (const node of nodes) {
      if (node.summary.root === node.summary.shownRoot) continue
      found.push(`${node.name} shows root ${short(node.summary.shownRoot)}, its disk has ${short(node.summary.root)}`)
    }
    for (const other of others) found.push(...differences(first, other))
    const gone = new Set(voids.map(({ id }) => id))
    for (const node of nodes) found.push(...misplaced(node, graph, gone))
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
  if (checkpointOf(a) !== checkpointOf(b)) differ('checkpoints')
  if (a.base !== b.base) differ('the base that they serve')
  if (a.governance !== b.governance) differ('governance heads')
  if (a.applicationId !== b.applicationId) differ('what they run')
  if (a.proposals !== b.proposals) differ('proposals')
  return found
}

/** On its disk is what the past of its heads holds, but for what it has pruned: the oldest, without a gap. */
function misplaced(node: NodeFacts, graph: readonly Delta[], voids: ReadonlySet<DeltaId>): string[] {
  const { name, checkpoint, applied, voids: own, stack } = node
  const kept = graph.filter(({ id }) => checkpoint === undefined || id > checkpoint.last)
  const wanted = new Set(kept.map(({ id }) => id))
  const missing = kept.filter(({ id }) => !(voids.has(id) ? own : applied).has(id))
  const extra = [...applied, ...own].filter((id) => !wanted.has(id))
  const found: string[] = []
  if (missing.length > 0)
    found.push(
      `${name} lacks ${missing.length} deltas, or judges them otherwise: ${missing
        .slice(0, 3)
        .map(({ id }) => short(id))
        .join()}`,
    )
  if (stack.length !== applied.size || stack.some((id) => !applied.has(id)))
    found.push(`${name} has ${stack.length} undo records for ${applied.size} applied deltas`)
  if (extra.length > 0)
    found.push(
      `${name} holds ${extra.length} deltas outside the past of its heads, or already pruned: ${extra.slice(0, 3).map(short).join()}`,
    )
  return found
}

export const rest: Checker = {
  name: 'rest',
  check({ nodes, unrest, history }) {
    const found: string[] = []
    if (unrest !== undefined) found.push(`it did not come to rest: ${unrest}`)
    for (const { name, waiting, checkpoint, governanceMissing, leftovers } of nodes) {
      // What history was pruned past meanwhile waits for nothing any more, and goes with the next look, within minutes.
      const held = waiting.filter(({ id }) => checkpoint === undefined || id > checkpoint.last)
      const parked = held.filter(({ id }) => !history.hostileDeltas.has(id))
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

function checkpointOf({ checkpoint }: NodeFacts): string {
  return checkpoint ? toHex(checkpointHash(checkpoint)) : ''
}

function short(id: string): string {
  return id.slice(0, 8)
}
