// Whether a step that is tried again can get past a variable that is not set: only what it sets itself changes between tries.
import { isAutomaticVariable } from '../../plan/check/automatic-variables.ts'
import type { PlannedStep } from '../../plan/plan-types.ts'
import { StepError } from '../../steps/step-error.ts'
import type { StepKind } from '../../steps/step-kind.ts'
import { hasKey, isJsonObject, type JsonObject, keysOf } from '../../values/json/json-value.ts'
import { ValuesError } from '../../values/values-error.ts'
import { StepFailedError } from '../run-errors.ts'

type KindOf = (name: string) => Pick<StepKind, 'exportedVariables'> | undefined

/** `unset`: what the step itself, which failed with the error, has passed on as text. */
export function isHopeless(error: unknown, unset: readonly string[], step: PlannedStep, kindOf: KindOf): boolean {
  if (unset.some((name) => !maySet(step, name, kindOf))) return true
  if (error instanceof StepFailedError) return isHopeless(error.cause, error.unset, step, kindOf)
  if (error instanceof ValuesError)
    return isHopeless(undefined, error.unset === undefined ? [] : [error.unset], step, kindOf)
  if (!(error instanceof StepError)) return false
  // Of steps beside each other one that gets through may be enough.
  const isHopelessBeside =
    error.failures.length > 0 && error.failures.every((each) => isHopeless(each, [], step, kindOf))
  return isHopelessBeside || isHopeless(undefined, error.unset, step, kindOf)
}

/** Generous on purpose: a try too many costs time, one too few the step. */
function maySet({ kind, outputs = {}, controls, branches }: PlannedStep, name: string, kindOf: KindOf): boolean {
  const named = [...(kindOf(kind)?.exportedVariables ?? []), ...keysOf(outputs), ...targetsOf(outputs)]
  if (named.some((each) => isFormOf(each, name))) return true
  if (controls?.forEach?.as === name || hasName(controls?.vars, name)) return true
  // The end of a loop and raw replies set some that no step names.
  if (branches.length > 0 && isAutomaticVariable(name, new Set())) return true
  return branches.some(
    ({ defaults, steps }) => hasName(defaults, name) || steps.some((inner) => maySet(inner, name, kindOf)),
  )
}

function targetsOf(outputs: JsonObject): string[] {
  return keysOf(outputs).flatMap((key) => {
    const form = outputs[key] ?? null
    return isJsonObject(form) && typeof form.target === 'string' ? [form.target] : []
  })
}

/** `blob_id_{node}`: of whichever node. */
function isFormOf(form: string, name: string): boolean {
  const brace = form.indexOf('{')
  return brace < 0 ? form === name : name.startsWith(form.slice(0, brace))
}

function hasName(values: JsonObject | undefined, name: string): boolean {
  return values !== undefined && hasKey(values, name)
}
