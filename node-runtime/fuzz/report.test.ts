import { describe, expect, it } from 'vitest'
import { branchesText, tooFewText } from './report.ts'

const asked = { inputs: 100_000, inputsToMeasure: 340_000, isCut: false }

const LEAST = 'at least 90 are asked for, and 80 of each file'

describe('what is said of the branches reached', () => {
  it.each([
    ['nothing was measured', undefined, undefined, 'not measured, as only the first round of a target is'],
    ['some of the targets ran', { percent: 41, low: ['a.ts'] }, undefined, 'reached: 41.0 %'],
    ['enough are', { percent: 93.21, low: [] }, asked, `reached: 93.2 %, ${LEAST}`],
    ['too few are', { percent: 82, low: [] }, { ...asked, inputs: 340_000 }, `reached: 82.0 %: FAILED, ${LEAST}`],
    [
      'too few of one file are',
      { percent: 95, low: ['a.ts', 'b.ts'] },
      { ...asked, inputs: 340_000 },
      `reached: 95.0 %: FAILED, ${LEAST} (fewer of a.ts, b.ts)`,
    ],
    [
      'it was cut short',
      { percent: 82, low: [] },
      { ...asked, isCut: true },
      `reached: 82.0 %: FAILED, ${LEAST}; it was cut short`,
    ],
    [
      'too few inputs were to be measured',
      { percent: 82, low: [] },
      asked,
      `reached: 82.0 %: FAILED, ${LEAST}; 100000 inputs are too few to measure enough of each target: it takes --inputs 340000`,
    ],
  ])('where %s', (_, reached, run, text) => {
    expect(branchesText(reached, run)).toBe(`branches of the decoders${reached === undefined ? ':' : ''} ${text}`)
  })
})

it('inputs that are too few to measure enough of are named as that before anything runs', () => {
  const few = '100000 inputs are too few to measure enough of each target: it takes --inputs 340000'
  expect(tooFewText(asked)).toBe(few)
  expect(tooFewText({ inputs: 340_000, inputsToMeasure: 340_000 })).toBeUndefined()
})
