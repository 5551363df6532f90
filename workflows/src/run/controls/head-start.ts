// What a step may open while the one before it runs.
import type { PlannedStep } from '../../plan/plan-types.ts'
import type { HeadStart, StepContext, StepKind } from '../../steps/step-kind.ts'
import { HEAD_START_MS } from '../limits.ts'

export interface HeadStartOptions {
  readonly signal: AbortSignal
  /** It took too long: what the step before brings about may come too early for this one. */
  readonly onLate: (message: string) => void
}

/** Undefined where the kind has none, keys of the step decide whether or how often it runs, or it cannot be had yet. */
export async function openHeadStart(
  kind: StepKind | undefined,
  step: PlannedStep,
  context: StepContext,
  { signal, onLate }: HeadStartOptions,
): Promise<HeadStart | undefined> {
  if (kind?.headStart === undefined || step.controls !== undefined || step.flaw !== undefined) return undefined
  const late = new AbortController()
  const cancel = context.clock.timer(HEAD_START_MS, () => late.abort())
  try {
    return await kind.headStart(step.input, context, { signal: AbortSignal.any([signal, late.signal]) })
  } catch {
    // A variable that the step before it sets, a node that it starts: `run` meets whatever is really wrong, and says it.
    if (late.signal.aborted) {
      const within = `${HEAD_START_MS / 1000} s`
      onLate(
        `${step.kind} could not begin within ${within}, before the step ahead of it: what that brings about may be missed`,
      )
    }
    return undefined
  } finally {
    cancel()
  }
}
