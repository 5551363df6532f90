import { type MapEntry, textsIn } from '../../../plan/yaml/source-node.ts'
import type { LintRule } from '../../rule.ts'
import { isInside, type LintStep } from '../../source/lint-step.ts'
import { controlStatements, statementsOf } from '../../source/statements.ts'

/** Keys whose texts are never resolved, hold other steps, or are statements. `expect` may be a map of values. */
const NOT_RESOLVED: ReadonlySet<string> = new Set(
  'type description outputs method message statements if steps groups operations'.split(' '),
)

export const gluedPlaceholders: LintRule = {
  id: 'glued-placeholders',
  severity: 'warning',
  summary: 'A text like {{a}}-{{b}} is read as one placeholder.',
  why: `A text that begins with \`{{\` and ends with \`}}\` is one placeholder, as in the original, whatever is between: the name
\`a}}-{{b\` is never set, so the text stays as it is, and in an assertion the statement fails. It takes a sign in front or
behind that is no brace.`,
  bad: `
- { type: call, node: a, context_id: '{{ctx}}', method: set, args: { key: '{{ctx}}-{{app}}', value: red } }`,
  good: `
- { type: call, node: a, context_id: '{{ctx}}', method: set, args: { key: 'key-{{ctx}}-{{app}}', value: red } }`,
  check(subject, report) {
    for (const step of subject.all) {
      // Generators are filled in there before anything is resolved.
      if (isInside(step, 'fuzzy_test')) continue
      for (const { text, span } of textsOf(step)) {
        if (!isGlued(text)) continue
        const message = `${JSON.stringify(text)} is read as one placeholder, and is never resolved`
        report({ step, span, message, hint: 'put a sign that is no brace in front or behind' })
      }
      for (const { operands, span } of [...statementsOf(step), ...controlStatements(step)]) {
        const glued = operands.find(isGlued)
        if (glued === undefined || span === undefined) continue
        const message = `${JSON.stringify(glued)} is read as one placeholder: the statement always fails`
        report({ step, span, message, hint: 'capture what both have in common, or compare them one by one' })
      }
    }
  },
}

function isGlued(text: string): boolean {
  return text.startsWith('{{') && text.endsWith('}}') && text.slice(2, -2).includes('{{')
}

function textsOf({ node }: LintStep) {
  const isResolved = ({ key, value }: MapEntry) => (key === 'expect' ? value.kind === 'map' : !NOT_RESOLVED.has(key))
  return (node?.entries ?? []).filter(isResolved).flatMap(({ value }) => textsIn(value))
}
