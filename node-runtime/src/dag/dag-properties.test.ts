// The graph under random histories: any order of arrival, any cut, a crash at any point.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { causalDifference } from '../base/causal.ts'
import type { DeltaId } from '../base/ids.ts'
import { Dag, type DagNode } from './dag.ts'
import { filled, idOf, n, readyIds } from './nodes.fixture.ts'

interface Plan {
  readonly parents: readonly (readonly number[])[]
  readonly stamps: readonly number[]
  readonly order: readonly number[]
}

/** Random graphs and a random order of arrival. */
const plans: fc.Arbitrary<Plan> = fc.integer({ min: 1, max: 40 }).chain((size) =>
  fc.record({
    parents: fc.tuple(
      ...Array.from({ length: size }, (_, i) =>
        i === 0 ? fc.constant([]) : fc.uniqueArray(fc.nat(i - 1), { maxLength: 3 }),
      ),
    ),
    stamps: fc.array(fc.nat(60), { minLength: size, maxLength: size }),
    order: fc.shuffledSubarray(
      Array.from({ length: size }, (_, i) => i),
      { minLength: size, maxLength: size },
    ),
  }),
)

function nodesOf({ parents, stamps }: Plan): DagNode[] {
  const hlcs: number[] = []
  return parents.map((of, i) => {
    const floor = Math.max(0, ...of.map((parent) => hlcs[parent] ?? 0))
    hlcs[i] = floor + 1 + ((stamps[i] ?? 0) % 3)
    return n(`${i}`, hlcs[i], ...of.map(String))
  })
}

describe('any order of arrival', () => {
  test.each([
    ['at once', Number.POSITIVE_INFINITY],
    ['a few at a time', 3],
  ])('gives the same heads, ready set and canonical order, completed %s', (_, limit) => {
    fc.assert(
      fc.property(plans, (plan) => {
        const nodes = nodesOf(plan)
        const inOrder = filled(...nodes)
        const dag = new Dag()
        const seen: DagNode[] = []
        const arrived: DeltaId[] = []
        for (const index of plan.order) {
          const node = nodes[index]
          if (node === undefined) continue
          arrived.push(node.id)
          let { ready } = dag.receive(node, limit)
          for (; ready.length > 0; ready = dag.receiveDue(limit)) {
            expect(ready.length).toBeLessThanOrEqual(limit)
            // What is still to come of it is here all the time.
            expect(arrived.every((id) => dag.has(id))).toBe(true)
            for (const each of ready) {
              expect(each.parents.every((parent) => dag.isReady(parent))).toBe(true)
              seen.push(each)
            }
          }
        }
        expect(dag.heads()).toEqual(inOrder.heads())
        const everything = { id: '' as DeltaId, hlc: -1n }
        expect(readyIds(dag.after(everything))).toEqual(readyIds(inOrder.after(everything)))
        expect(new Set(seen).size).toBe(seen.length)
        expect(seen.length).toBe(dag.size)
        expect(dag.pendingCount).toBe(0)
        expect(dag.size).toBe(nodes.length)
      }),
      { numRuns: 300 },
    )
  })

  test('the difference to any cut is what a full walk finds', () => {
    fc.assert(
      fc.property(plans, fc.array(fc.nat(39), { maxLength: 4 }), (plan, cut) => {
        const nodes = nodesOf(plan)
        const dag = filled(...nodes)
        const have = cut.map((index) => idOf(`${index}`))
        const closure = new Set<DeltaId>()
        const work = have.filter((id) => dag.isReady(id))
        for (let id = work.pop(); id !== undefined; id = work.pop()) {
          if (!closure.has(id)) work.push(...(dag.get(id)?.parents ?? []))
          closure.add(id)
        }
        const expected = dag.after({ id: '' as DeltaId, hlc: -1n }).filter(({ id }) => !closure.has(id))
        const get = (id: DeltaId) => dag.get(id)
        expect(readyIds(causalDifference({ heads: dag.heads(), have, get }))).toEqual(readyIds(expected))
      }),
      { numRuns: 300 },
    )
  })

  test('a crash between any two arrivals changes nothing', () => {
    fc.assert(
      fc.property(plans, fc.nat(40), (plan, crashAt) => {
        const nodes = nodesOf(plan)
        let dag = new Dag()
        plan.order.forEach((index, step) => {
          const node = nodes[index]
          if (node) dag.receive(node)
          if (step !== crashAt) return
          const rows = dag.after({ id: '' as DeltaId, hlc: -1n }).reverse()
          const waiting = [...dag.pending()].reverse()
          dag = Dag.restore(rows)
          for (const each of waiting) expect(dag.receive(each).ready).toEqual([])
        })
        expect(dag.heads()).toEqual(filled(...nodes).heads())
        expect(dag.size).toBe(nodes.length)
      }),
    )
  })
})
