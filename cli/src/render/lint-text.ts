// What `calbox lint` says besides the findings themselves.

import type { FixResult } from '@calbox/workflows/fix'
import type { LintResult } from '@calbox/workflows/lint'
import { formatTable } from '../commands/format-table.ts'
import { counted } from './counted.ts'
import type { Style } from './style.ts'

/** One file, as it is after what was asked for. */
export interface LintedFile extends LintResult {
  readonly file: { readonly name: string; readonly text: string }
  readonly fixed?: FixResult
}

interface Rule {
  readonly id: string
  readonly severity: string
  readonly sometimes?: string
  readonly summary: string
  readonly fix?: string
}

export function renderLintVerdict(
  { file, problems, findings, fixed }: LintedFile,
  isDry: boolean,
  style: Style,
): string {
  if (problems.length > 0)
    return style.bad(`${style.failed} ${file.name}: ${counted(problems.length, 'error')}, not linted`)
  const numbers = (['error', 'warning', 'note'] as const).flatMap((severity) => {
    const count = findings.filter((finding) => finding.severity === severity).length
    return count === 0 ? [] : [counted(count, severity)]
  })
  const done =
    fixed === undefined || fixed.fixed.length === 0 || isDry ? '' : `; ${counted(fixed.fixed.length, 'finding')} fixed`
  if (numbers.length === 0) return style.good(`${style.passed} ${file.name}: nothing found${done}`)
  const fixable = findings.filter(({ fix }) => fix !== undefined).length
  const more = fixable === 0 ? '' : style.faint(` (${fixable} of them --fix can write)`)
  const hasGrave = findings.some(({ severity }) => severity !== 'note')
  const verdict = `${hasGrave ? style.warning : style.note} ${file.name}: ${numbers.join(', ')}${done}`
  return `${hasGrave ? style.warn(verdict) : verdict}${more}`
}

export function renderDifference(difference: string, style: Style): string {
  return difference
    .split('\n')
    .map((line) => {
      if (line.startsWith('+')) return style.good(line)
      if (line.startsWith('-')) return style.bad(line)
      return line.startsWith('@@') ? style.place(line) : line
    })
    .join('\n')
}

export function renderRules(rules: readonly Rule[], style: Style): string {
  const rows = rules.map(({ id, severity, sometimes, summary, fix }) => [
    id,
    sometimes === undefined ? severity : `${severity}, sometimes ${sometimes}`,
    fix === undefined ? summary : `${summary} (--fix)`,
  ])
  return `${formatTable(['rule', 'severity', 'what'], rows)}\n${style.faint('docs/reference/lint.md says why, with examples')}\n`
}
