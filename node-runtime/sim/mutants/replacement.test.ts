import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { MUTANTS } from './all.ts'
import { checkMutant, fileOf, MutantError, mutated } from './replacement.ts'

describe('planted bugs', () => {
  it.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))('%s fits its source', (_, mutant) => {
    checkMutant(mutant)
  })

  it('each has a name of its own, and at least half come from the source alone', () => {
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length)
    const fromSource = MUTANTS.filter(({ chosenFrom }) => chosenFrom === 'source').length
    expect(fromSource * 2).toBeGreaterThanOrEqual(MUTANTS.length)
  })

  it('a text that is gone, or there twice, is an error', () => {
    const [mutant] = MUTANTS
    if (mutant === undefined) throw new Error('no mutants')
    const source = readFileSync(fileOf(mutant), 'utf8')
    expect(() => mutated({ ...mutant, find: 'not in this file' }, source)).toThrow(MutantError)
    expect(() => mutated(mutant, `${source}${source}`)).toThrow(MutantError)
    expect(mutated(mutant, source)).not.toBe(source)
  })
})
