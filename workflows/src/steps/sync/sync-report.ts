// The payload and the failure of wait_for_sync.
import type { NodeFacts } from '../../run/events.ts'
import { type JsonObject, type JsonValue, jsonFloat, objectOf } from '../../values/json/json-value.ts'
import { stringifyLosslessJson } from '../../values/json/lossless-json.ts'
import { shortId } from '../reply.ts'
import { type NodeDiagnosis, shortDelta } from './diagnosis.ts'
import type { Unsettled } from './settled.ts'
import { agreed, type Sighting, type SyncTarget, type TargetSeen } from './sync-targets.ts'

/** One check: what every node showed of every target, and what the read of `expect` gave. */
export interface SyncCheck {
  readonly targets: readonly TargetSeen[]
  /** Node → result; only read when all hashes agreed. */
  readonly expected?: ReadonlyMap<string, JsonValue>
  /** Nodes whose read gave something else, in the order of the step. */
  readonly unmet?: readonly string[]
  /** Everything that must be equal is, and what was read is as expected. */
  readonly converged: boolean
  /** What may still change that. Only looked at when all hashes agreed; never empty. */
  readonly unsettled?: readonly Unsettled[]
}

export interface SyncTiming {
  readonly elapsedMs: number
  readonly attempts: number
}

export function syncPayload(check: SyncCheck, timing: SyncTiming): JsonObject {
  const hashes: [string, JsonValue][] = []
  const named: [string, JsonValue][] = []
  const perNode: [string, JsonValue][] = []
  for (const { target, sightings } of check.targets) {
    const label = `${target.kind}=${target.id}`
    perNode.push([label, objectOf(sightings.map(({ node, hash }) => [node, hash ?? null]))])
    const hash = agreed(sightings)
    if (hash === undefined) continue
    hashes.push([label, hash])
    named.push([`${target.kind}_state_hash`, hash])
    if (target.kind === 'context' || check.targets.length === 1) named.unshift(['root_hash', hash])
  }
  return {
    synced: check.converged && check.unsettled === undefined,
    targets: objectOf(hashes),
    elapsed_seconds: jsonFloat(Number((timing.elapsedMs / 1000).toFixed(2))),
    attempts: timing.attempts,
    per_target_node_hashes: objectOf(perNode),
    ...(check.converged ? objectOf(named) : {}),
    ...(check.expected && { expect_satisfied: check.converged, per_node_expect: objectOf(check.expected) }),
  }
}

export function syncFacts(check: SyncCheck, diagnoses: readonly NodeDiagnosis[] = []): NodeFacts[] {
  const facts = new Map<string, Record<string, string>>()
  for (const { target, sightings } of check.targets) {
    for (const sighting of sightings) {
      const row = facts.get(sighting.node) ?? {}
      facts.set(sighting.node, row)
      row[target.kind === 'context' ? 'root' : 'group state'] = shortId(sighting.hash ?? '–')
      if (sighting.isOutside === true) row.member = 'no'
      if (sighting.heads) row.heads = sighting.heads.map(shortDelta).join(' ') || 'none'
      if (sighting.governance) row['governance heads'] = sighting.governance.map(shortDelta).join(' ') || 'none'
    }
  }
  for (const [node, result] of check.expected ?? []) {
    const row = facts.get(node)
    if (row) row.read = stringifyLosslessJson(result)
  }
  for (const { node, lacks, waits } of diagnoses) {
    const row = facts.get(node)
    if (row && lacks !== undefined) row.lacks = joined(row.lacks, lacks)
    if (row && waits !== undefined) row.waits = joined(row.waits, waits)
  }
  return [...facts].map(([node, row]) => ({ node, facts: row }))
}

function joined(known: string | undefined, more: string): string {
  return known === undefined ? more : `${known}; ${more}`
}

/** Why nodes could not be read: each once, whatever the targets are. */
export function unreadLines(check: SyncCheck): string[] {
  const lines = check.targets.flatMap(({ sightings }) =>
    sightings.flatMap(({ node, problem }) => (problem === undefined ? [] : [`${node}: ${problem}`])),
  )
  return [...new Set(lines)]
}

/** What stands in the way, in one line. */
export function describeCheck(check: SyncCheck): string {
  for (const { target, sightings } of check.targets) {
    const unread = sightings.filter(({ hash }) => hash === undefined)
    if (unread.length > 0) return `${names(unread)} cannot be read`
    const outside = sightings.filter(({ isOutside }) => isOutside === true)
    const why = outside.length === 0 ? '' : `; ${names(outside)} ${verb(outside, 'is', 'are')} ${OUTSIDE}`
    const groups = Map.groupBy(sightings, ({ hash }) => hash)
    if (groups.size > 1) return `${describeGroups([...groups.values()], target)}${why}`
    if (agreed(sightings) === undefined) return `the roots are equal, the heads are not${why}`
  }
  const { unmet = [], unsettled } = check
  if (unmet.length === 0) {
    const [first] = unsettled ?? []
    return first === undefined
      ? 'the nodes agree'
      : `the nodes agree, but not all is settled: ${first.node}: ${first.what}`
  }
  const where = unmet.length === check.expected?.size ? 'any of them' : unmet.join(', ')
  return `the nodes agree, but the read does not give the expected value on ${where}`
}

const OUTSIDE = 'no member of the group any more'

function describeGroups(groups: readonly (readonly Sighting[])[], { kind }: SyncTarget): string {
  const what = kind === 'context' ? 'root' : 'group state'
  const usual = Math.max(...groups.map((group) => group.length))
  const odd = groups.filter((group) => group.length < usual).flat()
  if (odd.length > 0) return `${names(odd)} ${verb(odd, 'has', 'have')} another ${what}`
  const all = groups.flat()
  if (all.length === 2) return `${all.map(({ node }) => node).join(' and ')} have different ${what}s`
  if (usual === 1) return `all ${all.length} nodes have different ${what}s`
  return `there are ${groups.length} different ${what}s: ${groups.map(names).join(' | ')}`
}

/** What to do about nodes that cannot come to agree. */
export function outsideHelp(check: SyncCheck): string | undefined {
  const outside = check.targets.flatMap(({ sightings }) => sightings.filter(({ isOutside }) => isOutside === true))
  if (outside.length === 0) return undefined
  return `who was removed gets nothing of what is written since: leave ${names(outside)} out of nodes:, or add it to the group again`
}

/** The node whose log is shown: one that stands in the way, as far as that can be told, else the last one. */
export function nodeToLookAt(check: SyncCheck): string | undefined {
  if (check.unmet?.[0] !== undefined) return check.unmet[0]
  if (check.unsettled?.[0] !== undefined) return check.unsettled[0].node
  for (const { sightings } of check.targets) {
    if (agreed(sightings) !== undefined) continue
    const unread = sightings.find(({ hash, isOutside }) => hash === undefined || isOutside === true)
    const groups = [...Map.groupBy(sightings, ({ hash }) => hash).values()].sort((a, b) => a.length - b.length)
    const [fewest = [], ...others] = groups
    const isOdd = others.some((group) => group.length > fewest.length)
    return (unread ?? (isOdd ? fewest[0] : sightings.at(-1)))?.node
  }
  return undefined
}

function verb(sightings: readonly Sighting[], one: string, more: string): string {
  return sightings.length === 1 ? one : more
}

function names(sightings: readonly Sighting[]): string {
  return sightings.map(({ node }) => node).join(', ')
}
