import { eventProblems } from '../../../steps/auth/event-types.ts'
import type { LintRule } from '../../rule.ts'
import { fieldOf } from '../../source/lint-step.ts'

export const eventNeverSent: LintRule = {
  id: 'event-never-sent',
  severity: 'warning',
  summary: 'assert_ws_event is about a type of events that no node sends.',
  why: `That such an event is absent is always true, and that it comes never is. Types of events are names of the node's; what an
application emits comes inside of \`StateMutation\`. \`calbox validate\` warns of it, too.`,
  bad: `
- { type: assert_ws_event, node: a, group_id: '{{ns}}', event: MemberRemovedd, absent: true }`,
  good: `
- { type: assert_ws_event, node: a, group_id: '{{ns}}', event: MemberRemoved, absent: true }`,
  check(subject, report) {
    for (const step of subject.all) {
      const { kind, input } = step.planned
      if (kind !== 'assert_ws_event') continue
      const none = input.absent === true || input.count === 0
      const outcome = none ? 'the step passes whatever happens' : 'the step always fails'
      const span = fieldOf(step, 'event')?.value.span
      for (const { message, hint, severity } of eventProblems(input)) {
        if (severity !== 'warning' || hint === undefined) continue
        report({ step, ...(span && { span }), message: `${message}: ${outcome}`, hint })
      }
    }
  },
}
