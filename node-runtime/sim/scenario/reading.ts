// Some of those who join while the others write may only read: they apply all, handle events without effect, take and give
// what others have written, and vouch for nothing. From draws of their own.
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { drawsFrom } from './draws.ts'
import { type Fault, LATE_NODE, type Scenario } from './scenario.ts'

/** Of the seeds in which one member joins late. */
const SHARE = 0.2
/** Of these, those where it dies while it handles events. */
const CRASH_SHARE = 0.4
/** Calls that it makes nevertheless, and that are refused; the others make the rest. */
const REFUSED = 4

export function withReading(scenario: Scenario, seed: number): Scenario {
  const draws = drawsFrom(seededRandom(`reader ${seed}`))
  const isChosen = draws.chance(SHARE)
  const { faults, nodes, operations, marks = [] } = scenario
  const late = faults.filter((fault) => fault.kind === 'late')
  // Where it is to make keys, to remove or be removed, or to show something it has to be one that writes.
  const isActing = faults.some((fault) => fault.kind !== 'late' && 'node' in fault && fault.node === LATE_NODE)
  const isInherited = faults.some((fault) => fault.kind === 'removal' && fault.how !== undefined)
  if (!isChosen || late.length !== 1 || isActing || isInherited) return scenario
  let refused = 0
  const calls = operations.map((operation) => {
    if (operation.node !== LATE_NODE) return operation
    refused += 1
    return refused <= REFUSED ? operation : { ...operation, node: draws.pick(nodes) }
  })
  const dies: Fault = {
    kind: 'crash',
    node: LATE_NODE,
    atMs: late[0]?.atMs ?? 0,
    batch: draws.whole(1, 4),
    written: draws.chance(0.5),
    downMs: draws.pick([1, 100, 3000]),
    on: 'handler',
  }
  const reading = faults.map((fault): Fault => (fault.kind === 'late' ? { ...fault, role: 'ReadOnly' } : fault))
  return {
    ...scenario,
    operations: calls,
    faults: draws.chance(CRASH_SHARE) ? [...reading, dies] : reading,
    marks: [...marks, 'reader'],
  }
}
