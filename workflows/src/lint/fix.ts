// `--fix`: writes what the rules can write safely into the text of the file, and keeps the rest of it as it is.
import { planWorkflow } from '../plan/plan.ts'
import type { Plan, PlannedStep } from '../plan/plan-types.ts'
import { stepSchemas } from '../steps/registry.ts'
import { isJsonObject, type JsonValue, keysOf, objectOf } from '../values/json/json-value.ts'
import { stringifyLosslessJson } from '../values/json/lossless-json.ts'
import type { Edit, LintFinding } from './finding.ts'
import { FIX_ROUNDS_MAX } from './limits.ts'
import { type LintRequest, lintWorkflow } from './lint.ts'
import { unifiedDiff } from './source/unified-diff.ts'

export interface FixResult {
  readonly text: string
  /** What was changed, in the order in which it was. */
  readonly fixed: readonly LintFinding[]
  /** As `diff -u` shows it; empty where nothing was changed. */
  readonly difference: string
}

/** Never throws. Fixing what it has fixed changes nothing. A file that cannot be planned is left as it is. */
export function fixWorkflow(request: LintRequest): FixResult {
  const fixed: LintFinding[] = []
  const refused = new Set<string>()
  let text = request.text
  for (let round = 0; round < FIX_ROUNDS_MAX; round += 1) {
    const { plans, findings } = lintWorkflow({ ...request, text })
    const next = findings.find((finding) => finding.fix !== undefined && !refused.has(keyOf(finding)))
    if (next?.fix === undefined) break
    const chosen = findings.filter((finding) => finding.fix !== undefined && !refused.has(keyOf(finding)))
    const together = withoutOverlaps(chosen)
    const all = apply(text, together)
    const one = apply(text, [next])
    if (keepsPlans(plans, { ...request, text: all })) {
      text = all
      fixed.push(...together)
    } else if (keepsPlans(plans, { ...request, text: one })) {
      text = one
      fixed.push(next)
    } else refused.add(keyOf(next))
  }
  return { text, fixed, difference: unifiedDiff(request.file, request.text, text) }
}

function keyOf({ rule, path, message }: LintFinding): string {
  return `${rule} ${path} ${message}`
}

function editsOf(findings: readonly LintFinding[]): Edit[] {
  return findings.flatMap(({ fix }) => fix?.edits ?? []).sort((a, b) => a.start - b.start)
}

function withoutOverlaps(findings: readonly LintFinding[]): LintFinding[] {
  const taken: LintFinding[] = []
  for (const finding of findings) {
    const edits = editsOf([...taken, finding])
    if (edits.every((edit, at) => at === 0 || (edits[at - 1]?.end ?? 0) <= edit.start)) taken.push(finding)
  }
  return taken
}

function apply(text: string, findings: readonly LintFinding[]): string {
  let result = text
  for (const { start, end, text: inserted } of editsOf(findings).reverse()) {
    result = result.slice(0, start) + inserted + result.slice(end)
  }
  return result
}

/** A guard, not a hope: the text that was written plans as before, with barriers more and captures less. */
function keepsPlans(before: readonly Plan[], request: LintRequest): boolean {
  const { plans } = planWorkflow({ absentFiles: 'warning', ...request, kinds: stepSchemas })
  return plans.length === before.length && plans.every((plan, at) => keepsPlan(before[at] ?? plan, plan))
}

function keepsPlan(before: Plan, plan: Plan): boolean {
  const { steps: _, stepCount: __, settingPositions: ___, ...oldRest } = before
  const { steps: ____, stepCount: _____, settingPositions: ______, ...newRest } = plan
  return withoutPlaces(oldRest) === withoutPlaces(newRest) && keepsSteps(before.steps, plan.steps)
}

function withoutPlaces(value: unknown): string {
  return JSON.stringify(value, (key, inner: unknown) => {
    if (key === 'position') return undefined
    return typeof inner === 'bigint' ? String(inner) : inner
  })
}

function keepsSteps(before: readonly PlannedStep[], after: readonly PlannedStep[]): boolean {
  let at = 0
  for (const step of after) {
    const old = before[at]
    if (old !== undefined && keepsStep(old, step)) at += 1
    else if (step.kind !== 'wait_for_sync') return false
  }
  return at === before.length
}

function keepsStep(before: PlannedStep, after: PlannedStep): boolean {
  const isSame = ownText(before) === ownText(after) && before.branches.length === after.branches.length
  const outputs = before.outputs ?? {}
  const keepsOutputs = Object.entries(after.outputs ?? {}).every(
    ([name, form]) => stringifyLosslessJson(form ?? null) === stringifyLosslessJson(outputs[name] ?? null),
  )
  return (
    isSame &&
    keepsOutputs &&
    before.branches.every((branch, at) => keepsSteps(branch.steps, after.branches[at]?.steps ?? []))
  )
}

/** All of a step but where it stands, what it captures and what is nested in it. */
function ownText(step: PlannedStep): string {
  const {
    index: _,
    input,
    outputs: __,
    position: ___,
    fieldPositions: ____,
    path: _____,
    branches: ______,
    ...rest
  } = step
  return `${withoutPlaces(rest)} ${stringifyLosslessJson(withoutSteps(input))}`
}

function withoutSteps(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withoutSteps)
  if (!isJsonObject(value)) return value
  const keys = keysOf(value).filter((key) => key !== 'steps')
  return objectOf(keys.map((key) => [key, withoutSteps(value[key] ?? null)]))
}
