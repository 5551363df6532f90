// What the rules look at: one planned file with its text.
import type { Plan } from '../../plan/plan-types.ts'
import type { Problem } from '../../plan/problem.ts'
import type { OrderFacts } from '../order/order-facts.ts'
import type { LintStep } from './lint-step.ts'
import type { Suppression } from './suppressions.ts'

export interface LintSubject {
  readonly plan: Plan
  readonly text: string
  /** Of the top level. */
  readonly steps: readonly LintStep[]
  /** All of them, in the order of the file. */
  readonly all: readonly LintStep[]
  /** What planning had to say: no errors. */
  readonly problems: readonly Problem[]
  readonly nodeNames: readonly string[]
  /** Those that were needed are marked as the rules report. */
  readonly suppressions: readonly Suppression[]
  /** What is known about before and after; worked out when it is first asked for. */
  readonly order: () => OrderFacts
}
