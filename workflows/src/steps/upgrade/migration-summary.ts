// How far the members of a namespace have migrated: the node's report as flat counts that files can compare. What the
// members themselves reported is counted anew, so that the node's own verdict is never compared with itself.
import { hasKey, isJsonObject, type JsonObject, type JsonValue } from '../../values/json/json-value.ts'
import { pythonStr } from '../../values/python/python-text.ts'

export const migrationOutputs = [
  { name: 'total', description: 'Members of the cohort.' },
  { name: 'migrated', description: 'How many have migrated.' },
  { name: 'in_progress', description: 'How many are at it.' },
  { name: 'unknown', description: 'Of how many nothing is known.' },
  { name: 'failed', description: 'How many have failed.' },
  { name: 'all_migrated', description: 'All have, and nothing contradicts it.' },
  { name: 'target_version', description: 'State version to be reached.' },
  { name: 'expected_members', description: 'Size of the cohort when it was pinned.' },
  { name: 'members_pending_signature', description: 'How many have entries that only they can sign.' },
  { name: 'reported_at_target', description: 'How many reported the target version, or null without a target.' },
  { name: 'reported_below_target', description: 'How many reported an older one, or null without a target.' },
  { name: 'reported_missing', description: 'How many reported none.' },
  { name: 'min_reported_schema_version', description: 'Lowest version reported, or null.' },
  { name: 'residue_total', description: 'Entries that are not migrated, all members together.' },
  { name: 'failure_reasons', description: 'List of what failed members said.' },
  { name: 'stuck_members', description: 'List of the peers that said it.' },
  { name: 'fleet_completed_at', description: 'When all had migrated; absent before.' },
  { name: 'cohort_pinned_at_hlc', description: 'When the cohort was pinned; absent before.' },
  { name: 'members', description: 'List of {peer, state, migration_failed, schema_version, residue_auto, …}.' },
]

interface Row {
  readonly state: string
  readonly version: number | undefined
  readonly residue: number
  readonly reason: JsonValue | undefined
  readonly peer: JsonValue | undefined
  readonly shown: JsonObject
}

export function migrationSummary(data: JsonValue): JsonObject {
  const source = isJsonObject(data) ? data : {}
  const rollup = isJsonObject(source.rollup) ? source.rollup : {}
  const given = Array.isArray(source.members) ? source.members : undefined
  const rows = (given ?? []).filter(isJsonObject).map(readRow)
  const counts = countsOf(rollup, rows)
  const stuck = rows.filter(({ reason }) => reason !== undefined && reason !== null)
  return {
    ...present(source, TOP),
    ...counts,
    ...reportsOf(intOf(source.targetVersion), rows),
    residue_total: sum(rows.map(({ residue }) => residue)),
    failure_reasons: stuck.map(({ reason }) => pythonStr(reason)),
    stuck_members: stuck.flatMap(({ peer }) => (peer === undefined || peer === null ? [] : [pythonStr(peer)])),
    ...(given && { members: rows.map(({ shown }) => shown) }),
  }
}

export function saysMigration(data: JsonValue): string {
  const { total, migrated, failed } = migrationSummary(data)
  const broken = failed === 0 ? '' : `, ${pythonStr(failed)} failed`
  return `${pythonStr(migrated)} of ${pythonStr(total)} members migrated${broken}`
}

export interface Behind {
  /** Key and account, by whichever a node of the run may be known. */
  readonly ids: readonly string[]
  readonly state: string
  /** What it said of why. */
  readonly reason?: string
}

/** Who has not migrated, as the report has them. */
export function membersBehind(data: JsonValue): Behind[] {
  const given = isJsonObject(data) && Array.isArray(data.members) ? data.members : []
  return given.filter(isJsonObject).flatMap((member) => {
    const { state, reason } = readRow(member)
    const ids = [member.peer, member.account].filter((id) => typeof id === 'string')
    const isBroken = reason !== undefined && reason !== null
    if (state === 'migrated' && !isBroken) return []
    return [{ ids, state, ...(isBroken && { reason: pythonStr(reason) }) }]
  })
}

/** The node's counters, but never better than what its rows of members say. */
function countsOf(rollup: JsonObject, rows: readonly Row[]): JsonObject {
  const inState = (state: string) => rows.filter((row) => row.state.replaceAll(/[_-]/g, '') === state).length
  const failed = Math.max(intOf(rollup.failed) ?? 0, inState('failed'))
  const inProgress = Math.max(intOf(rollup.inProgress) ?? 0, inState('inprogress'))
  const unknown = Math.max(intOf(rollup.unknown) ?? 0, inState('unknown'))
  const isDone = failed + inProgress + unknown === 0 && rows.every(({ state }) => state === 'migrated')
  return {
    total: hasKey(rollup, 'total') && rollup.total !== null ? (intOf(rollup.total) ?? 0) : rows.length,
    migrated: intOf(rollup.migrated) ?? 0,
    in_progress: inProgress,
    unknown,
    failed,
    all_migrated: rollup.allMigrated === true && isDone,
    members_pending_signature: intOf(rollup.membersPendingSignature) ?? 0,
  }
}

function reportsOf(target: number | undefined, rows: readonly Row[]): JsonObject {
  const versions = rows.flatMap(({ version }) => version ?? [])
  const below = target === undefined ? null : versions.filter((version) => version < target).length
  return {
    reported_at_target: below === null ? null : versions.length - below,
    reported_below_target: below,
    reported_missing: rows.length - versions.length,
    min_reported_schema_version: versions.length === 0 ? null : Math.min(...versions),
  }
}

function readRow(member: JsonObject): Row {
  const report = isJsonObject(member.report) ? member.report : {}
  const state = pythonStr(member.state ?? '').toLowerCase()
  return {
    state,
    version: intOf(report.schemaVersion),
    residue: intOf(report.residueAuto) ?? 0,
    reason: report.migrationFailed,
    peer: member.peer,
    shown: { ...present(member, { peer: 'peer' }), state, ...present(report, REPORT) },
  }
}

const TOP: Readonly<Record<string, string>> = {
  targetVersion: 'target_version',
  expectedMembers: 'expected_members',
  fleetCompletedAt: 'fleet_completed_at',
  cohortPinnedAtHlc: 'cohort_pinned_at_hlc',
}

const REPORT: Readonly<Record<string, string>> = {
  migrationFailed: 'migration_failed',
  schemaVersion: 'schema_version',
  residueAuto: 'residue_auto',
  syncedUpToHlc: 'synced_up_to_hlc',
  reportedAt: 'reported_at',
  authoredRemaining: 'authored_remaining',
}

/** Absent stays absent: it is neither 0 nor null. */
function present(source: JsonObject, names: Readonly<Record<string, string>>): JsonObject {
  const found: JsonObject = {}
  for (const [from, to] of Object.entries(names)) if (hasKey(source, from)) found[to] = source[from] ?? null
  return found
}

function intOf(value: JsonValue | undefined): number | undefined {
  if (typeof value === 'bigint') return Number(value)
  return typeof value === 'number' && Number.isInteger(value) ? value : undefined
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
