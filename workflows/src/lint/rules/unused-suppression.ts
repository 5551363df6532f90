import { didYouMean } from '../../plan/did-you-mean.ts'
import type { LintRule } from '../rule.ts'
import { ownLines } from '../source/remove-entry.ts'
import type { Suppression } from '../source/suppressions.ts'

/** Given to it by the registry, which it is in itself. */
export function unusedSuppression(otherRules: readonly string[]): LintRule {
  return {
    id: 'unused-suppression',
    severity: 'warning',
    summary: 'A comment that suppresses nothing, or gives no reason.',
    why: `\`# calbox-lint-disable-next-line rule -- why\` holds back the findings of a rule on the next line or in the step that
begins there. One that is not needed any more hides the next mistake, and one without a reason cannot be judged by who
comes later.`,
    bad: `
# calbox-lint-disable-next-line unused-capture -- read by the demo
- { type: call, node: a, context_id: '{{ctx}}', method: get, args: { key: color } }`,
    good: `
# calbox-lint-disable-next-line unused-capture -- read by the demo
- { type: call, node: a, context_id: '{{ctx}}', method: get, args: { key: color }, outputs: { read: result } }`,
    fix: 'removes a comment none of whose rules has found anything. Safe: it is a comment.',
    check(subject, report) {
      for (const suppression of subject.suppressions) {
        const { start, end, rules, used, reason } = suppression
        const span = { start, end }
        for (const rule of rules.filter((each) => !otherRules.includes(each))) {
          const hint = didYouMean(rule, otherRules, `rules: ${otherRules.join(', ')}`)
          report({ span, message: `there is no rule "${rule}"`, ...(hint !== undefined && { hint }) })
        }
        const unused = rules.filter((rule) => otherRules.includes(rule) && !used.has(rule))
        if (unused.length > 0) {
          const fix = fixOf(suppression, unused.length, subject.text)
          const message = `${unused.join(', ')} has found nothing here`
          report({ span, message, hint: 'delete this comment', ...(fix && { fix }) })
        } else if (rules.length === 0) {
          report({ span, message: 'the comment names no rule', hint: `name one of ${otherRules.join(', ')}` })
        } else if (reason === '') {
          report({ span, message: 'the comment gives no reason', hint: 'write it behind the rule: rule -- why' })
        }
      }
    },
  }
}

function fixOf({ start, end, rules }: Suppression, unused: number, text: string) {
  const lines = unused === rules.length ? ownLines({ start, end }, text) : undefined
  return lines && { description: 'remove the comment', edits: [{ ...lines, text: '' }] }
}
