// All checkers over one finished run.
import { Causality } from './causality.ts'
import { advertising } from './checkers/advertising.ts'
import { agreement, rest } from './checkers/agreement.ts'
import { calls } from './checkers/calls.ts'
import { definition } from './checkers/definition.ts'
import { effects } from './checkers/effects.ts'
import { handling, showing } from './checkers/handling.ts'
import { log } from './checkers/log.ts'
import type { Checker, Violation } from './checkers/violation.ts'
import { type Facts, factsOf } from './facts.ts'
import type { SimulationEnd } from './simulation.ts'

export const CHECKERS: readonly Checker[] = [
  rest,
  agreement,
  definition,
  calls,
  effects,
  advertising,
  handling,
  showing,
  log,
]

export async function checkEnd(end: SimulationEnd): Promise<Violation[]> {
  const facts = await factsOf(end)
  if (!facts) return [{ checker: 'rest', message: `not every node is there at the end: ${end.unrest}` }]
  return checkFacts(facts)
}

export function checkFacts(facts: Facts): Violation[] {
  const causality = new Causality(facts.deltas.map(({ delta }) => delta))
  return CHECKERS.flatMap((checker) =>
    checker.check(facts, causality).map((message) => ({ checker: checker.name, message })),
  )
}
