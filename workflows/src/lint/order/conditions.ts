// Under which conditions a step is run at all, as texts. A barrier that may be left out still stands before a read that
// would be left out with it, and behind a write that would.
import type { LintStep } from '../source/lint-step.ts'

/** Of its own key: all of these texts hold where it is run. Undefined: it never is. */
export function ownConditions({ planned }: LintStep): readonly string[] | undefined {
  const condition = planned.controls?.if
  if (condition === false) return undefined
  return condition === undefined || condition === true ? [] : condition
}

/** With those of all steps around it. */
export function conditionsOf(step: LintStep): ReadonlySet<string> {
  const texts = new Set<string>()
  for (let each: LintStep | undefined = step; each !== undefined; each = each.parent) {
    for (const text of ownConditions(each) ?? []) texts.add(text)
  }
  return texts
}
