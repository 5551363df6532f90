import { type Span, textsIn } from '../../../plan/yaml/source-node.ts'
import type { LintRule } from '../../rule.ts'
import { isInside, type LintStep } from '../../source/lint-step.ts'

/** Keys whose texts are never resolved, hold other steps, or are statements. */
const NOT_RESOLVED: ReadonlySet<string> = new Set(
  'type name description node nodes outputs method message statements steps groups operations patterns if expect'.split(
    ' ',
  ),
)

export const lostQuotes: LintRule = {
  id: 'lost-quotes',
  severity: 'warning',
  summary: 'Quotes around a whole text are taken off before it is used.',
  why: `A text that begins and ends with the same quotes, and has no placeholder, loses them when the step runs, as in the
original: \`"'red'"\` in YAML is sent as \`red\`. With a placeholder inside they stay: \`"'{{color}}'"\` is sent with its quotes, and
is no number and no map any more, whatever was captured.`,
  bad: `
- { type: call, node: a, context_id: '{{ctx}}', method: set, args: { key: color, value: "'red'" } }`,
  good: `
- { type: call, node: a, context_id: '{{ctx}}', method: set, args: { key: color, value: red } }`,
  check(subject, report) {
    for (const step of subject.all) {
      if (isInside(step, 'fuzzy_test')) continue
      for (const { text, span } of textsOf(step)) {
        if (!isQuoted(text)) continue
        const inner = text.slice(1, -1)
        const isWhole = !inner.includes('{{') && !inner.includes('}}')
        if (!isWhole && !/^\{\{[^{}]+\}\}$/.test(inner)) continue
        const message = isWhole
          ? `the quotes of ${JSON.stringify(text)} are taken off: ${JSON.stringify(inner)} is used`
          : `the quotes of ${JSON.stringify(text)} stay: what is used is a text with quotes around it`
        report({ step, span, message, hint: `write ${inner} in the quotes of YAML alone` })
      }
    }
  },
}

function isQuoted(text: string): boolean {
  return text.length >= 2 && (text[0] === "'" || text[0] === '"') && text.endsWith(text[0])
}

function textsOf({ node }: LintStep): { text: string; span: Span }[] {
  return (node?.entries ?? []).filter(({ key }) => !NOT_RESOLVED.has(key)).flatMap(({ value }) => textsIn(value))
}
