// What a lint rule is: one file of rules/, one entry of the registry. The command, its help and the page of rules read it.
import type { Severity } from '../plan/problem.ts'
import type { Span } from '../plan/yaml/source-node.ts'
import type { Fix } from './finding.ts'
import type { LintStep } from './source/lint-step.ts'
import type { LintSubject } from './source/lint-subject.ts'

export interface LintRule {
  /** What a suppression names: kebab-case. */
  readonly id: string
  /** Of its findings, where one says nothing else. `error`: the file cannot pass. `note`: only an advice. */
  readonly severity: Severity
  /** Of those of its findings that are worse, or less, for the reason that it gives. */
  readonly sometimes?: Severity
  /** One line: what is wrong. */
  readonly summary: string
  /** Why that matters, and what to do. */
  readonly why: string
  /** Steps that it reports, and the same as they should be; `[a, b]` are the nodes. The tests lint both. */
  readonly bad: string
  readonly good: string
  /** What `--fix` writes, and why that is safe. Absent: nothing. */
  readonly fix?: string
  check(subject: LintSubject, report: Report): void
}

export type Report = (found: Found) => void

export interface Found {
  /** The step that it is about; a suppression above it counts, too. Absent: it is about the file. */
  readonly step?: LintStep
  /** What to mark. Default the start of the step. */
  readonly span?: Span
  readonly message: string
  /** What to do. */
  readonly hint?: string
  readonly severity?: Severity
  readonly fix?: Fix
}
