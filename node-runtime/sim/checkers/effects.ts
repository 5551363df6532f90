// Acknowledged ⊆ final ⊆ attempted, by what the application shows: no write is lost or invented, nothing that was deleted
// or overwritten by someone who knew it comes back, counters are within what was counted.
import type { DeltaId } from '../../src/base/ids.ts'
import type { Causality } from '../record/causality.ts'
import type { Facts } from '../record/facts.ts'
import type { Operation } from '../scenario/scenario.ts'
import { readersOf, remainingNodes } from '../scenario/scenario.ts'
import { adding, judge, type Knowing, mayBeHere, type Write, type Written, writesOf } from './effects/cells.ts'
import { collections } from './effects/collections.ts'
import { type Checker, FINDINGS_MAX } from './violation.ts'

interface Called {
  readonly all: readonly Written[]
  readonly counting: readonly Written[]
  readonly causality: Causality
}

export const effects: Checker = {
  name: 'effects',
  check(facts, causality) {
    const applied = new Set(facts.deltas.map(({ delta }) => delta.id))
    // What is known to be void, or to have gone with a removed member, counts nowhere.
    const readers = readersOf(facts.scenario)
    const all = facts.history.attempts.filter(({ operation }) => !readers.has(operation.node)).flatMap(writesOf)
    const counting = all.filter(
      ({ deltaId }) => deltaId === undefined || applied.has(facts.reissued.get(deltaId) ?? deltaId),
    )
    return found(facts, { all, counting, causality }).slice(0, FINDINGS_MAX)
  },
}

function found(facts: Facts, { all, counting, causality }: Called): string[] {
  switch (facts.scenario.app) {
    case 'mixed':
      return mixed(facts, counting, causality)
    case 'collections':
      return collections(facts, { all, counting: new Set(counting), causality })
    case 'order-sensitive':
      return orderSensitive(facts, counting, seenIn(facts, causality))
  }
}

function mixed(
  { history, views, scenario, voids }: Facts,
  attempts: readonly Written[],
  causality: Causality,
): string[] {
  const items = views.all_items as Record<string, string>
  const tags = new Set(views.all_tags as string[])
  // What is cleared is what is there. A void delta may have hidden a key, which a clear then left as it was. What a removed
  // member wrote may have been void for who cleared, and have counted again when a witness spoke for it.
  const remains = new Set(remainingNodes(scenario))
  const cells = cellsOf(attempts, (writes) => voids.length === 0 && writes.every(({ node }) => remains.has(node)))
  for (const key of [...Object.keys(items).map((key) => `items/${key}`), ...[...tags].map((tag) => `tags/${tag}`)]) {
    if (!cells.has(key)) cells.set(key, [])
  }
  const found: string[] = []
  for (const [cell, writes] of cells) {
    const [kind = '', name = ''] = [cell.slice(0, cell.indexOf('/')), cell.slice(cell.indexOf('/') + 1)]
    const final = {
      items: items[name] ?? null,
      tags: tags.has(name) ? 'yes' : null,
      title: views.get_title,
      note: views.get_note || null,
    }
    found.push(...judge(cell, writes, final[kind as keyof typeof final] as string | null, causality))
  }
  const isHit = ({ operation }: Written) => operation.method === 'hit'
  const hits = attempts.filter(isHit)
  const acknowledged = hits.filter(({ deltaId, outcome }) => outcome === 'acknowledged' && deltaId !== undefined).length
  const count = Number(views.hit_count)
  const most = adding(hits).length
  if (count < acknowledged || count > most) found.push(`hits is ${count}, with ${acknowledged} acknowledged of ${most}`)
  const done = { byRemaining: 0, byAll: 0 }
  const readers = readersOf(scenario)
  for (const [name, runs] of history.handlers) {
    // What its handlers do is dropped.
    if (readers.has(name)) continue
    const count = [...runs.values()].reduce((sum, run) => sum + run.done, 0)
    done.byAll += count
    if (remains.has(name)) done.byRemaining += count
  }
  const heard = Number(views.heard_count)
  // What a removed member handled may be void.
  const names = (views.all_heard as string[]).length
  // An event that its author wrote again is another event, of the same name.
  const isNamed = history.reissues > 0 ? names <= heard : names === heard
  if (heard < done.byRemaining || heard > done.byAll || !isNamed) {
    found.push(`${done.byRemaining} to ${done.byAll} handlers were done, ${heard} counted, ${names} left their names`)
  }
  return found
}

function cellsOf(
  attempts: readonly Written[],
  isCleared: (writes: readonly Operation[]) => boolean,
): Map<string, Write[]> {
  const cells = new Map<string, Write[]>()
  const add = (cell: string, attempt: Written, value: string | null) => {
    // Among others of its call a removal may have found nothing, and what a set has already adds nothing: the call does not show it.
    const sure = attempt.isOne || (value !== null && !MAY_BE_THERE.has(attempt.operation.method))
    cells.set(cell, [...(cells.get(cell) ?? []), { attempt, value, sure }])
  }
  for (const attempt of attempts) {
    const { method, args } = attempt.operation
    if (method === 'set') add(`items/${args.key}`, attempt, args.value ?? '')
    if (method === 'remove') add(`items/${args.key}`, attempt, null)
    if (method === 'tag') add(`tags/${args.value}`, attempt, 'yes')
    if (method === 'untag') add(`tags/${args.value}`, attempt, null)
    if (method === 'say') add(`tags/said ${args.id}`, attempt, 'yes')
    if (method === 'pass') add(`tags/passed ${args.id}`, attempt, 'yes')
    if (method === 'retitle') add('title/', attempt, args.value ?? '')
    if (method === 'annotate') add('note/', attempt, args.value ?? '')
  }
  // Whoever removed what it knew found it, unless a void delta had hidden it.
  for (const [cell, writes] of cells) {
    const sure = isCleared(writes.map(({ attempt }) => attempt.operation))
    cells.set(cell, sure ? writes.map((write) => ({ ...write, sure })) : writes)
  }
  const items = [...cells].filter(([cell]) => cell.startsWith('items/'))
  for (const [, writes] of items) {
    const sure = isCleared(writes.map(({ attempt }) => attempt.operation))
    for (const attempt of attempts) {
      if (attempt.operation.method === 'clear') writes.push({ attempt, value: null, sure })
    }
  }
  return cells
}

/** What they write others may have written before. */
const MAY_BE_THERE: ReadonlySet<string> = new Set(['tag'])

/**
 * Whose effect was there where another was made. What was made for a later version of the state lies above all that was made for an
 * earlier one (ADR 0025): where that is still made behind it, the migration has failed, and it had no effect.
 */
function seenIn({ scenario, second }: Facts, causality: Causality): Knowing {
  if (!scenario.marks?.includes('failing migration')) return causality
  const isAbove = (early: DeltaId, late: DeltaId) => second.has(early) && !second.has(late)
  return {
    has: (id) => causality.has(id),
    includes: (late, early) => causality.includes(late, early) && !isAbove(early, late),
  }
}

function orderSensitive({ views }: Facts, all: readonly Written[], causality: Knowing): string[] {
  const found: string[] = []
  const log = views.log as string[]
  const counts = new Map<string, number>()
  for (const value of log) counts.set(value, (counts.get(value) ?? 0) + 1)
  const appends = new Map<string, Written[]>()
  for (const attempt of all) {
    const { method, args } = attempt.operation
    if (method === 'append') appends.set(args.value ?? '', [...(appends.get(args.value ?? '') ?? []), attempt])
  }
  for (const value of new Set([...counts.keys(), ...appends.keys()])) {
    const attempts = appends.get(value) ?? []
    const kept = attempts.filter(({ outcome }) => outcome === 'acknowledged').length
    const most = attempts.filter(({ deltaId }) => mayBeHere(deltaId, causality)).length
    const times = counts.get(value) ?? 0
    if (times < kept || times > most)
      found.push(`${value} is in the log ${times} times, with ${kept} to ${most} appends`)
  }
  for (let key = 0; key < 8; key += 1) {
    const writes = all
      .filter(({ operation: { method, args } }) => method === 'set' && args.key === `k${key}`)
      .map((attempt) => ({ attempt, value: attempt.operation.args.value ?? '', sure: true }))
    found.push(...judge(`k${key}`, writes, (views[`get k${key}`] as string | null | undefined) ?? null, causality))
  }
  return found
}
