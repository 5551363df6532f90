import { expect, it } from 'vitest'
import { generate } from './generate.ts'
import type { Scenario } from './scenario.ts'
import { shrink, sizeOf } from './shrink.ts'

const large = Array.from({ length: 200 }, (_, seed) => generate(seed, 'host')).find(({ faults }) =>
  ['crash', 'partition', 'hostile'].every((kind) => faults.some((fault) => fault.kind === kind)),
)

it('a scenario shrinks to what makes it fail', async () => {
  if (!large) throw new Error('no seed has those faults')
  // Of members from the start: a late one would need its fault.
  const needed = large.operations
    .filter(({ node }) => large.nodes.includes(node))
    .filter((_, index) => index % 70 === 17)
  const fails = async ({ faults, operations }: Scenario) =>
    faults.some(({ kind }) => kind === 'crash') && needed.every((operation) => operations.includes(operation))
  const smallest = await shrink(large, { fails, runsMax: 1000 })
  expect(smallest.operations).toEqual(needed)
  expect(smallest.faults.map(({ kind }) => kind)).toEqual(['crash'])
  expect(smallest.nodes.length).toBeLessThanOrEqual(5)
  // Nothing names a node that is gone.
  const names = new Set(smallest.nodes)
  expect([...needed, ...smallest.faults].every((part) => !('node' in part) || names.has(part.node))).toBe(true)
})

it('no more runs are spent than allowed, and what it gives still fails', async () => {
  if (!large) throw new Error('no seed has those faults')
  let runs = 0
  const fails = async ({ operations }: Scenario) => {
    runs += 1
    return operations.length > 30
  }
  const smaller = await shrink(large, { fails, runsMax: 12 })
  expect(runs).toBe(12)
  expect(sizeOf(smaller)).toBeLessThan(sizeOf(large))
  expect(smaller.operations.length).toBeGreaterThan(30)
})
