// Which deltas pinned heads accept: as the walk from the heads says, at a cost that does not depend on how many lists there are.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { DeltaId } from '../../base/ids.ts'
import { Dag } from '../../dag/dag.ts'
import { stamped } from '../../dag/nodes.fixture.ts'
import { Pasts } from './pasts.ts'

type Node = ReturnType<typeof stamped>

/** Each on some of those before it. */
function graph(choices: readonly (readonly number[])[]): Node[] {
  const nodes: Node[] = []
  for (const [i, choice] of choices.entries()) {
    const parents = new Set(nodes.length === 0 ? [] : choice.map((pick) => nodes[pick % nodes.length]?.id as DeltaId))
    nodes.push(stamped(`${i}`, i + 1, ...parents))
  }
  return nodes
}

function reaches(dag: Dag, heads: readonly DeltaId[], id: DeltaId): boolean {
  const past = new Set<DeltaId>()
  const work = heads.filter((head) => dag.isReady(head))
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    if (past.has(next)) continue
    past.add(next)
    work.push(...(dag.get(next)?.parents ?? []))
  }
  return past.has(id)
}

it('a delta is in the past of heads as a walk from them finds it, whatever was asked before, and as heads arrive', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.nat(40), { maxLength: 3 }), { minLength: 1, maxLength: 25 }),
      fc.array(fc.array(fc.nat(40), { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 6 }),
      fc.nat(3),
      (choices, picked, every) => {
        const nodes = graph(choices)
        const lists = picked.map((picks) => picks.map((pick) => nodes[pick % nodes.length]?.id as DeltaId))
        const dag = Dag.restore([])
        const pasts = new Pasts(dag)
        for (const [i, node] of nodes.entries()) {
          pasts.grow(dag.receive(node).ready.map(({ id }) => id))
          if (i % (every + 1) > 0) continue
          for (const heads of lists)
            for (const { id } of nodes.slice(0, i + 1)) expect(pasts.has(heads, id)).toBe(reaches(dag, heads, id))
        }
      },
    ),
    { numRuns: 60 },
  )
})

it('all deltas judged by many removals cost a walk for each of these, not one for each of both', () => {
  const line = graph(Array.from({ length: 600 }, (_, i) => [i - 1].filter((at) => at >= 0)))
  const dag = Dag.restore([])
  for (const node of line) dag.receive(node)
  let looks = 0
  const counting: Pick<Dag, 'get' | 'isReady'> = {
    get: (id) => {
      looks += 1
      return dag.get(id)
    },
    isReady: (id) => dag.isReady(id),
  }
  const pasts = new Pasts(counting)
  const lists = Array.from({ length: 20 }, (_, i) => [line[100 + i]?.id as DeltaId])
  const accepted = line.filter(({ id }) => lists.every((heads) => pasts.has(heads, id)))
  expect(accepted).toHaveLength(101)
  expect(looks).toBeLessThanOrEqual(20 * 120)
})
