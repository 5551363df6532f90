// What is set before the first step: the values of the matrix, and the file's `vars`, each of which may be made of those
// before it.
import type { Plan } from '../plan/plan-types.ts'
import { resolve } from '../values/placeholders.ts'
import { Variables } from '../values/variables.ts'
import type { Secrets } from './secrets/secrets.ts'

/** `secrets` learns the names whose values come from the environment, or are made of such. */
export function initialVariables(plan: Pick<Plan, 'matrix' | 'vars'>, secrets: Secrets): Variables {
  const variables = new Variables()
  for (const [axis, value] of Object.entries(plan.matrix?.values ?? {})) variables.set(`matrix.${axis}`, value)
  for (const { name, value, fromEnvironment } of plan.vars) {
    const resolved = resolve(value, variables)
    variables.set(name, resolved)
    if (!fromEnvironment && !secrets.isReadBy(value)) continue
    secrets.add(name)
    secrets.addValue(resolved)
  }
  return variables
}
