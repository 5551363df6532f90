// `# calbox-lint-disable-next-line rule, other-rule -- why`: findings of these rules on the next line, or in the step that
// begins there, are not reported.
import type { LintFinding } from '../finding.ts'
import { commentsOf } from './comments.ts'

export interface Suppression {
  /** Of the comment. */
  readonly start: number
  readonly end: number
  readonly rules: readonly string[]
  readonly reason: string
  /** The line it is about, from 1. Undefined: none follows. */
  readonly line: number | undefined
  /** Rules of which it has held back a finding. */
  readonly used: Set<string>
}

const DIRECTIVE = 'calbox-lint-disable-next-line'

export function suppressionsOf(text: string): Suppression[] {
  if (!text.includes(DIRECTIVE)) return []
  const lines = text.split('\n')
  return commentsOf(text).flatMap(({ start, text: comment }) => {
    const [, given] = new RegExp(`^#+\\s*${DIRECTIVE}(?![\\w-])(.*)$`).exec(comment.trimEnd()) ?? []
    if (given === undefined) return []
    const [names = '', ...reason] = given.split(/\s--\s|:/)
    const rules = names.split(/[\s,]+/).filter((name) => name !== '')
    const own = text.slice(0, start).split('\n').length
    const line = lines.findIndex((each, at) => at >= own && each.trim() !== '' && !each.trim().startsWith('#'))
    const place = { start, end: start + comment.trimEnd().length, line: line < 0 ? undefined : line + 1 }
    return [{ ...place, rules, reason: reason.join(':').trim(), used: new Set<string>() }]
  })
}

/** `stepLine`: where the step of the finding begins. */
export function suppresses(suppression: Suppression, finding: LintFinding, stepLine: number | undefined): boolean {
  const { line, rules } = suppression
  return line !== undefined && rules.includes(finding.rule) && (line === finding.line || line === stepLine)
}
