// What a step may open while the one before it runs.
import type { PlannedStep } from '../../plan/plan-types.ts'
import type { HeadStart, StepContext, StepKind } from '../../steps/step-kind.ts'
import { HEAD_START_MS } from '../limits.ts'

/** Undefined where the kind has none, keys of the step decide whether or how often it runs, or it cannot be had yet. */
export async function openHeadStart(
  kind: StepKind | undefined,
  step: PlannedStep,
  context: StepContext,
  { signal }: { signal: AbortSignal },
): Promise<HeadStart | undefined> {
  if (kind?.headStart === undefined || step.controls !== undefined || step.flaw !== undefined) return undefined
  const limited = AbortSignal.any([signal, AbortSignal.timeout(HEAD_START_MS)])
  try {
    return await kind.headStart(step.input, context, { signal: limited })
  } catch {
    // A variable that the step before it sets, a node that it starts: `run` meets whatever is really wrong, and says it.
    return undefined
  }
}
