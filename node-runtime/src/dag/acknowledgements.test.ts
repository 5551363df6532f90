// What counts as stable, and that it is: every member has it, and nothing will ever sort before its end.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareCanonical } from '../base/causal.ts'
import type { DeltaId } from '../base/ids.ts'
import { Acknowledgements } from './acknowledgements.ts'
import { Dag, type DagNode } from './dag.ts'
import { filled, ids, n } from './nodes.fixture.ts'

const graphOf = (dag: Dag) => ({
  ready: (id: DeltaId) => (dag.isReady(id) ? dag.get(id) : undefined),
  stampOf: (id: DeltaId) => (dag.isReady(id) ? dag.get(id)?.hlc : undefined),
})

describe('a chain of three', () => {
  const chain = [n('a', 1), n('b', 2, 'a'), n('c', 3, 'b')]

  test('is stable up to, and without, the least of what the members have acknowledged', () => {
    const acks = new Acknowledgements<string>(graphOf(filled(...chain)))
    acks.acknowledge('alice', ids('c'))
    acks.acknowledge('bob', ids('b'))
    expect(acks.stable(chain, ['alice', 'bob'])).toBe(1)
    acks.acknowledge('bob', ids('c'))
    expect(acks.stable(chain, ['alice', 'bob'])).toBe(2)
  })

  test('is not stable at all while a counted member has acknowledged nothing', () => {
    const acks = new Acknowledgements<string>(graphOf(filled(...chain)))
    acks.acknowledge('alice', ids('c'))
    expect(acks.stable(chain, ['alice', 'bob'])).toBe(0)
    expect(acks.stable(chain, ['alice'])).toBe(2)
    expect(acks.stable(chain, [])).toBe(0)
  })

  test('an acknowledgement of what is not here yet changes nothing, and counts when it is here', () => {
    const dag = filled(...chain.slice(0, 2))
    const acks = new Acknowledgements<string>(graphOf(dag))
    acks.acknowledge('alice', ids('b'))
    expect(acks.acknowledge('alice', ids('c'))).toBe(false)
    expect(acks.stable(chain, ['alice'])).toBe(1)
    dag.receive(n('c', 3, 'b'))
    expect(acks.acknowledge('alice', ids('c'))).toBe(true)
    expect(acks.stable(chain, ['alice'])).toBe(2)
  })

  test('heads that are pruned here count by their stamp', () => {
    const dag = filled(...chain)
    const acks = new Acknowledgements<string>({ ...graphOf(dag), stampOf: (id) => dag.get(id)?.hlc ?? 9n })
    expect(acks.acknowledge('alice', ids('pruned'))).toBe(true)
    expect(acks.stable(chain, ['alice'])).toBe(0)
    acks.acknowledge('alice', ids('c'))
    expect(acks.stable(chain, ['alice'])).toBe(3)
  })
})

const REPLICAS = 4
type Step =
  | { readonly what: 'write'; readonly by: number; readonly skip: number }
  | { readonly what: 'deliver'; readonly pick: number; readonly to: number }
  | { readonly what: 'acknowledge'; readonly by: number }

const replica = fc.nat(REPLICAS - 1)
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ what: fc.constant('write' as const), by: replica, skip: fc.nat(5) }),
    { weight: 4, arbitrary: fc.record({ what: fc.constant('deliver' as const), pick: fc.nat(), to: replica }) },
    { weight: 4, arbitrary: fc.record({ what: fc.constant('acknowledge' as const), by: replica }) },
  ),
  { minLength: 50, maxLength: 250, size: 'max' },
)

/** Members that write, hear of each other in any order, and acknowledge to the first. */
class Members {
  readonly dags = Array.from({ length: REPLICAS }, () => new Dag())
  readonly written: DagNode[] = []
  readonly #acks: Acknowledgements<number>
  #applied: DagNode[] = []
  readonly #stable: DagNode[] = []

  constructor() {
    this.#acks = new Acknowledgements<number>(graphOf(this.#at(0)))
  }

  get stable(): number {
    return this.#stable.length
  }

  play(step: Step): void {
    if (step.what === 'write') this.#write(step.by, step.skip)
    else if (step.what === 'deliver') this.#deliver(step.pick, step.to)
    else this.#acks.acknowledge(step.by, this.#at(step.by).heads())
    this.#check()
  }

  #write(by: number, skip: number): void {
    const dag = this.#at(by)
    const hlc = dag.newestHlc() + 1n + BigInt(skip)
    const node = { ...n(`${this.written.length}`, 0), parents: dag.heads(), hlc }
    this.written.push(node)
    this.#arrive(by, node)
  }

  #deliver(pick: number, to: number): void {
    const node = this.written[pick % Math.max(1, this.written.length)]
    if (node) this.#arrive(to, node)
  }

  #arrive(at: number, node: DagNode): void {
    const { ready } = this.#at(at).receive(node)
    if (at !== 0) return
    const last = this.#stable.at(-1)
    if (last) for (const each of ready) expect(compareCanonical(each, last)).toBeGreaterThan(0)
    this.#applied = [...this.#applied, ...ready].sort(compareCanonical)
  }

  #check(): void {
    const count = this.#acks.stable(this.#applied, this.dags.keys())
    for (const node of this.#applied.slice(this.#stable.length, count)) {
      for (const dag of this.dags) expect(dag.isReady(node.id)).toBe(true)
      this.#stable.push(node)
    }
    expect(count).toBeGreaterThanOrEqual(this.#stable.length)
  }

  #at(index: number): Dag {
    const dag = this.dags[index]
    if (!dag) throw new Error(`no replica ${index}`)
    return dag
  }
}

test('what is stable is with every member, stays stable, and nothing arrives before its end', () => {
  let reached = 0
  fc.assert(
    fc.property(steps, (plan) => {
      const members = new Members()
      for (const step of plan) members.play(step)
      if (members.stable > 0) reached += 1
    }),
    { numRuns: 300 },
  )
  expect(reached).toBeGreaterThan(10)
})
