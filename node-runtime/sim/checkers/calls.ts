// A call on a node that is up is answered, and an answer is kept: its delta is applied on every node in the end, once; what
// belongs together is one batch (I2).
import type { DeltaId } from '../../src/base/ids.ts'
import { readersOf, remainingNodes } from '../scenario/scenario.ts'
import { type Checker, FINDINGS_MAX } from './violation.ts'

/** Answers of a node that is stopping or is read again. */
const EXPECTED = /the node is stopping|queue is closed|is being read again|network is closed/

/** Between an upgrade and the arrival of its code. */
const CODE_PENDING = /which does not run here yet/

/** After a removal nobody writes under the old key; who has not got the new one yet is told to come again. */
const KEY_PENDING = /the key of group \w+ has not arrived yet/

/** On a busy machine: the call itself, or what comes before all that is written. */
const TOO_SLOW = /ran longer than|could not be applied yet, and comes before anything that is written/

/** What a member that may only read is told. */
const MAY_NOT_WRITE = /may read context \w+, not write it/

const NO_DELTA = '' as DeltaId

export const calls: Checker = {
  name: 'calls',
  check({ history, deltas, reissued, claims, scenario }) {
    const counted = new Set(deltas.map(({ delta }) => delta.id))
    const remaining = new Set(remainingNodes(scenario))
    const readers = readersOf(scenario)
    const found: string[] = []
    for (const { operation, outcome, deltaId, error } of history.attempts) {
      // Who is removed may be refused, and what it was told holds only as long as it is a member.
      if (!remaining.has(operation.node) && !history.hostileDeltas.has(deltaId ?? NO_DELTA)) continue
      const what = `${operation.method} ${JSON.stringify(operation.args)} on ${operation.node}`
      const said = error ?? ''
      if (deltaId !== undefined && readers.has(operation.node)) found.push(`${what} wrote, and may only read`)
      const isExpected =
        (readers.has(operation.node) && MAY_NOT_WRITE.test(said)) ||
        EXPECTED.test(said) ||
        (history.faults.has('stumble') && TOO_SLOW.test(said)) ||
        (history.faults.has('removal') && KEY_PENDING.test(said)) ||
        (history.faults.has('upgrade') && CODE_PENDING.test(said))
      if (outcome === 'failed' && !isExpected) found.push(`${what} failed: ${error}`)
      if (
        outcome === 'open' &&
        !history.killed.has(operation.node) &&
        !history.hostileDeltas.has(deltaId ?? NO_DELTA)
      ) {
        found.push(`${what} was never answered`)
      }
      if (outcome !== 'acknowledged' || deltaId === undefined) continue
      if (!counted.has(reissued.get(deltaId) ?? deltaId))
        found.push(`${what} was acknowledged, and its delta counts nowhere`)
    }
    const standing = new Set<string>()
    for (const { delta } of deltas) {
      // Each is a call of its own, whatever else it says to stand for: only who has written something writes it again.
      if (claims.has(delta.id)) continue
      const first = `${delta.author} ${delta.rewrites?.[0] ?? delta.id}`
      if (standing.has(first)) found.push(`${delta.id.slice(0, 8)} was written again, and counts twice`)
      standing.add(first)
    }
    for (const { name, id, lacks } of history.torn) {
      if (!history.hostileDeltas.has(id)) found.push(`${name} wrote ${id.slice(0, 8)} without ${lacks} in its batch`)
    }
    for (const name of history.halfSwapped) found.push(`${name} took a state without the checkpoint in its batch`)
    return found.slice(0, FINDINGS_MAX)
  },
}
