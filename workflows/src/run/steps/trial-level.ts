// Steps that are tried out (fuzzy_test): where such a step stands, and what is told of it. Of a step that is tried again only the
// last try counts, with all that ran inside it.
import type { PlannedStep } from '../../plan/plan-types.ts'
import { StepError } from '../../steps/step-error.ts'
import type { StepResult, StepTrial, StepTrialEnd } from '../../steps/step-kind.ts'
import type { Variables } from '../../values/variables.ts'
import { StepFailedError } from '../run-errors.ts'
import type { Secrets } from '../secrets/secrets.ts'

type Told = (step: PlannedStep, end: StepTrialEnd) => void

export class TrialLevel {
  readonly #trial: StepTrial
  readonly #told: Told
  /** A step around it is tried again where it fails. */
  readonly #isTriedAgain: boolean

  constructor(trial: StepTrial, above?: Told) {
    this.#trial = trial
    this.#told = above ?? ((step, end) => trial.ended(step, end))
    this.#isTriedAgain = above !== undefined
  }

  draw(step: PlannedStep): PlannedStep {
    return this.#trial.draw(step)
  }

  /** A statement that does not hold is counted, and the steps after it are run, as long as nobody tries it again. */
  isPassedOver(error: unknown): boolean {
    return !this.#isTriedAgain && error instanceof StepError && error.judged !== undefined
  }

  tries(isTriedAgain: boolean): Tries {
    return new Tries(this.#trial, this.#told, { isTriedAgain: isTriedAgain || this.#isTriedAgain })
  }
}

/** Of one step: what the last try was told is passed on at the end. */
class Tries {
  readonly #trial: StepTrial
  readonly #told: Told
  readonly #isTriedAgain: boolean
  #ends: [PlannedStep, StepTrialEnd][] = []

  constructor(trial: StepTrial, told: Told, { isTriedAgain }: { isTriedAgain: boolean }) {
    this.#trial = trial
    this.#told = told
    this.#isTriedAgain = isTriedAgain
  }

  /** A new try; the level of the steps inside. */
  begin(): TrialLevel {
    this.#ends = []
    return new TrialLevel(this.#trial, this.#isTriedAgain ? (step, end) => this.#ends.push([step, end]) : undefined)
  }

  fill(step: PlannedStep, variables: Variables, secrets: Secrets): PlannedStep {
    secrets.addMadeOf(this.#trial.lent(step))
    const isSecret = secrets.isReadBy(step.input)
    return this.#trial.fill(step, variables, { isTriedAgain: this.#isTriedAgain, isSecret })
  }

  async told(step: PlannedStep, work: Promise<StepResult>, { signal }: { signal: AbortSignal }): Promise<StepResult> {
    try {
      const result = await work
      this.#ends.push([step, { passed: true, judged: result.judged }])
      return result
    } catch (error) {
      const judged = error instanceof StepError ? error.judged : undefined
      if (!signal.aborted && !isOfOneInside(error)) this.#ends.push([step, { passed: false, judged }])
      throw error
    }
  }

  end(): void {
    for (const [step, end] of this.#ends) this.#told(step, end)
  }
}

function isOfOneInside(error: unknown): boolean {
  return error instanceof StepFailedError || (error instanceof StepError && error.failures.length > 0)
}
