// For tests: plans over the sample kinds, and problems as one line each.

import { type PlanRequest, type PlanResult, planWorkflow } from './plan.ts'
import { sampleKinds } from './sample-kinds.ts'

export function plan(text: string, request: Partial<PlanRequest> = {}): PlanResult {
  return planWorkflow({ file: 'w.yml', text, kinds: sampleKinds, ...request })
}

/** A whole file around the steps; the first line of the steps is line 5. */
export function withSteps(steps: string, request: Partial<PlanRequest> = {}): PlanResult {
  return plan(`name: w\nnodes:\n  count: 2\nsteps:\n${steps}`, request)
}

/** `line:column severity message | hint`, for each problem. */
export function lines(result: PlanResult): string[] {
  return result.problems.map((problem) => {
    const hint = problem.hint === undefined ? '' : ` | ${problem.hint}`
    return `${problem.line}:${problem.column} ${problem.severity} ${problem.message}${hint}`
  })
}
