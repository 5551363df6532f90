import { describe, expect, it } from 'vitest'
import { generate } from './scenario/generate.ts'
import { shrunkText } from './shrinking.ts'

const large = generate(31_000_000)
const { nodes, operations, faults } = large

describe('what is said of a scenario that was shrunk', () => {
  it('is what it had and what it has, each of the same things', () => {
    const small = { ...large, nodes: nodes.slice(0, 2), operations: operations.slice(0, 3), faults: [] }
    const had = `${nodes.length} nodes, ${operations.length} operations, ${faults.length} faults`
    const text = `  seed 31000000: shrunk in 40 runs from ${had} to 2 nodes, 3 operations, 0 faults`
    expect(shrunkText(large, small, 40)).toBe(text)
  })

  it('is that nothing became smaller where nothing did', () => {
    expect(shrunkText(large, large, 12)).toMatch(
      /^ {2}seed 31000000: nothing smaller fails in the same way, in 12 runs: \d+ nodes, \d+ operations, \d+ faults$/,
    )
  })
})
