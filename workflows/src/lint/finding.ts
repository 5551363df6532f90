// What a rule says about a place of the file, and what `--fix` would write there.
import type { Problem } from '../plan/problem.ts'

/** Offsets in the text of the file; `end` is exclusive. */
export interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

export interface Fix {
  /** In the imperative: what it changes. */
  readonly description: string
  readonly edits: readonly Edit[]
}

export interface LintFinding extends Problem {
  /** Id of the rule. */
  readonly rule: string
  /** Present where the rule can write it, and running the file stays as safe as it was. */
  readonly fix?: Fix
}
