// All checkers over one finished run.

import type { Delta } from '../src/wire/delta.ts'
import { advertising } from './checkers/advertising.ts'
import { agreement, rest } from './checkers/agreement.ts'
import { attempting } from './checkers/attempting.ts'
import { calls } from './checkers/calls.ts'
import { cuttingOff } from './checkers/cutting-off.ts'
import { deciding } from './checkers/deciding.ts'
import { definition } from './checkers/definition.ts'
import { effects } from './checkers/effects.ts'
import { following } from './checkers/following.ts'
import { handling } from './checkers/handling.ts'
import { keeping } from './checkers/keeping.ts'
import { log } from './checkers/log.ts'
import { pruning } from './checkers/pruning.ts'
import { secrecy } from './checkers/secrecy.ts'
import { showing } from './checkers/showing.ts'
import { presence } from './checkers/showing-presence.ts'
import { stamps } from './checkers/stamps.ts'
import type { Checker, Violation } from './checkers/violation.ts'
import { Causality } from './record/causality.ts'
import { type Facts, factsOf } from './record/facts.ts'
import { Unanswered } from './record/unanswered.ts'
import type { SimulationEnd } from './run/simulation.ts'

export const CHECKERS: readonly Checker[] = [
  rest,
  agreement,
  definition,
  attempting,
  calls,
  effects,
  advertising,
  handling,
  showing,
  stamps,
  secrecy,
  cuttingOff,
  keeping,
  following,
  pruning,
  presence,
  deciding,
  log,
]

export interface Judgement {
  readonly violations: readonly Violation[]
  readonly voids: number
  /** Deltas that count, and stand for one of before what was removed has gone. */
  readonly writtenAbove: number
}

export async function checkEnd(end: SimulationEnd): Promise<Judgement> {
  try {
    return await judge(end)
  } catch (error) {
    if (!(error instanceof Unanswered)) throw error
    const { checker, message } = error
    return { violations: [{ checker, message }], voids: 0, writtenAbove: 0 }
  }
}

async function judge(end: SimulationEnd): Promise<Judgement> {
  const facts = await factsOf(end)
  if (facts) {
    return { violations: checkFacts(facts), voids: facts.voids.length, writtenAbove: writtenAboveIn(facts) }
  }
  const message = `not every node is there at the end: ${end.unrest}`
  return { violations: [{ checker: 'rest', message }], voids: 0, writtenAbove: 0 }
}

/** What a liar says to stand for another's was not written again. */
export function writtenAboveIn({ deltas, sweeps, claims }: Pick<Facts, 'deltas' | 'sweeps' | 'claims'>): number {
  const isAbove = ({ id, rewrites = [] }: Delta) =>
    sweeps.some((last) => id > last && rewrites.some((origin) => origin <= last))
  return deltas.filter(({ delta }) => !claims.has(delta.id) && isAbove(delta)).length
}

export function checkFacts(facts: Facts): Violation[] {
  const causality = new Causality(facts.everything)
  return CHECKERS.flatMap((checker) =>
    checker.check(facts, causality).map((message) => ({ checker: checker.name, message })),
  )
}
