// A call on a node that is up is answered, and an answer is kept: its delta is applied on every node in the end (I2).
import { type Checker, FINDINGS_MAX } from './violation.ts'

/** Answers of a node that is stopping or is read again. */
const EXPECTED = /the node is stopping|queue is closed|is being read again|network is closed/

export const calls: Checker = {
  name: 'calls',
  check({ history, nodes }) {
    const found: string[] = []
    for (const { operation, outcome, deltaId, error } of history.attempts) {
      const what = `${operation.method} ${JSON.stringify(operation.args)} on ${operation.node}`
      if (outcome === 'failed' && !EXPECTED.test(error ?? '')) found.push(`${what} failed: ${error}`)
      if (
        outcome === 'open' &&
        !history.killed.has(operation.node) &&
        !history.hostileDeltas.has(deltaId ?? ('' as never))
      ) {
        found.push(`${what} was never answered`)
      }
      if (outcome !== 'acknowledged' || deltaId === undefined) continue
      for (const { name, applied } of nodes) {
        if (!applied.has(deltaId)) found.push(`${what} was acknowledged, and ${name} does not hold its delta`)
      }
    }
    return found.slice(0, FINDINGS_MAX)
  },
}
