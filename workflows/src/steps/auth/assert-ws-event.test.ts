import { expect, test } from 'vitest'
import { planWorkflow } from '../../plan/plan.ts'
import type { RunEvent } from '../../run/events.ts'
import { FixtureNetwork } from '../../testing/fixture-network.ts'
import { runYaml, withContext, type YamlRun } from '../../testing/run-yaml.ts'
import { stepSchemas } from '../registry.ts'

const GROUP = "group_id: '{{namespace_id}}'"
const CONTEXT = "context_id: '{{context_id}}'"

/** What the node was asked to tell of, and what came of the step. */
async function watched(fields: string, ...events: unknown[]): Promise<{ run: YamlRun; asked: unknown[] }> {
  const network = new FixtureNetwork()
  network.node('n-1').events.push(...events)
  const step = `  - { name: watch, type: assert_ws_event, node: n-1, timeout_seconds: 0.2, ${fields} }\n`
  const run = await runYaml(withContext(step), { network })
  return { run, asked: network.node('n-1').subscriptions }
}

const endOf = (run: YamlRun) =>
  run.events.find((event): event is RunEvent & { type: 'step:end' } => {
    return event.type === 'step:end' && event.step.name === 'watch'
  })

const mutation = { contextId: 'c', type: 'StateMutation', data: { newRoot: 'r', events: null } }

test('what happens in contexts is listened for on all contexts of the group, or on the one that is named', async () => {
  const all = await watched(`${GROUP}, event: StateMutation`, mutation)
  expect(all.run.failure?.message).toBeUndefined()
  const [group, context] = ['namespace_id', 'context_id'].map((name) => all.run.variables.get(name))
  expect(all.asked).toEqual([{ groupIds: [group], contextIds: [context] }])
  const one = await watched(`${CONTEXT}, event: StateMutation, count: 1`, mutation)
  expect(one.run.failure?.message).toBeUndefined()
  expect(one.asked).toEqual([{ contextIds: [one.run.variables.get('context_id')] }])
})

test('what happens in a group is listened for on the group alone, as the original asks', async () => {
  const { run, asked } = await watched(`${GROUP}, event: MemberJoined`, {
    groupId: 'g',
    type: 'MemberJoined',
    data: {},
  })
  expect(run.failure?.message).toBeUndefined()
  expect(asked).toEqual([{ groupIds: [run.variables.get('namespace_id')] }])
})

test('"absent" fails where the event came, and says to what it listened where none did', async () => {
  const came = await watched(`${GROUP}, event: StateMutation, absent: true`, mutation)
  expect(came.run.failure?.message).toContain('exactly 0 StateMutation was expected within 0.2 s, 1 came')
  const none = await watched(`${GROUP}, event: StateMutation, absent: true`)
  expect(endOf(none.run)?.summary).toMatch(/^0 × StateMutation of group .+, context .+$/)
  const missing = await watched(`${CONTEXT}, event: StateMutation`)
  expect(missing.run.failure?.message).toMatch(/no event came at all of context /)
})

test('a context that the node does not let be watched fails also where nothing was to come', async () => {
  const { run } = await watched('context_id: other, event: StateMutation, absent: true')
  expect(run.failure?.message).toContain('does not let context other be watched')
})

test('a type that no node sends is found before the run, and does not pass unseen', async () => {
  const { run } = await watched(`${GROUP}, event: MemberRemovedd, absent: true`)
  expect([run.outcome, endOf(run)?.warning]).toEqual(['passed', 'no node sends MemberRemovedd'])
  const problemsOf = (fields: string) => {
    const text = `name: t\nnodes: { count: 1, prefix: n }\nsteps:\n  - { type: assert_ws_event, node: n-1, ${fields} }\n`
    const { problems } = planWorkflow({ file: 'f', text, kinds: stepSchemas })
    return problems.map(({ severity, message, hint }) => [severity, message, hint])
  }
  expect(problemsOf('group_id: g, event: MemberRemovedd')).toEqual([
    ['warning', 'no node sends MemberRemovedd', 'did you mean "MemberRemoved"?'],
  ])
  expect(problemsOf('group_id: g, event: Inserted')).toEqual([
    ['warning', 'no node sends Inserted', expect.stringContaining('those of applications in StateMutation')],
  ])
  expect(problemsOf('group_id: g, event: SyncStatus')[0]?.[1]).toBe('calnode does not send SyncStatus')
  expect(problemsOf("group_id: g, event: '{{type}}'").map(([, message]) => message)).not.toContain(
    'no node sends {{type}}',
  )
  expect(problemsOf('context_id: c, event: MemberAdded')[0]?.slice(0, 2)).toEqual([
    'error',
    'MemberAdded comes to who watches a group, not a context',
  ])
  expect(problemsOf('event: MemberAdded')[0]?.[0]).toBe('error')
})
