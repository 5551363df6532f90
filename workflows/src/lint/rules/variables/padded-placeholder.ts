import { textsIn } from '../../../plan/yaml/source-node.ts'
import type { LintRule } from '../../rule.ts'
import { isInside } from '../../source/lint-step.ts'

/** Keys whose texts are never resolved, hold other steps, or are trimmed by what reads them. */
const NOT_RESOLVED: ReadonlySet<string> = new Set(
  'type name description outputs method message statements steps groups operations if expect'.split(' '),
)
const PADDED = /^(?:\s+\{\{[^{}]*\}\}\s*|\{\{[^{}]*\}\}\s+)$/

export const paddedPlaceholder: LintRule = {
  id: 'padded-placeholder',
  severity: 'warning',
  summary: 'White space beside a placeholder makes a text of its value.',
  why: `A placeholder that is the whole text gives the value as it was captured: a number, a map, a list. With a space or a line
break beside it the value is put into a text, as in the original, in the words of Python: a number becomes \`" 5"\`, a map
\`" {'output': None}"\`. A block of YAML (\`|\`, \`>\`) ends with a line break, \`|-\` and \`>-\` do not.`,
  bad: `
- { type: call, node: a, context_id: '{{ctx}}', method: set, args: { key: color, value: ' {{app}}' } }`,
  good: `
- { type: call, node: a, context_id: '{{ctx}}', method: set, args: { key: color, value: '{{app}}' } }`,
  check(subject, report) {
    for (const step of subject.all) {
      if (isInside(step, 'fuzzy_test')) continue
      for (const { key, value } of step.node?.entries ?? []) {
        if (NOT_RESOLVED.has(key)) continue
        for (const { text, span } of textsIn(value)) {
          if (!PADDED.test(text)) continue
          const message = `the white space in ${JSON.stringify(text)} makes a text of the value, and stays in it`
          report({ step, span, message, hint: `write '${text.trim()}'` })
        }
      }
    }
  },
}
