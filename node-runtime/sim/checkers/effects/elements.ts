// What stands in a sequence: every element that was put in and not taken out, once, and none that was taken out. Positions say
// nothing here: what a call replaced or took away is known by its answer.

import type { Called } from './called.ts'
import { isKept, judge, knows, type Write, type Written } from './cells.ts'

export interface Sequence {
  readonly name: string
  readonly shown: readonly string[]
  readonly inserting: ReadonlySet<string>
  readonly replacing: ReadonlySet<string>
  readonly removing: string
}

/** An element: the value that was put in, and all that took its place. */
interface Element {
  readonly values: Set<string>
  readonly inserts: Written[]
  readonly writes: Written[]
  readonly removals: Written[]
}

export function elements(called: Called, sequence: Sequence): string[] {
  const { all, counts, causality, isOnVoid } = called
  const { name, shown, removing, replacing } = sequence
  const byValue = elementsOf(all, sequence)
  const found = shown.filter((value) => !byValue.has(value)).map((value) => `${name} has ${value}, which nobody wrote`)
  const lost: string[] = []
  for (const element of new Set(byValue.values())) {
    const { values, inserts, removals } = element
    const there = shown.filter((value) => values.has(value))
    const counting = element.writes.filter(counts)
    if (element.writes.length > values.size) {
      // Two have written the same: which of them was replaced or taken away nobody knows.
      if (there.length > counting.length) found.push(`${name} has ${there.join()}, written ${counting.length} times`)
      continue
    }
    const [final = null, again] = there
    const removed = removals.find(counts)
    const writes = counting.map(
      (attempt): Write => ({ attempt, value: attempt.operation.args.value ?? '', sure: true }),
    )
    const cell = `${name}: ${[...values].join()}`
    if (again !== undefined) found.push(`${cell} is one, and shows as ${there.join()}`)
    else if (final === null && removed === undefined) {
      const isThere = inserts.some((insert) => counts(insert) && isKept(insert) && !isOnVoid(insert))
      if (isThere) lost.push(...judge(cell, writes, null, causality).slice(0, 1))
    } else if (final !== null && removed !== undefined) {
      found.push(`${cell} shows, though ${removed.operation.node} has taken it out and was told so`)
    } else if (final !== null) found.push(...judge(cell, writes, final, causality))
  }
  // Of those who had no answer each may have taken one away, or put its own in its place.
  const unanswered = all.filter((write) => {
    const { method } = write.operation
    return write.said === undefined && counts(write) && (method === removing || replacing.has(method))
  })
  return [...found, ...(lost.length > unanswered.length ? lost : [])]
}

function elementsOf(all: readonly Written[], { inserting, replacing, removing }: Sequence): Map<string, Element> {
  const byValue = new Map<string, Element>()
  const at = (value: string): Element => {
    const element = byValue.get(value) ?? { values: new Set([value]), inserts: [], writes: [], removals: [] }
    byValue.set(value, element)
    return element
  }
  const join = (into: Element, from: Element) => {
    if (into === from) return
    for (const value of from.values) {
      into.values.add(value)
      byValue.set(value, into)
    }
    into.inserts.push(...from.inserts)
    into.writes.push(...from.writes)
    into.removals.push(...from.removals)
  }
  for (const write of all) {
    const { method, args } = write.operation
    const isIn = inserting.has(method)
    if (isIn || replacing.has(method)) at(args.value ?? '').writes.push(write)
    if (isIn) at(args.value ?? '').inserts.push(write)
    // An empty answer: there was nothing.
    if (!write.said) continue
    if (replacing.has(method)) join(at(write.said), at(args.value ?? ''))
    if (method === removing) at(write.said).removals.push(write)
  }
  return byValue
}

/** Of a text only how often each character stands in it: one is like another. */
export function characters({ all, counts, isOnVoid, causality }: Called, text: string): string[] {
  const typed = all.filter(({ operation }) => operation.method === 'type')
  const erased = all.filter(({ operation }) => operation.method === 'erase')
  const unanswered = erased.filter((write) => write.said === undefined && counts(write)).length
  const found: string[] = []
  for (const character of new Set([...text, ...typed.flatMap(({ operation }) => [...(operation.args.text ?? '')])])) {
    const timesIn = (writes: readonly Written[]) =>
      writes.reduce((sum, { operation }) => sum + (operation.args.text ?? '').split(character).length - 1, 0)
    const erasures = erased.filter((write) => write.said === character && counts(write))
    const least = timesIn(typed.filter((write) => counts(write) && isKept(write) && !isOnVoid(write)))
    // Who erases what counts no more has erased nothing that does.
    const most = timesIn(typed) - chainOf(erasures, (late, early) => knows(late, early, causality))
    const times = text.split(character).length - 1
    if (times >= least - erasures.length - unanswered && times <= most) continue
    const range = `${least - erasures.length - unanswered} to ${most}`
    found.push(`the text has ${character} ${times} times, and ${range} by what was typed and erased`)
  }
  return found
}

/** The most of them that knew of each other, one after the other: each has erased another one. */
function chainOf(writes: readonly Written[], isAfter: (late: Written, early: Written) => boolean): number {
  const lengths = new Map<Written, number>()
  const lengthOf = (write: Written): number => {
    const known = lengths.get(write)
    if (known !== undefined) return known
    const before = writes.filter((early) => early !== write && isAfter(write, early))
    const length = 1 + Math.max(0, ...before.map(lengthOf))
    lengths.set(write, length)
    return length
  }
  return Math.max(0, ...writes.map(lengthOf))
}
