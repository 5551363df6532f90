// Steps inside of a step that share its variables: what they capture is set for the steps after it.
import type { JsonValue } from '../../values/json/json-value.ts'
import type { StepContext, StepResult } from '../step-kind.ts'

export async function runInPlace(context: StepContext, options: { signal: AbortSignal }): Promise<StepResult> {
  const { variables } = context
  const [branch = { path: [], steps: [] }] = context.step.branches
  const defaults = Object.entries(branch.defaults ?? {}).filter(([name]) => !variables.has(name))
  const resolved = defaults.map(([name, value]): [string, JsonValue] => [name, context.resolve(value)])
  const run = () => context.runBranch(branch, { variables }, options)
  await variables.during(Object.fromEntries(resolved), run)
  return { summary: branch.steps.length === 1 ? '1 step' : `${branch.steps.length} steps` }
}
