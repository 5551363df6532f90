import type { LintRule } from '../../rule.ts'
import type { LintStep } from '../../source/lint-step.ts'
import { spanAtPosition } from '../../source/positions.ts'

export const unknownPlaceholder: LintRule = {
  id: 'unknown-placeholder',
  severity: 'warning',
  summary: 'A placeholder whose variable nothing sets before: it becomes text.',
  why: `Outside of assertions a placeholder that is not known is no error, as in the original: \`{{name}}\` is passed on as it is,
and inside of other text the bare name takes its place. The step then asks for a context called \`{{ctx}}\`, and fails far from
the mistake, or passes. \`{{a.b}}\` looks for a variable with that very name; parts of a value are captured with a path.`,
  bad: `
- { type: call, node: a, context_id: '{{ctx}}', method: set, args: { key: color, value: '{{colour}}' } }`,
  good: `
- { type: call, node: a, context_id: '{{ctx}}', method: set, args: { key: color, value: red } }`,
  check(subject, report) {
    for (const problem of subject.problems) {
      if (problem.file !== subject.plan.file) continue
      if (problem.code !== 'unknown_variable' || problem.message.startsWith('a text that starts with')) continue
      const step = stepAt(subject.all, problem.path)
      if (step === undefined) continue
      const span = spanAtPosition(problem, subject.text)
      const { message, hint } = problem
      report({ step, span, message: `${message}: it becomes text`, ...(hint !== undefined && { hint }) })
    }
  },
}

/** The innermost step of a path such as `steps[3].steps[0].args`. */
function stepAt(all: readonly LintStep[], path: string): LintStep | undefined {
  return all.findLast(({ planned }) => path === planned.path || path.startsWith(`${planned.path}.`))
}
