// What enough members have approved waits no longer (I4). Approvals count of those who may still write.
import { keysOf } from '../../src/testing/test-node.ts'
import { remainingNodes } from '../scenario/scenario.ts'
import { type Checker, FINDINGS_MAX } from './violation.ts'

/** As the facts of a node have it, in JSON. */
interface Proposals {
  readonly approvalsNeeded: number
  readonly active: readonly { readonly id: string; readonly approvals: readonly string[] }[]
}

export const deciding: Checker = {
  name: 'deciding',
  check({ nodes, scenario }) {
    const proposals = JSON.parse(nodes[0]?.proposals ?? 'null') as Proposals | null
    const writers = new Set<string>(remainingNodes(scenario).map((name) => keysOf(name).identity.publicKey))
    return (proposals?.active ?? [])
      .map(({ id, approvals }) => ({ id, count: new Set(approvals.filter((key) => writers.has(key))).size }))
      .filter(({ count }) => count >= (proposals?.approvalsNeeded ?? 0))
      .map(({ id, count }) => `proposal ${id.slice(0, 8)} waits, though ${count} members have approved it`)
      .slice(0, FINDINGS_MAX)
  },
}
