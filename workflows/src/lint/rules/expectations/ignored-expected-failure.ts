import type { LintRule } from '../../rule.ts'
import { spanOfField } from '../../source/lint-step.ts'

export const ignoredExpectedFailure: LintRule = {
  id: 'ignored-expected-failure',
  severity: 'warning',
  summary: 'expected_failure on a kind of step that it has no effect on.',
  why: `These kinds take the key and run as if it were not there, as in merobox: a failure still fails the run, and a
success, which is not what the file says it expects, passes.`,
  bad: `
- { type: uninstall_application, node: a, application_id: '{{app}}', expected_failure: true }`,
  good: `
- { type: get_application, node: a, application_id: '{{app}}', expected_failure: true }`,
  check(subject, report) {
    for (const step of subject.all) {
      const { kind, planned } = step
      if (!planned.expectedFailure || kind === undefined || kind.honoursExpectedFailure) continue
      if (kind.unsupported !== undefined) continue
      const span = spanOfField(step, 'expected_failure')
      const message = `expected_failure has no effect on ${kind.kind}: a failure fails the run, and a success passes`
      const instead = INSTEAD[kind.kind]
      const hint = instead === undefined ? 'delete this field' : `delete this field, and ${instead}`
      report({ step, message, hint, ...(span && { span }) })
    }
  },
}

/** How the opposite is written. */
const INSTEAD: Readonly<Record<string, string>> = {
  assert: 'write the opposite statements',
  json_assert: 'write the opposite statements',
  assert_log_present: 'write assert_log_absent',
  assert_log_absent: 'write assert_log_present',
  assert_tee_member: 'write assert_not_member',
  assert_not_member: 'write assert_tee_member',
  wait_for_sync: 'read on both nodes and compare what they answer',
}
