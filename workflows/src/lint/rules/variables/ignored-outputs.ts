import type { LintRule } from '../../rule.ts'
import { fieldOf } from '../../source/lint-step.ts'

export const ignoredOutputs: LintRule = {
  id: 'ignored-outputs',
  severity: 'warning',
  summary: 'outputs of a kind that captures nothing.',
  why: `Some kinds have no reply that \`outputs\` could read: the variables are never set, and a placeholder with their name
becomes text. A \`script\` sets \`script_output_local\` and others by itself.`,
  bad: `
- { type: script, script: check.sh, target: local, outputs: { said: output } }`,
  good: `
- { type: script, script: check.sh, target: local }
- { type: assert, statements: ["contains({{script_output_local}}, 'done')"] }`,
  check(subject, report) {
    for (const step of subject.all) {
      const { kind, planned } = step
      const outputs = fieldOf(step, 'outputs')
      if (outputs === undefined || kind === undefined || kind.outputs.length > 0) continue
      if (planned.outputs === undefined || kind.unsupported !== undefined || kind.outputsAreExtra === true) continue
      const message = `a ${kind.kind} step captures nothing: these variables are never set`
      const own = (kind.exportedVariables ?? []).map((name) => `{{${name}}}`)
      const hint = own.length === 0 ? 'delete outputs' : `use what it sets by itself: ${own.join(', ')}`
      report({ step, span: outputs.keySpan, message, hint })
    }
  },
}
