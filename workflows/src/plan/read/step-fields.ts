// The fields of one step against what its kind says: those that all steps have, its own, and what comes of a flaw.
import { type CommonStepFields, commonStepFields, untypedStepFields } from '@calbox/schemas'
import { isJsonObject, type JsonObject } from '../../values/json/json-value.ts'
import { checkSchema, fieldNames, isOpen } from '../check/check-schema.ts'
import { describeNode } from '../check/schema-view.ts'
import type { StepProblem, StepSchema } from '../check/step-schema.ts'
import { didYouMean } from '../did-you-mean.ts'
import type { Finding, FindingSink } from '../problem.ts'
import type { ValuePath } from '../yaml/source-node.ts'
import { entryOf, type MapEntry, type MapNode, spanAt, startOf, textOf, withEntries } from '../yaml/source-node.ts'
import { controlNames } from './read-controls.ts'
import { LOOSE_STEP_TYPES } from './step-names.ts'

export type UntypedCommonFields = Omit<CommonStepFields, 'type'> & { readonly type?: string }

export const COMMON_NAMES = fieldNames(commonStepFields)

export function checkCommon(node: MapNode, path: ValuePath, sink: FindingSink): UntypedCommonFields | undefined {
  const entries = node.entries.filter((entry) => COMMON_NAMES.includes(entry.key))
  const checked = checkSchema(untypedStepFields, withEntries(node, entries), path, sink)
  const outputs = entryOf(node, 'outputs')?.value
  const captures = outputs?.kind === 'map' ? outputs.entries : []
  for (const capture of captures) checkCapture(capture, [...path, 'outputs', capture.key], sink)
  if (checked === undefined) return undefined
  const common = checked as UntypedCommonFields
  const error = entryOf(node, 'expected_error')
  if (error !== undefined && common.expected_error !== undefined && common.expected_failure !== true) {
    const message = '"expected_error" has no meaning without "expected_failure: true"'
    const hint = 'add expected_failure: true to this step'
    sink.add({ code: 'kind_check', span: error.keySpan, path: [...path, 'expected_error'], message, hint })
  }
  return common
}

function checkCapture(capture: MapEntry, path: ValuePath, sink: FindingSink): void {
  const form = capture.value
  if (textOf(form) !== undefined) return
  if (form.kind === 'map' && textOf(entryOf(form, 'field')?.value) !== undefined) return
  const message = `the output "${capture.key}" is ${describeNode(form)}${form.kind === 'map' ? ' without "field"' : ''}`
  const hint = 'write a path in the reply (result.output), or a map with "field"'
  // The original passes such an output until the step runs, so a step that never captures would still pass there.
  sink.add({ code: 'wrong_type', span: startOf(form), path, message, hint })
}

export function checkOwn(
  kind: StepSchema,
  { node, own, isLenient }: { node: MapNode; own: readonly MapEntry[]; isLenient: boolean },
  path: ValuePath,
  sink: FindingSink,
): JsonObject | undefined {
  const names = fieldNames(kind.schema)
  const known = isOpen(kind.schema) ? own : own.filter((entry) => names.includes(entry.key))
  let valid = true
  for (const entry of own) {
    if (!known.includes(entry)) valid = unknownField(kind, { entry, isLenient }, [...path, entry.key], sink) && valid
  }
  const checked = checkSchema(kind.schema, withEntries(node, known), path, sink)
  return valid && checked !== undefined && isJsonObject(checked) ? checked : undefined
}

/** True when the step can be run all the same. */
function unknownField(
  kind: StepSchema,
  { entry, isLenient }: { entry: MapEntry; isLenient: boolean },
  path: ValuePath,
  sink: FindingSink,
): boolean {
  const place = { span: entry.keySpan, path }
  if (entry.key === 'requester') {
    const message = '"requester" was removed: the node knows from the session who is acting'
    sink.add({ code: 'removed_field', ...place, message, hint: 'delete this field' })
    return false
  }
  const names = [...fieldNames(kind.schema), ...COMMON_NAMES, ...controlNames(kind)]
  const own = fieldNames(kind.schema).join(', ')
  const hint = didYouMean(entry.key, names, own === '' ? undefined : `the fields of ${kind.kind}: ${own}`)
  const loose = isLenient || LOOSE_STEP_TYPES.has(kind.kind)
  const message = `unknown field "${entry.key}" in a step of kind "${kind.kind}"${loose ? '; it has no effect' : ''}`
  sink.add({ code: 'unknown_field', ...place, message, hint, severity: loose ? 'warning' : 'error' })
  return loose
}

/** What a warning about such a field means. */
const FAILS_LATE = 'the run gets as far as this step, which then fails'

/** The original looks at some fields only when the step is reached: then it fails, and not before. */
export function flawSink(kind: StepSchema, found: { flaws: string[]; depth: number }, sink: FindingSink): FindingSink {
  const late = kind.lateFields ?? []
  const isLoose = LOOSE_STEP_TYPES.has(kind.kind)
  if (!isLoose && late.length === 0) return sink
  const add = (finding: Finding) => {
    const field = finding.path[found.depth]
    const isLate = isLoose || (typeof field === 'string' && late.includes(field) && finding.code !== 'unknown_field')
    if (!isLate) return sink.add(finding)
    const isFlaw = finding.severity === undefined || finding.severity === 'error'
    if (isFlaw) found.flaws.push(finding.message)
    const hint = isFlaw ? [finding.hint, FAILS_LATE].filter(Boolean).join('; ') : finding.hint
    sink.add({ ...finding, severity: 'warning', hint })
  }
  return { add }
}

export function addCheck(problem: StepProblem, node: MapNode, path: ValuePath, sink: FindingSink): void {
  sink.add({
    code: 'kind_check',
    span: spanAt(node, problem.path),
    path: [...path, ...problem.path],
    message: problem.message,
    hint: problem.hint,
    severity: problem.severity === 'flaw' ? 'warning' : problem.severity,
  })
}
