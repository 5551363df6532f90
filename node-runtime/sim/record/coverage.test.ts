import { describe, expect, it } from 'vitest'
import { FAULT_KINDS } from '../scenario/scenario.ts'
import { coverageOf, coverageText, shortOf } from './coverage.ts'

const whole = {
  faults: FAULT_KINDS,
  deepestUndo: 11,
  voids: 1,
  prunings: 1,
  overtaken: 1,
  redoneAfterAdoption: true,
  sweeps: 1,
  writtenAbove: 1,
}
const seeds = (count: number, lacking: number) => [
  ...Array.from({ length: count - lacking }, () => whole),
  ...Array.from({ length: lacking }, () => ({ ...whole, redoneAfterAdoption: false })),
]

describe('the coverage of many seeds', () => {
  it('is short of what less than a twentieth went through', () => {
    expect(shortOf(coverageOf(seeds(200, 190)))).toEqual([])
    const short = coverageOf(seeds(200, 191))
    expect(shortOf(short).map(({ what }) => what)).toEqual(['redo after a snapshot'])
    expect(coverageText(short)).toContain('under 5 %: redo after a snapshot')
  })

  it('is short of nothing where the seeds are few', () => {
    expect(shortOf(coverageOf(seeds(199, 199)))).toEqual([])
  })
})
