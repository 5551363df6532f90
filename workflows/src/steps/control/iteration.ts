// The variables of one iteration, for repeat and parallel.
import type { PlannedBranch } from '../../plan/plan-types.ts'
import type { Variables } from '../../values/variables.ts'
import type { StepContext } from '../step-kind.ts'

/** Runs the branch once in a scope of its own. `iteration` counts from 1. `prepare` may set more variables first. */
export async function runIteration(
  branch: PlannedBranch,
  iteration: number,
  run: { scope: string; timedAs: string; prepare?: (variables: Variables) => void },
  context: StepContext,
  options: { signal: AbortSignal },
): Promise<void> {
  const variables = context.variables.scope({
    iteration,
    iteration_index: iteration - 1,
    iteration_zero_based: iteration - 1,
    iteration_one_based: iteration,
  })
  run.prepare?.(variables)
  const beforeStep = (step: { name: string }, index: number) => {
    variables.setAll({ current_step: step.name, current_step_index: index + 1 })
  }
  await context.runBranch(branch, { variables, scope: run.scope, timedAs: run.timedAs, beforeStep }, options)
}
