// One step on its way, over all of its tries.
import type { PlannedStep } from '../../plan/plan-types.ts'
import type { StepKind, StepResult } from '../../steps/step-kind.ts'
import type { JsonValue } from '../../values/json/json-value.ts'
import type { Variables } from '../../values/variables.ts'
import { AttemptHistory } from '../controls/attempts.ts'
import type { StepRef } from '../events.ts'
import { TimingTally } from '../timing-tally.ts'
import type { StepScope } from './step-scope.ts'
import type { TrialLevel } from './trial-level.ts'

export interface StepRunPlace {
  readonly variables: Variables
  readonly trial: TrialLevel | undefined
  readonly within: readonly string[]
}

/** What the end event of a step is made of. */
export class StepRun {
  readonly kind: StepKind
  readonly step: PlannedStep
  readonly ref: StepRef
  readonly variables: Variables
  readonly tally = new TimingTally()
  readonly history = new AttemptHistory()
  /** Of the last try. */
  scope: StepScope | undefined

  /** Where it is tried out. */
  readonly trial: TrialLevel | undefined

  /** The iterations, groups and entries that it is in, the outermost first. Empty outside of all. */
  readonly within: readonly string[]

  constructor(kind: StepKind, step: PlannedStep, ref: StepRef, { variables, trial, within }: StepRunPlace) {
    this.kind = kind
    this.step = step
    this.ref = ref
    this.variables = variables
    this.trial = trial
    this.within = within
  }

  get captured(): Readonly<Record<string, JsonValue>> {
    return this.scope?.captured ?? {}
  }

  summaryOf({ skipped, summary }: StepResult): string | undefined {
    if (skipped !== undefined) return `skipped: ${skipped}`
    if (this.history.count <= 1) return summary
    const tries = `try ${this.history.count}`
    return summary === undefined ? tries : `${summary} (${tries})`
  }
}
