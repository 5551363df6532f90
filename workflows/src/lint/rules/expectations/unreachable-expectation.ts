import type { LintRule } from '../../rule.ts'
import { type LintStep, lineOf } from '../../source/lint-step.ts'

export const unreachableExpectation: LintRule = {
  id: 'unreachable-expectation',
  severity: 'warning',
  summary: 'A check behind a step that always fails.',
  why: `A run ends with the first step that fails. Where a step cannot pass, because its kind cannot be run or one of its fields
can never be right, what the file expects after it is never looked at.`,
  bad: `
- { type: account_create, node: a, namespace_id: '{{ns}}' }
- { type: assert, statements: ['is_set({{ctx}})'] }`,
  good: `
- { type: node_identity, node: a, outputs: { account: accountId } }
- { type: assert, statements: ['is_set({{account}})'] }`,
  check(subject, report) {
    checkList(subject.steps, report)
  },
}

function checkList(steps: readonly LintStep[], report: Parameters<LintRule['check']>[1]): void {
  const at = steps.findIndex((step) => failureIn(step) !== undefined)
  const failing = steps[at]
  for (const step of at < 0 ? steps : steps.slice(0, at + 1))
    for (const branch of step.branches) checkList(branch, report)
  const cause = failing && failureIn(failing)
  const expectation = cause && steps.slice(at + 1).find(expects)
  if (cause === undefined || expectation === undefined) return
  const { step, why } = cause
  const message = `never reached: ${step.planned.type} in line ${lineOf(step)} always fails (${why})`
  report({ step: expectation, message, hint: `mend or delete the step in line ${lineOf(step)}` })
}

/** The step in it that cannot pass. */
function failureIn(step: LintStep): { step: LintStep; why: string } | undefined {
  const { planned, kind } = step
  // It may not run at all.
  if (planned.controls?.if !== undefined || planned.controls?.forEach !== undefined) return undefined
  if (planned.flaw !== undefined) return { step, why: planned.flaw }
  const isExpected = planned.expectedFailure && kind?.honoursExpectedFailure === true
  if (kind?.unsupported !== undefined && !isExpected) return { step, why: kind.unsupported }
  const mayPass = planned.kind === 'fuzzy_test' || planned.input.failure_mode === 'continue-on-error'
  return mayPass
    ? undefined
    : step.branches
        .flat()
        .map(failureIn)
        .find((found) => found !== undefined)
}

function expects(step: LintStep): boolean {
  const { kind, input, controls } = step.planned
  if (controls?.expect !== undefined || kind.startsWith('assert') || kind === 'json_assert') return true
  return (kind === 'wait_for_sync' && input.expect !== undefined) || step.branches.flat().some(expects)
}
