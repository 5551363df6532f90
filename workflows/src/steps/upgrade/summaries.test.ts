import { expect, test } from 'vitest'
import { FixtureNetwork } from '../../testing/fixture-network.ts'
import { runYaml, withContext } from '../../testing/run-yaml.ts'
import { cascadeSummary } from './cascade-summary.ts'
import { migrationSummary } from './migration-summary.ts'

const upgrade = (status: string) => ({ groupId: 'g', upgrade: { status } })

test('a cascade is counted by group; an empty list is not complete', () => {
  const groups = [upgrade('Completed'), upgrade('failed'), upgrade('in_progress'), { groupId: 'x' }]
  expect(cascadeSummary(groups)).toEqual({
    total: 4,
    completed: 1,
    failed: 1,
    pending: 2,
    all_completed: false,
    groups,
  })
  expect(cascadeSummary([upgrade('completed')])).toMatchObject({ all_completed: true, pending: 0 })
  expect(cascadeSummary([])).toMatchObject({ total: 0, all_completed: false, groups: [] })
  expect(cascadeSummary(null)).not.toHaveProperty('groups')
})

const member = (state: string, schemaVersion?: number, more = {}) => ({
  peer: `peer ${state}`,
  state,
  ...(schemaVersion !== undefined && { report: { schemaVersion, residueAuto: 2, ...more } }),
})

test('a migration is never better than what the members reported', () => {
  const rollup = { migrated: 3, inProgress: 0, unknown: 0, failed: 0, total: 3, allMigrated: true }
  const stuck = member('failed', 1, { migrationFailed: 'no method' })
  const summary = migrationSummary({
    targetVersion: 2,
    expectedMembers: 3,
    fleetCompletedAt: null,
    rollup,
    members: [member('migrated', 2), stuck, member('in-progress')],
  })
  expect(summary).toMatchObject({
    target_version: 2,
    expected_members: 3,
    fleet_completed_at: null,
    total: 3,
    failed: 1,
    in_progress: 1,
    all_migrated: false,
    members_pending_signature: 0,
    reported_at_target: 1,
    reported_below_target: 1,
    reported_missing: 1,
    min_reported_schema_version: 1,
    residue_total: 4,
    failure_reasons: ['no method'],
    stuck_members: ['peer failed'],
  })
  expect(summary).not.toHaveProperty('cohort_pinned_at_hlc')
  expect(summary.members).toEqual([
    { peer: 'peer migrated', state: 'migrated', schema_version: 2, residue_auto: 2 },
    { peer: 'peer failed', state: 'failed', schema_version: 1, residue_auto: 2, migration_failed: 'no method' },
    { peer: 'peer in-progress', state: 'in-progress' },
  ])
})

test('without a target nobody is at it, and an empty answer is no success', () => {
  const none = { reported_at_target: null, reported_below_target: null, all_migrated: false, failure_reasons: [] }
  expect(migrationSummary({ rollup: { total: 0 }, members: [] })).toMatchObject({ ...none, total: 0, members: [] })
  expect(migrationSummary(null)).toMatchObject({ ...none, total: 0 })
  expect(migrationSummary({ members: [member('migrated', 1)] })).toMatchObject({ total: 1, reported_missing: 0 })
})

function answering(path: RegExp, ...bodies: unknown[]): { network: FixtureNetwork } {
  const network = new FixtureNetwork()
  for (const body of bodies) network.node('n-1').fail('GET', path, { status: 200, body })
  return { network }
}

test('assert_cascade_complete looks until all have completed, and ends at once where one has failed', async () => {
  const step = (kind: string, more = '') => withContext(`  - { type: ${kind}, node: n-1, namespace_id: ns${more} }`)
  const half = { data: [upgrade('completed'), upgrade('pending')] }
  const whole = { data: [upgrade('completed'), upgrade('completed')] }
  const done = await runYaml(
    step('assert_cascade_complete', ', outputs: { n: completed }'),
    answering(/cascade/, half, half, whole),
  )
  expect([done.outcome, done.variables.get('n'), done.clock.slept]).toEqual(['passed', 2, [2000, 2000]])
  const failed = await runYaml(
    step('assert_cascade_complete'),
    answering(/cascade/, half, { data: [upgrade('failed')] }),
  )
  expect(failed.failure?.message).toBe('it has failed: 0 of 1 groups completed, 1 failed')
  const late = step('assert_migration_complete', ', timeout_seconds: 3, poll_interval: 2')
  const slow = { rollup: { total: 2, migrated: 1, inProgress: 1 }, members: [] }
  const ended = await runYaml(late, answering(/migration-status/, slow, slow, slow))
  expect(ended.failure?.message).toBe('not complete after 3.00 s: 1 of 2 members migrated')
})

test('members that have not migrated are named by their nodes where they are of the run, with what they said', async () => {
  const network = new FixtureNetwork()
  const stranger = { ...member('unknown'), peer: 'p'.repeat(40), account: 'f'.repeat(64) }
  const failed = {
    ...member('failed', 1, { migrationFailed: 'no method' }),
    peer: 'q',
    account: network.node('n-2').account,
  }
  const members = [{ ...member('migrated', 2), peer: network.node('n-1').identity }, failed, stranger]
  const body = { rollup: { total: 3, migrated: 1, failed: 1, unknown: 1 }, members }
  network.node('n-1').fail('GET', /migration-status/, { status: 200, body })
  const step = '  - { type: assert_migration_complete, node: n-1, namespace_id: ns }'
  const { failure } = await runYaml(withContext(step), { network })
  expect(failure?.message.split('\n')).toEqual([
    'it has failed: 1 of 3 members migrated, 1 failed',
    '  n-2: no method',
    '  pppppppppppp…: unknown',
  ])
})

test('the line of an upgrade says how far it is, and that of an identity whose it is', async () => {
  const network = new FixtureNetwork()
  const body = { data: { groupId: 'g', status: 'in_progress', localContextsTotal: 2 } }
  network.node('n-1').fail('POST', /upgrade$/, { status: 200, body })
  const run = await runYaml(
    withContext(`
  - { type: upgrade_group, node: n-1, group_id: g, target_application_id: app }
  - { type: node_identity, node: n-1 }`),
    { network },
  )
  const said = run.record.steps.slice(-2).map(({ summary }) => summary)
  const { account } = network.node('n-1')
  expect(said).toEqual(['in_progress, 2 of the contexts here', `account ${account.slice(0, 12)}…, key identity-of-…`])
})

test('that it does not complete may be expected, and how far it was is captured all the same', async () => {
  const step = `  - { type: assert_migration_complete, node: n-1, namespace_id: ns, timeout_seconds: 1, expected_failure: true, expected_error: not complete, outputs: { m: migrated, x: gone } }`
  const slow = { rollup: { total: 2, migrated: 1, inProgress: 1 }, members: [] }
  const run = await runYaml(withContext(step), answering(/migration-status/, slow, slow))
  expect([run.outcome, run.variables.get('m')]).toEqual(['passed', 1])
})

test('get_migration_status captures what the reply had, and refuses what it had not', async () => {
  const step = (path: string) =>
    withContext(`  - { type: get_migration_status, node: n-1, namespace_id: ns, outputs: { v: ${path} } }`)
  const reply = { rollup: { total: 1, migrated: 1, allMigrated: true }, members: [] }
  const good = await runYaml(step('failure_reasons'), answering(/migration-status/, reply))
  expect(good.variables.get('v')).toEqual([])
  const absent = await runYaml(step('fleet_completed_at'), answering(/migration-status/, reply))
  expect(absent.failure?.code).toBe('capture_missing')
})
