import type { LintRule } from '../rule.ts'
import { spanOfField } from '../source/lint-step.ts'

export const ignoredExpectedFailure: LintRule = {
  id: 'ignored-expected-failure',
  severity: 'warning',
  summary: 'expected_failure on a kind that does not look at it.',
  why: `Some kinds take the key and ignore it, as in the original: a failure fails the run, and a success passes.`,
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
      const message = `a ${kind.kind} step does not look at expected_failure: a failure fails the run`
      report({ step, message, hint: 'delete this line', ...(span && { span }) })
    }
  },
}
