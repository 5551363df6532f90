// Who has lost the context writes on without knowing it only as far as the others have accepted it, and somebody says how far that is.
import { accountOf } from '../../src/base/keys.ts'
import { keysOf } from '../../src/testing/test-node.ts'
import type { Facts } from '../record/facts.ts'
import { takesFrom } from '../run/removals.ts'
import { remainingNodes } from '../scenario/scenario.ts'
import { type Checker, FINDINGS_MAX } from './violation.ts'

export const cuttingOff: Checker = {
  name: 'cutting off',
  check(facts) {
    const unpinned = facts.unpinned.map(
      ({ name, id }) => `${id.slice(0, 8)} of ${name} counts, which nobody had accepted when it lost the context`,
    )
    return [...unpinned, ...unsaid(facts)].slice(0, FINDINGS_MAX)
  },
}

/** As long as nobody has said what was accepted, all counts that was written on older cuts, whenever it comes. */
function unsaid({ log, scenario, setting: { shared } }: Facts): string[] {
  const said = new Set(log.flatMap(({ body }) => (body.kind === 'removal_pinned' ? [body.removal] : [])))
  const remaining = remainingNodes(scenario)
  const removed = new Set(scenario.faults.flatMap((fault) => (fault.kind === 'removal' ? [fault.node] : [])))
  return [...removed].flatMap((name) => {
    if (remaining.includes(name)) return []
    const account = accountOf(keysOf(name).identity.publicKey)
    const taking = log.filter(({ body }) => takesFrom(body, account, shared))
    const isSaid = taking.some(({ id, body }) => {
      const own = 'pinned' in body && body.pinned?.[shared.contextId] !== undefined
      return own || said.has(id)
    })
    return taking.length === 0 || isSaid
      ? []
      : [`nobody has said what was accepted from ${name}, which lost the context`]
  })
}
