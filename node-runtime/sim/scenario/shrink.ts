// Makes a failing scenario smaller as long as it fails in the same way: fewer faults, operations and nodes, simpler numbers.
import { writesIn } from './operations.ts'
import { type Fault, honestNodes, type Operation, type Scenario } from './scenario.ts'

export interface ShrinkOptions {
  /** Whether a scenario fails as the first one did. */
  readonly fails: (scenario: Scenario) => Promise<boolean>
  /** Runs that may be spent. */
  readonly runsMax: number
  /** Places of the operations that nobody was called for. */
  readonly leftOut?: readonly number[]
  readonly onSmaller?: (scenario: Scenario) => void
}

const NODES_MIN = 2

export async function shrink(
  scenario: Scenario,
  { fails, runsMax, leftOut = [], onSmaller }: ShrinkOptions,
): Promise<Scenario> {
  let best = scenario
  let runs = 0
  const attempt = async (candidate: Scenario): Promise<boolean> => {
    // Where nothing happens, nothing fails in the same way.
    if (runs >= runsMax || candidate.operations.length + candidate.faults.length === 0) return false
    runs += 1
    if (!(await fails(candidate))) return false
    best = candidate
    onSmaller?.(candidate)
    return true
  }
  await nothingSpare(() => best, leftOut, attempt)
  for (let before = -1; before !== runs && runs < runsMax; ) {
    const size = sizeOf(best)
    await fewerFaults(() => best, attempt)
    await fewerOperations(() => best, attempt)
    await fewerNodes(() => best, attempt)
    await simplerNumbers(() => best, attempt)
    before = sizeOf(best) === size ? runs : -1
  }
  return best
}

export function sizeOf({ faults, operations, nodes }: Scenario): number {
  const acts = faults.reduce((sum, fault) => sum + (fault.kind === 'hostile' ? fault.acts.length : 0), 0)
  return faults.length + operations.length + nodes.length + acts
}

type Attempt = (candidate: Scenario) => Promise<boolean>

/** Only what was called: then no operation that goes spares another in its place. */
async function nothingSpare(best: () => Scenario, leftOut: readonly number[], attempt: Attempt): Promise<void> {
  if (leftOut.length === 0 || best().writesMin === undefined) return
  const { operations } = best()
  const called = operations.filter((_, index) => !leftOut.includes(index))
  await attempt({ ...best(), operations: called, writesMin: writesOf(called) })
}

/** Of the rest as many are called as before. */
function withOperations(scenario: Scenario, operations: readonly Operation[]): Scenario {
  const { writesMin } = scenario
  const gone = writesOf(scenario.operations) - writesOf(operations)
  return { ...scenario, operations, ...(writesMin !== undefined && { writesMin: Math.max(0, writesMin - gone) }) }
}

const writesOf = (operations: readonly Operation[]) => operations.flatMap(writesIn).length

async function fewerFaults(best: () => Scenario, attempt: Attempt): Promise<void> {
  for (let index = best().faults.length - 1; index >= 0; index -= 1) {
    const { faults } = best()
    const removed = faults[index]
    await attempt(withoutUnknown({ ...best(), faults: faults.filter((fault) => fault !== removed) }))
  }
  for (const [index, fault] of best().faults.entries()) {
    if (fault.kind !== 'hostile') continue
    for (let act = fault.acts.length - 1; act >= 0; act -= 1) {
      const current = best().faults[index]
      if (current?.kind !== 'hostile') break
      const fewer = { ...current, acts: current.acts.filter((_, at) => at !== act) }
      await attempt({ ...best(), faults: best().faults.map((other) => (other === current ? fewer : other)) })
    }
  }
}

/** Ever smaller parts are left out, as in delta debugging. */
async function fewerOperations(best: () => Scenario, attempt: Attempt): Promise<void> {
  for (let part = Math.ceil(best().operations.length / 2); part >= 1; part = Math.floor(part / 2)) {
    for (let start = 0; start < best().operations.length; ) {
      const { operations } = best()
      const left = [...operations.slice(0, start), ...operations.slice(start + part)]
      if (!(await attempt(withOperations(best(), left)))) start += part
    }
  }
}

/** The first node made the context: it stays. */
async function fewerNodes(best: () => Scenario, attempt: Attempt): Promise<void> {
  for (let index = best().nodes.length - 1; index >= 1 && best().nodes.length > NODES_MIN; index -= 1) {
    const { nodes } = best()
    await attempt(withoutUnknown({ ...best(), nodes: nodes.filter((_, at) => at !== index) }))
  }
}

async function simplerNumbers(best: () => Scenario, attempt: Attempt): Promise<void> {
  const { lag, network } = best()
  if (lag.diskMs + lag.guestMs > 0) await attempt({ ...best(), lag: { diskMs: 0, guestMs: 0 } })
  if (network.maxDelayMs > network.minDelayMs) {
    await attempt({ ...best(), network: { minDelayMs: network.minDelayMs, maxDelayMs: network.minDelayMs } })
  }
}

/** Nothing that names a node which is not there. */
function withoutUnknown(scenario: Scenario): Scenario {
  const hostile = scenario.faults.flatMap((fault) => (fault.kind === 'hostile' ? ['mallory'] : []))
  const known = new Set([...honestNodes(scenario), ...hostile])
  const namesOf = (fault: Fault): readonly string[] => {
    if (fault.kind === 'flap') return [fault.a, fault.b]
    if (fault.kind === 'late') return [fault.via]
    if (fault.kind === 'removal') return [fault.node, fault.by]
    return 'node' in fault ? [fault.node] : []
  }
  const only = (names: readonly string[]) => names.filter((name) => known.has(name))
  const faults = scenario.faults
    .filter((fault) => namesOf(fault).every((name) => known.has(name)))
    .map((fault): Fault => {
      if (fault.kind === 'partition') return { ...fault, sides: fault.sides.map(only) }
      return fault.kind === 'one-way' ? { ...fault, from: only(fault.from), to: only(fault.to) } : fault
    })
  const operations = scenario.operations.filter(({ node }) => known.has(node))
  const left = withOperations({ ...scenario, faults }, operations)
  // Whoever was to join by one that is gone is not there either.
  return faults.length < scenario.faults.length ? withoutUnknown(left) : left
}
