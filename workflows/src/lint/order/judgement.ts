// Which statements would fail if what they look at had been read too early.
import { isJsonObject } from '../../values/json/json-value.ts'
import type { LintStep } from '../source/lint-step.ts'
import { isNegative, readStatement, type Statement } from '../source/statements.ts'
import { callWords } from './call-words.ts'
import type { Race } from './order-facts.ts'
import type { ReadEffect } from './related.ts'

export interface Read {
  readonly effect: ReadEffect
  readonly race: Race | undefined
  /** A statement is about it, whatever that says; or it is read again until something holds. */
  isJudged: boolean
}

/** Whether `expect` of the step fails if it came too early. */
export function expectsMore(step: LintStep, read: Read | undefined): boolean {
  const expected = step.planned.controls?.expect
  if (expected === undefined) return false
  const given = Array.isArray(expected) ? expected : [expected]
  return given.some((item) => {
    const text = isJsonObject(item) ? item.statement : item
    const statement = typeof text === 'string' ? readStatement(text) : undefined
    return statement === undefined || judges(statement, true, read)
  })
}

/** Whether a statement fails if the read came too early. */
export function judges(statement: Statement, isEnvelope: boolean, read: Read | undefined): boolean {
  if (statement.form === 'is_set') return !isEnvelope && read?.effect.about === 'context'
  if (!isNegative(statement)) return true
  // "It is not there" is what is read too early, unless it was there before.
  return read?.race !== undefined && callFactsOf(read.race.write).removes
}

function callFactsOf(step: LintStep): { readonly removes: boolean } {
  const { method } = step.planned.input
  if (typeof method === 'string') return callWords(method)
  return { removes: step.planned.kind.startsWith('remove_') || step.planned.kind.startsWith('delete_') }
}
