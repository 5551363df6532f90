import { describe, expect, it } from 'vitest'
import { inputsToMeasure, jobsOf } from './jobs.ts'
import { INPUTS, ROUND_INPUTS } from './limits.ts'

const targets = [{ name: 'quick' }, { name: 'slow', share: 0.25 }]
const asked = { seed: 5, inputs: undefined, measured: ROUND_INPUTS, round: undefined }

describe('a run', () => {
  it('shares its inputs out among the targets, the first of each measured', () => {
    const { measured, plain } = jobsOf(targets, { ...asked, inputs: 50_000 })
    expect(measured).toEqual([
      { target: 'quick', seed: 5, round: 0, inputs: 10_000 },
      { target: 'slow', seed: 5, round: 0, inputs: 2500 },
    ])
    expect(plain.filter(({ target }) => target === 'quick').map(({ inputs }) => inputs)).toEqual([
      10_000, 10_000, 10_000,
    ])
    expect(plain.filter(({ target }) => target === 'slow').map(({ round, inputs }) => [round, inputs])).toEqual([
      [1, 7500],
    ])
    const { measured: first, plain: others } = jobsOf(targets, asked)
    expect([...first, ...others].reduce((sum, { inputs }) => sum + inputs, 0)).toBe(INPUTS)
  })

  it('measures all that is to be measured from so many inputs on', () => {
    const least = inputsToMeasure(targets, ROUND_INPUTS)
    const measuredOf = (inputs: number) => jobsOf(targets, { ...asked, inputs }).measured.map((job) => job.inputs)
    expect(measuredOf(least)).toEqual(measuredOf(INPUTS))
    expect(measuredOf(least - 10)).not.toEqual(measuredOf(INPUTS))
  })
})

describe('one round', () => {
  it.each([0, 1, 77])('%i is there, whole, however many inputs a run has by default', (round) => {
    const { measured, plain } = jobsOf([{ name: 'quick' }], { ...asked, round })
    const job = { target: 'quick', seed: 5, round, inputs: ROUND_INPUTS }
    expect([measured, plain]).toEqual(round === 0 ? [[job], []] : [[], [job]])
  })

  it('has as many inputs as are asked for', () => {
    expect(jobsOf(targets, { ...asked, round: 3, inputs: 1000 }).plain.map(({ inputs }) => inputs)).toEqual([
      1000, 1000,
    ])
  })
})
