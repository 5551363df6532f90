// The steps of one operation of fuzzy_test, at whatever depth: chance and variables are filled in before they are run, and what
// is judged in them is counted.
import type { PlannedControls, PlannedStep } from '../../plan/plan-types.ts'
import { isJsonObject, type JsonObject, type JsonValue, keysOf, objectOf } from '../../values/json/json-value.ts'
import { resolve } from '../../values/placeholders.ts'
import type { Variables } from '../../values/variables.ts'
import type { JudgedStatement, StepTrial, StepTrialEnd, TrialFill } from '../step-kind.ts'
import type { FuzzyTally } from './fuzzy-tally.ts'
import { fillGenerators } from './generators.ts'
import { seededRandom } from './seeded-random.ts'

export class OperationTrial implements StepTrial {
  readonly #tally: FuzzyTally
  readonly #name: string
  readonly #number: number
  readonly #seed: string
  readonly #runs = new Map<string, number>()

  constructor({ tally, seed }: { tally: FuzzyTally; seed: string }, name: string) {
    this.#tally = tally
    this.#name = name
    this.#number = tally.operations
    this.#seed = seed
  }

  /** Each step draws by itself: groups that run beside each other take nothing from one another. */
  draw(step: PlannedStep): PlannedStep {
    const place = `${step.path} ${step.controls?.forEach === undefined}`
    const run = (this.#runs.get(place) ?? 0) + 1
    this.#runs.set(place, run)
    const random = seededRandom(`${this.#seed} ${this.#number} ${place} ${run}`)
    const made = (value: JsonValue) => fillGenerators(value, random)
    const { controls } = step
    // Its entries draw for themselves.
    if (controls?.forEach) {
      return { ...step, controls: { ...controls, forEach: { ...controls.forEach, in: made(controls.forEach.in) } } }
    }
    const branches = step.branches.map((branch) =>
      branch.defaults === undefined ? branch : { ...branch, defaults: mapOf(made(branch.defaults)) },
    )
    return {
      ...step,
      branches,
      input: mapOf(made(step.input)),
      ...(controls && { controls: madeControls(controls, made) }),
      ...(step.expectedError !== undefined && { expectedError: String(made(step.expectedError)) }),
    }
  }

  lent({ kind, input }: PlannedStep): JsonObject {
    if (kind !== 'call' || !isJsonObject(input.args)) return {}
    const { args } = input
    return objectOf(
      keysOf(args).flatMap((name) => [
        [`_fuzzy_args_${name}`, args[name] ?? null],
        [`fuzzy_${name}`, args[name] ?? null],
      ]),
    )
  }

  fill(step: PlannedStep, variables: Variables, { isTriedAgain, isSecret }: TrialFill): PlannedStep {
    const input = isSecret ? step.input : mapOf(resolve(step.input, variables))
    variables.setAll(mapOf(resolve(this.lent(step), variables)))
    return { ...step, input: isJudge(step) && !isTriedAgain ? { ...input, non_blocking: true } : input }
  }

  ended(step: PlannedStep, { passed, judged }: StepTrialEnd): void {
    const where = `, line ${step.position.line}${step.file === undefined ? '' : ` of ${step.file}`}`
    const placed = (each: JudgedStatement) => ({ ...each, label: `${each.label}${where}` })
    if (judged !== undefined) this.#tally.judged(this.#name, this.#number, judged.map(placed))
    else if (isJudge(step) || step.kind.startsWith('assert_')) {
      this.#tally.judged(this.#name, this.#number, [placed({ passed, label: step.name })])
    } else if (!passed) this.#tally.broken(this.#name)
  }
}

function isJudge({ kind }: PlannedStep): boolean {
  return kind === 'assert' || kind === 'json_assert'
}

function madeControls(controls: PlannedControls, made: (value: JsonValue) => JsonValue): PlannedControls {
  const { if: condition, vars, expect } = controls
  return {
    ...controls,
    ...(typeof condition === 'object' && { if: condition.map((each) => String(made(each))) }),
    ...(vars && { vars: mapOf(made(vars)) }),
    ...(expect !== undefined && { expect: made(expect) }),
  }
}

function mapOf(value: JsonValue): JsonObject {
  return isJsonObject(value) ? value : {}
}
