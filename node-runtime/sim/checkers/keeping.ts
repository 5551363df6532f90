// What was accepted is kept: a delta that counted anywhere counts in the end, itself or as what its author wrote in its place.
// Of who was removed only what nobody had accepted on whose word the removal rests; and nothing that was said in the log of
// the namespace by who stays in it is gone (I2, I4).
import type { DeltaId } from '../../src/base/ids.ts'
import { accountOf } from '../../src/base/keys.ts'
import type { Operation } from '../../src/base/operations.ts'
import { keysOf } from '../../src/testing/test-node.ts'
import type { Delta } from '../../src/wire/delta.ts'
import type { Causality } from '../record/causality.ts'
import type { Facts } from '../record/facts.ts'
import { takesFrom } from '../run/removals.ts'
import { remainingNodes } from '../scenario/scenario.ts'
import { type Checker, FINDINGS_MAX } from './violation.ts'

export const keeping: Checker = {
  name: 'keeping',
  check(facts, causality) {
    const { everything, history, nodes, scenario } = facts
    const counting = new Set(facts.deltas.map(({ delta }) => delta.id))
    const staying = new Set(remainingNodes(scenario).map((name) => keysOf(name).identity.publicKey))
    const found: string[] = []
    for (const delta of everything) {
      const { id, author } = delta
      if (counting.has(facts.reissued.get(id) ?? id)) continue
      // Always one of them counts: with a short memory what was lost may stand again, and what stands for it then does not.
      if (delta.rewrites?.some((origin) => counting.has(origin))) continue
      const holders = nodes.filter(({ name }) => history.applied.get(name)?.has(id))
      if (holders.length === 0) continue
      if (staying.has(author))
        found.push(`${id.slice(0, 8)} of a member has counted on ${holders[0]?.name}, and is lost`)
      else if (!history.hostileDeltas.has(id)) found.push(...judgeRemoved(delta, facts))
    }
    const known = new Set(facts.log.map(({ id }) => id))
    for (const author of staying) {
      const gone = [...(history.governed.get(author) ?? [])].filter((id) => !known.has(id))
      if (gone.length > 0)
        found.push(`${gone.length} operations of a member are gone from the log: ${gone[0]?.slice(0, 8)}`)
    }
    found.push(...overtaking(facts, causality))
    return found.slice(0, FINDINGS_MAX)
  },
}

/** What was written again comes behind what knew of it, and stands there on its own: its author's older word has the last say. */
function overtaking({ deltas, reissued, scenario }: Facts, causality: Causality): string[] {
  // What is older than all that a short checkpoint names is taken for standing.
  if (scenario.retention?.recentMax !== undefined) return []
  const counting = deltas.map(({ delta }) => delta)
  return [...reissued].flatMap(([id, again]) =>
    counting
      .filter((delta) => delta.id !== id && delta.id < again && causality.includes(delta.id, id))
      .map((delta) => `${delta.id.slice(0, 8)} counts, and knew of ${id.slice(0, 8)}, which counts behind it`),
  )
}

/** Of a removed author, what counts nowhere though it has counted. */
function judgeRemoved(delta: Delta, { history, log, nodes, scenario, setting: { shared } }: Facts): string[] {
  const { id, author, governance, parents } = delta
  const account = accountOf(author)
  const last = nodes[0]?.checkpoint?.last ?? ''
  const isWaitedFor = scenario.marks?.includes('accepted behind') ?? false
  // It went with what it stood on, and nobody writes it again. Where no member is away for longer than it is waited for, nobody prunes
  // what it has still to speak about.
  if (!isWaitedFor && parents.some((parent) => parent <= last)) return []
  const knowing = knownFrom(governance, log)
  const taking = log.filter((op) => takesFrom(op.body, account, shared) && !knowing.has(op.id))
  const adopted = nodes.filter(({ name }) => history.adoptions.has(name) && history.applied.get(name)?.has(id))
  // No removal took it, but that another state took the place of what had it.
  if (!isWaitedFor && taking.length === 0 && adopted.length > 0) return []
  const asked = { history, nodes, contextId: shared.contextId, isWaitedFor }
  const who = taking.map((op) => hadAccepted(id, op, asked))
  if (taking.length > 0 && who.some((names) => names.length === 0)) return []
  return [`${id.slice(0, 8)} was accepted by ${who.flat().join()} from who was removed then, and is lost`]
}

/**
 * On whose word the removal rests: of who removed, where it says so, or else of everyone. Not of those who have taken the state of
 * another since, with which theirs went, unless everybody `isWaitedFor`.
 */
function hadAccepted(
  id: DeltaId,
  { id: op, author, body }: Operation,
  {
    history,
    nodes,
    contextId,
    isWaitedFor,
  }: Pick<Facts, 'history' | 'nodes'> & { contextId: Facts['setting']['shared']['contextId']; isWaitedFor: boolean },
): string[] {
  const isSaid = 'pinned' in body && body.pinned?.[contextId] !== undefined
  const asked = nodes.filter(({ publicKey }) => !isSaid || publicKey === author).map(({ name }) => name)
  return history.heardOf
    .filter((heard) => heard.op === op && asked.includes(heard.name) && heard.accepted.has(id))
    .filter(({ name, atMs }) => isWaitedFor || !history.adoptions.get(name)?.some((adoptedMs) => adoptedMs >= atMs))
    .map(({ name }) => name)
}

function knownFrom(heads: readonly string[], log: readonly Operation[]): ReadonlySet<string> {
  const parents = new Map<string, readonly string[]>(log.map((op) => [op.id, op.parents]))
  const known = new Set<string>()
  const work = [...heads]
  for (let id = work.pop(); id !== undefined; id = work.pop()) {
    if (known.has(id)) continue
    known.add(id)
    work.push(...(parents.get(id) ?? []))
  }
  return known
}
