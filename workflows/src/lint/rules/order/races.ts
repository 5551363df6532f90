// Words and fixes that the rules about races share.
import type { Fix } from '../../finding.ts'
import type { Race } from '../../order/order-facts.ts'
import { insertBarrier } from '../../source/insert-barrier.ts'
import { fieldOf, lineOf, said } from '../../source/lint-step.ts'
import type { LintSubject } from '../../source/lint-subject.ts'

/** What a race is reported as: each is reported by one rule. */
export function kindOfRace(race: Race): 'unordered' | 'left-out' | 'sleep' {
  if (race.isConcurrent || race.writerStopped !== undefined) return 'unordered'
  if (race.barrier !== undefined) return 'left-out'
  return race.sleeps.length > 0 ? 'sleep' : 'unordered'
}

export function writeSaid({ write, writeNode }: Race): string {
  return `what ${said(write)} wrote on ${writeNode} in line ${lineOf(write)}`
}

/** In front of `race.read`, over the nodes of all races that it ends. */
export function barrierFix(race: Race, others: readonly Race[], subject: LintSubject): Fix | undefined {
  // A barrier in front of the check would wait for a node that is down, or for what a fault keeps away.
  if (subject.order().underFault.has(race.read)) return undefined
  if (race.isConcurrent || race.writerStopped !== undefined || subject.nodeNames.length < 2) return undefined
  const ended = others.filter(
    (other) => other.read.siblings === race.read.siblings && other.read.at >= race.read.at && sameTarget(race, other),
  )
  const nodes = [...new Set([race, ...ended].flatMap((each) => [each.holder, each.readNode]))]
  const from = fieldOfTarget(race)
  const target = race.about === 'context' ? 'context_id' : 'group_id'
  return from === undefined ? undefined : insertBarrier(race.read, { nodes, target, from }, subject.text)
}

export function barrierHint(race: Race): string {
  const what = race.about === 'context' ? 'the context' : 'the group'
  if (race.writerStopped !== undefined) {
    const nodes = `${race.writeNode} and ${race.readNode}`
    return `put a wait_for_sync of ${nodes} for ${what} in front of line ${lineOf(race.writerStopped)}`
  }
  return `put a wait_for_sync of ${race.holder} and ${race.readNode} for ${what} between them`
}

function fieldOfTarget({ read, about }: Race): string | undefined {
  if (about === 'context') return 'context_id'
  return fieldOf(read, 'group_id') === undefined ? 'namespace_id' : 'group_id'
}

function sameTarget(a: Race, b: Race): boolean {
  const [one, other] = [a, b].map((race) => race.read.planned.input[fieldOfTarget(race) ?? ''])
  return a.about === b.about && a.write === b.write && one === other
}
