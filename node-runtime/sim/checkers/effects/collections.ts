// What the collections show, each by what was called: `collections` of the fixtures. Every value names its call.
import type { Facts } from '../../record/facts.ts'
import { accountHex, FIRST_FROZEN, FIRST_RANKS } from '../../record/views.ts'
import { remainingNodes } from '../../scenario/scenario.ts'
import { type Called, type Calls, calledIn, cellOf } from './called.ts'
import { adding, firstWrite, isKept, judge, knows, type Written } from './cells.ts'
import { characters, elements } from './elements.ts'
import { owned } from './owned.ts'

export function collections(facts: Facts, calls: Calls): string[] {
  const called = calledIn(facts, calls)
  return [
    ...counters(called),
    ...list(called),
    ...characters(called, facts.views.page_text as string),
    ...signed(called),
    ...owned(called),
    ...frozen(called),
    ...ranks(called),
  ]
}

type Takes = (reset: Written, visit: Written) => boolean

const NONE: ReadonlySet<string> = new Set()

function list(called: Called): string[] {
  return elements(called, {
    name: 'the list',
    shown: called.facts.views.list_values as string[],
    inserting: new Set(['push', 'insert']),
    replacing: new Set(['replace']),
    removing: 'drop',
  })
}

function signed(called: Called): string[] {
  const { all, counts, facts, isOnVoid } = called
  const slots = (facts.views.all_signed as string[]).map(
    (line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)] as const,
  )
  const signing = all.filter(({ operation }) => operation.method === 'sign')
  // One that was retracted keeps its place.
  const [least, most] = [
    signing.filter((write) => counts(write) && isKept(write) && !isOnVoid(write)).length,
    signing.filter(counts).length,
  ]
  const found =
    slots.length >= least && slots.length <= most
      ? []
      : [`${slots.length} have signed, and ${least} to ${most} by what was called`]
  for (const [account, value] of slots) {
    if (value === '') continue
    const signers = signing
      .filter((write) => counts(write) && write.operation.args.value === value)
      .map(({ operation }) => operation.node)
    if (!signers.some((name) => accountHex(name) === account))
      found.push(`${value} is said to be signed by ${account}, and is by ${signers.join()}`)
  }
  const shown = slots.flatMap(([, value]) => (value === '' ? [] : [value]))
  return [
    ...found,
    ...elements(called, {
      name: 'what is signed',
      shown,
      inserting: new Set(['sign']),
      replacing: NONE,
      removing: 'retract',
    }),
  ]
}

function frozen({ all, counts, facts }: Called): string[] {
  const there = new Set(facts.views.are_frozen as string[])
  const freezing = all.filter(({ operation }) => operation.method === 'freeze')
  const named = ({ operation }: Written) => operation.args.value ?? ''
  const mayBe = new Set([...FIRST_FROZEN, ...freezing.filter(counts).map(named)])
  const kept = [...FIRST_FROZEN, ...freezing.filter((write) => counts(write) && isKept(write)).map(named)]
  return [
    ...kept.filter((value) => !there.has(value)).map((value) => `${value} is frozen no more`),
    ...[...there].filter((value) => !mayBe.has(value)).map((value) => `${value} is frozen, by nobody`),
  ]
}

function ranks({ all, counts, facts, causality }: Called): string[] {
  const lines = facts.views.all_ranks as string[]
  const shown = new Map(lines.map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]))
  const keys = [...shown.keys()]
  const found =
    keys.every((key, index) => index === 0 || (keys[index - 1] ?? '') < key) && keys.length === lines.length
      ? []
      : [`the sorted map has its keys as ${keys.join()}`]
  const writing = all.filter(({ operation: { method } }) => method === 'rank' || method === 'unrank')
  for (const key of new Set([...keys, ...FIRST_RANKS, ...writing.map(({ operation }) => operation.args.key ?? '')])) {
    const writes = cellOf(
      writing.filter((write) => write.operation.args.key === key && counts(write)),
      'unrank',
    )
    const before = FIRST_RANKS.includes(key) ? [firstWrite('old')] : []
    found.push(...judge(`ranks/${key}`, [...before, ...writes], shown.get(key) ?? null, causality))
  }
  return found
}

/** A reset takes away what it knew, once, and nothing that was counted beside it or later. */
function counters({ all, counts, isOnVoid, facts, causality }: Called): string[] {
  const { views, scenario } = facts
  const remains = new Set(remainingNodes(scenario))
  const of = (method: string) => all.filter((write) => write.operation.method === method)
  const kept = (method: string) => of(method).filter((write) => counts(write) && isKept(write))
  // What a removed member counted, and what is void of that, is in what it counted later.
  const may = (method: string) =>
    of(method).filter(
      (write) => counts(write) || (write.outcome === 'acknowledged' && !remains.has(write.operation.node)),
    )
  const resets = of('reset').filter(counts)
  // One that was written again is known as what stands for it, or as what it was.
  const standing = (write: Written): Written => {
    const again = write.deltaId && facts.reissued.get(write.deltaId)
    return again === undefined ? write : { ...write, deltaId: again }
  }
  const isKnown: Takes = (reset, visit) => knows(reset, visit, causality)
  // A reset names the counts that it saw. What was void there and counts again was none of them.
  const isSeen: Takes = (reset, visit) => isKnown(reset, visit) && !facts.history.hidden.has(reset, visit)
  const isTakenBy = (some: readonly Written[], visit: Written, takes: Takes) =>
    some.some((reset) => takes(reset, visit) || takes(reset, standing(visit)))
  // What another reset had taken that counts no more was not there to be taken again.
  const sure = resets.filter((reset) => !isOnVoid(reset))
  const isUnknown = resets.some(({ deltaId }) => deltaId === undefined)
  const ranges = [
    {
      name: 'visits',
      value: views.visit_count,
      least: isUnknown ? 0 : kept('visit').filter((visit) => !isTakenBy(resets, visit, isKnown)).length,
      most: adding(may('visit').filter((visit) => !isTakenBy(sure, visit, isSeen))).length,
    },
    {
      name: 'the balance',
      value: views.get_balance,
      least: kept('earn').length - adding(may('spend')).length,
      most: adding(may('earn')).length - kept('spend').length,
    },
    { name: 'pokes', value: views.poke_count, least: kept('poke').length, most: adding(may('poke')).length },
  ]
  return ranges
    .filter(({ value, least, most }) => Number(value) < least || Number(value) > most)
    .map(({ name, value, least, most }) => `${name} is ${value}, and ${least} to ${most} by what was called`)
}
