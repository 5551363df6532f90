import type { LintRule } from '../../rule.ts'
import { type LintStep, lineOf } from '../../source/lint-step.ts'

const JOINS: ReadonlySet<string> = new Set(['join_context', 'join_namespace', 'join'])
/** They ask one node for something of its own. */
const BETWEEN: ReadonlySet<string> = new Set(['create_namespace_invitation', 'invite', 'assert', 'json_assert'])

export const sleepBeforeJoin: LintRule = {
  id: 'sleep-before-join',
  severity: 'note',
  summary: 'A fixed pause before a step that waits by itself.',
  why: `The nodes of a run are connected before its first step begins, and joining a namespace or context waits until the node
has the keys and the state, asking again as often as it takes. A pause in front of it only costs time.`,
  bad: `
- { type: create_context, node: a, application_id: '{{app}}', group_id: '{{ns}}', outputs: { new_ctx: contextId } }
- { type: wait, seconds: 10 }
- { type: join_context, node: b, context_id: '{{new_ctx}}' }`,
  good: `
- { type: create_context, node: a, application_id: '{{app}}', group_id: '{{ns}}', outputs: { new_ctx: contextId } }
- { type: join_context, node: b, context_id: '{{new_ctx}}' }`,
  check(subject, report) {
    // Other nodes than ours may need it, and so may networks that are built on the way.
    if (subject.plan.remoteNodes.length > 0 || subject.plan.settings.topology !== undefined) return
    const { sleepsInTrouble } = subject.order()
    for (const step of subject.all) {
      if (step.planned.kind !== 'wait' || sleepsInTrouble.has(step)) continue
      const join = joinAfter(step)
      if (join === undefined) continue
      const message = `${join.planned.kind} in line ${lineOf(join)} waits by itself; this pause only costs time`
      report({ step, message, hint: 'delete it' })
    }
  },
}

function joinAfter(step: LintStep): LintStep | undefined {
  for (const next of step.siblings.slice(step.at + 1)) {
    if (JOINS.has(next.planned.kind)) return next.planned.expectedFailure ? undefined : next
    if (!BETWEEN.has(next.planned.kind)) return undefined
  }
  return undefined
}
