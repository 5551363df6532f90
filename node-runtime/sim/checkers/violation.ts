// What a checker found.
import type { Causality } from '../record/causality.ts'
import type { Facts } from '../record/facts.ts'

export interface Violation {
  readonly checker: string
  readonly message: string
}

/** Each judges one promise. Findings beyond the first few are not worth their time: the run is wrong already. */
export interface Checker {
  readonly name: string
  check(facts: Facts, causality: Causality): readonly string[]
}

export const FINDINGS_MAX = 5
