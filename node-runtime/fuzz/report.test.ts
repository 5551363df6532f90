import { describe, expect, it } from 'vitest'
import { branchesText } from './report.ts'

const asked = { inputs: 100_000, inputsToMeasure: 340_000, isCut: false }

describe('what is said of the branches reached', () => {
  it.each([
    ['nothing was measured', undefined, undefined, 'not measured, as only the first round of a target is'],
    ['some of the targets ran', 41, undefined, 'reached: 41.0 %'],
    ['enough are', 93.21, asked, 'reached: 93.2 %, at least 90 are asked for'],
    ['too few are', 82, { ...asked, inputs: 340_000 }, 'reached: 82.0 %: FAILED, at least 90 are asked for'],
    [
      'it was cut short',
      82,
      { ...asked, isCut: true },
      'reached: 82.0 %: FAILED, at least 90 are asked for; it was cut short',
    ],
    [
      'too few inputs were to be measured',
      82,
      asked,
      'reached: 82.0 %: FAILED, at least 90 are asked for; 100000 inputs are too few to measure enough of each target: it takes --inputs 340000',
    ],
  ])('where %s', (_, percent, run, text) => {
    expect(branchesText(percent, run)).toBe(`branches of the decoders${percent === undefined ? ':' : ''} ${text}`)
  })
})
