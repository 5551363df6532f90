// Calls of a hostile member: each is to make a delta, whatever state it is made on.
import { type operationOf, writesIn } from '../scenario/operations.ts'
import type { Operation } from '../scenario/scenario.ts'

/** Calls that change nothing on the base and so make no delta. */
const EMPTY_ON_BASE = new Set(['remove', 'clear', 'untag'])
const EMPTY_ON_BASE_OF_COLLECTIONS = new Set([
  'replace',
  'drop',
  'erase',
  'reset',
  'disclaim',
  'retract',
  'release',
  'unrank',
])

/** The call, or one in its place that does. */
export function writes(call: ReturnType<typeof operationOf>): ReturnType<typeof operationOf> {
  if (EMPTY_ON_BASE_OF_COLLECTIONS.has(call.method)) return { method: 'push', args: { value: 'v0' } }
  return EMPTY_ON_BASE.has(call.method) ? { method: 'tag', args: { value: 't0' } } : call
}

/** What counts is the sum of its author: under another name it says something else. */
const COUNTS = new Set(['hit', 'visit', 'earn', 'spend', 'reset', 'poke'])

export function isCounted(call?: Operation): boolean {
  return call !== undefined && writesIn(call).some(({ method }) => COUNTS.has(method))
}
