// Whether a read can show what a write has written, as far as the file tells. Only where it plainly does: a read of another
// key, another member or another thing is no reason to wait.
import { isJsonObject, type JsonValue, keysOf } from '../../values/json/json-value.ts'
import { stringifyLosslessJson } from '../../values/json/lossless-json.ts'
import type { LintStep } from '../source/lint-step.ts'
import { type CallWords, callWords, shareSubject } from './call-words.ts'
import type { Aspect } from './effects.ts'
import { compareTexts, type Symbols } from './symbols.ts'

export interface Effect {
  readonly step: LintStep
  readonly node: string
  readonly about: 'context' | 'governance'
  /** Symbol of the context or group. */
  readonly target: string
}

export interface WriteEffect extends Effect {
  readonly call?: CallFacts
  readonly governance?: GovernanceFacts
  /** Symbols that the step made: ids of what did not exist before. */
  readonly makes: readonly string[]
}

export interface ReadEffect extends Effect {
  readonly call?: CallFacts
  readonly governance?: GovernanceFacts
}

export interface CallFacts {
  readonly words: CallWords
  /** Arguments that are no lists or maps, as texts of `Symbols`. */
  readonly args: ReadonlyMap<string, string>
  /** It has arguments that are not in `args`. */
  readonly hasMore: boolean
}

export interface GovernanceFacts {
  readonly aspects: readonly Aspect[]
  /** Field → text of `Symbols`. */
  readonly narrowedBy: ReadonlyMap<string, string>
}

export function callFacts(step: LintStep, symbols: Symbols): CallFacts {
  const { method, args, exec_type } = step.planned.input
  const words = callWords(typeof method === 'string' ? method : '')
  const named = new Map<string, string>()
  let hasMore = false
  if (isJsonObject(args)) {
    for (const name of keysOf(args)) {
      const text = scalarText(args[name] ?? null, symbols)
      if (text === undefined) hasMore = true
      else named.set(name, text)
    }
  }
  return { words: exec_type === 'view_call' ? { ...words, does: 'read' } : words, args: named, hasMore }
}

function scalarText(value: JsonValue, symbols: Symbols): string | undefined {
  if (typeof value === 'string') return symbols.text(value)
  return Array.isArray(value) || isJsonObject(value) ? undefined : stringifyLosslessJson(value)
}

export function isRelated(write: WriteEffect, read: ReadEffect): boolean {
  if (write.makes.includes(read.target)) return true
  if (write.target !== read.target) return false
  if (write.call && read.call) return areCallsRelated(write.call, read.call, write.makes)
  return (
    write.governance !== undefined && read.governance !== undefined && shareAspect(write.governance, read.governance)
  )
}

function areCallsRelated(write: CallFacts, read: CallFacts, made: readonly string[]): boolean {
  if (!shareSubject(write.words, read.words)) return false
  const asked = [...read.args]
  if (asked.length === 0) return !read.hasMore
  // What the write returned is asked for.
  if (asked.some(([, text]) => made.some((symbol) => text.includes(symbol)))) return true
  const shared = asked.filter(([name]) => write.args.has(name))
  return shared.length > 0 && shared.every(([name, text]) => compareTexts(write.args.get(name) ?? '', text) !== 'no')
}

function shareAspect(write: GovernanceFacts, read: GovernanceFacts): boolean {
  if (!write.aspects.some((aspect) => read.aspects.includes(aspect))) return false
  return [...read.narrowedBy].every(([field, text]) => {
    const written = write.narrowedBy.get(field)
    return written === undefined || compareTexts(written, text) !== 'no'
  })
}
