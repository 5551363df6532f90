import type { LintRule } from '../../rule.ts'
import type { LintStep } from '../../source/lint-step.ts'
import { spanAtPosition } from '../../source/positions.ts'

export const unknownPlaceholder: LintRule = {
  id: 'unknown-placeholder',
  severity: 'warning',
  summary: 'A placeholder whose variable nothing sets before: it becomes text, or fails an assertion.',
  why: `Outside of assertions a placeholder that is not known is no error, as in the original: \`{{name}}\` is passed on as it is,
and inside of other text the bare name takes its place. The step then asks for a context called \`{{ctx}}\`, and fails far from
the mistake, or passes. Statements of assertions, \`if\` and \`expect\` fail by it. \`{{a.b}}\` looks for a variable with that very name; parts of a value are captured with a path.`,
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
      report({
        step,
        span,
        message: `${message}: ${outcomeOf(step, problem.path)}`,
        ...(hint !== undefined && { hint }),
      })
    }
  },
}

/** Kinds in which no placeholder may stay as it is, but in fields that all kinds have. */
const STRICT: ReadonlySet<string> = new Set(['assert', 'json_assert', 'assert_api_response', 'assert_ws_event'])
const LENIENT_FIELD = /^(?:name|node|vars)\b/

function outcomeOf({ planned }: LintStep, path: string): string {
  const field = path.slice(planned.path.length + 1)
  const { controls } = planned
  const isOfControl = (name: string, control: unknown) => control !== undefined && new RegExp(`^${name}\\b`).test(field)
  const isStrict =
    isOfControl('if', controls?.if) ||
    isOfControl('expect', controls?.expect) ||
    isOfControl('for_each', controls?.forEach)
  if (!isStrict && (!STRICT.has(planned.kind) || LENIENT_FIELD.test(field))) return 'it becomes text'
  return field.startsWith('statements') ? 'the statement fails' : 'the step fails'
}

/** The innermost step of a path such as `steps[3].steps[0].args`. */
function stepAt(all: readonly LintStep[], path: string): LintStep | undefined {
  return all.findLast(({ planned }) => path === planned.path || path.startsWith(`${planned.path}.`))
}
