// `steps`, recursively: each is recognised by its type and checked against its kind's schema and rules.

import { type CommonStepFields, commonStepFields, Type, untypedStepFields } from '@calbox/schemas'
import { isJsonObject, type JsonObject } from '../../values/json/json-value.ts'
import { checkSchema, fieldNames, isOpen } from '../check/check-schema.ts'
import { describeNode } from '../check/schema-view.ts'
import type { StepProblem, StepSchema, StepSchemaRegistry } from '../check/step-schema.ts'
import { didYouMean } from '../did-you-mean.ts'
import { STEP_DEPTH_MAX } from '../limits.ts'
import type { PlannedBranch, PlannedStep } from '../plan-types.ts'
import { type Finding, type FindingSink, type ProblemCollector, pathText } from '../problem.ts'
import type { ValuePath } from '../yaml/source-node.ts'
import {
  entryOf,
  type MapEntry,
  type MapNode,
  type SourceNode,
  spanAt,
  startOf,
  textOf,
  toObject,
  withEntries,
} from '../yaml/source-node.ts'
import type { IncludedFiles, SourceFile } from './included-files.ts'
import { findNestedLists } from './nested-lists.ts'
import { controlNames, type ReadControls, readControls } from './read-controls.ts'
import { LOOSE_STEP_TYPES, UPSTREAM_STEP_TYPES } from './step-names.ts'

/** A step as it stands in the file, known or not: what the checks of references walk over. */
export interface SourceStep {
  readonly node: MapNode
  readonly path: ValuePath
  readonly kind: StepSchema | undefined
  readonly branches: readonly (readonly SourceStep[])[]
  /** Of the file it stands in, which may be an included one. */
  readonly problems: ProblemCollector
  /** Variables that its included file sets where they are not set. */
  readonly defaults?: readonly string[]
}

export interface ReadSteps {
  readonly steps: readonly PlannedStep[]
  readonly source: readonly SourceStep[]
  readonly count: number
}

interface OneStep {
  readonly planned: PlannedStep | undefined
  readonly source: SourceStep
}

export function readSteps(
  node: SourceNode | undefined,
  kinds: StepSchemaRegistry,
  file: { readonly name: string; readonly problems: ProblemCollector; readonly included: IncludedFiles },
): ReadSteps {
  const { name, problems, included } = file
  const counter = { steps: 0 }
  const reader = new StepsReader({ kinds, included, counter }, { file: name, problems, above: [] }, '')
  const read = node === undefined ? [] : reader.list(node, ['steps'], problems, 0)
  return {
    steps: read.flatMap((step) => step.planned ?? []),
    source: read.map((step) => step.source),
    count: counter.steps,
  }
}

interface ReaderParts {
  readonly kinds: StepSchemaRegistry
  readonly included: IncludedFiles
  readonly counter: { steps: number }
}

const COMMON_NAMES = fieldNames(commonStepFields)

/** A step with this key needs no type. */
const INCLUDE = 'include'

const VARS = Type.Record(Type.String(), Type.Unknown())

/** Of one file; an included one has a reader of its own. */
class StepsReader {
  private readonly parts: ReaderParts
  private readonly source: SourceFile
  /** In front of the paths of its steps, so that these are unique in the plan. */
  private readonly prefix: string

  constructor(parts: ReaderParts, source: SourceFile, prefix: string) {
    this.parts = parts
    this.source = source
    this.prefix = prefix
  }

  list(node: SourceNode, path: ValuePath, sink: FindingSink, depth: number): OneStep[] {
    if (node.kind === 'scalar' && node.value === null) return []
    if (node.kind !== 'list') {
      const message = `the steps must be a list, not ${describeNode(node)}`
      sink.add({ code: 'wrong_type', span: startOf(node), path, message, hint: 'start each step with "- "' })
      return []
    }
    if (depth > STEP_DEPTH_MAX) {
      const message = `steps are nested deeper than ${STEP_DEPTH_MAX} levels`
      sink.add({ code: 'file_too_large', span: startOf(node), path, message })
      return []
    }
    return node.items.flatMap((item, index) => this.step(item, [...path, index], sink, depth) ?? [])
  }

  private step(node: SourceNode, path: ValuePath, sink: FindingSink, depth: number): OneStep | undefined {
    this.parts.counter.steps += 1
    if (node.kind !== 'map') {
      const message = `a step must be a map, not ${describeNode(node)}`
      sink.add({ code: 'wrong_type', span: startOf(node), path, message })
      return undefined
    }
    const kind = this.kindOf(node, path, sink)
    const { problems } = this.source
    if (kind === undefined) return { planned: undefined, source: { node, path, kind, branches: [], problems } }
    const shared = controlNames(kind)
    const own = node.entries.filter(({ key }) => !COMMON_NAMES.includes(key) && !shared.includes(key))
    const common = checkCommon(node, path, sink)
    const controls = readControls(kind, node, path, sink)
    const flaws: string[] = []
    const input = checkOwn(kind, node, own, path, flawSink(kind, { flaws, depth: path.length }, sink))
    const included = this.included(kind, node, path, sink, depth)
    const nested = included === undefined ? this.nested(kind, node, path, sink, depth) : [included]
    if (input !== undefined) {
      for (const problem of kind.checks?.(input) ?? []) {
        addCheck(problem, node, path, sink)
        if (problem.severity === 'flaw') flaws.push(problem.message)
      }
    }
    const branches = nested.map((branch) => branch.steps.map((step) => step.source))
    const defaults = included?.defaults && Object.keys(included.defaults)
    const source: SourceStep = { node, path, kind, branches, problems, ...(defaults && { defaults }) }
    const isPlanned = common !== undefined && controls.valid && (input !== undefined || flaws.length > 0)
    if (!isPlanned) return { planned: undefined, source }
    const planned = this.planned({ kind, common, controls, input: input ?? {}, node, path, nested })
    return { planned: flaws.length === 0 ? planned : { ...planned, flaw: flaws.join('; ') }, source }
  }

  private kindOf(node: MapNode, path: ValuePath, sink: FindingSink): StepSchema | undefined {
    const entry = entryOf(node, 'type')
    if (entry === undefined && entryOf(node, INCLUDE) !== undefined) return this.parts.kinds.find(INCLUDE)
    const type = textOf(entry?.value)
    if (entry === undefined || type === undefined || type === '') {
      const given = entry === undefined ? '' : `: it must be a text, not ${describeNode(entry.value)}`
      const message = entry === undefined ? 'the step has no "type"' : `the step has no usable "type"${given}`
      sink.add({ code: 'missing_field', span: startOf(entry?.value ?? node), path, message })
      return undefined
    }
    const kind = this.parts.kinds.find(type)
    const place = { span: entry.value.span, path: [...path, 'type'] }
    if (kind?.unsupported !== undefined) {
      const message = `step kind "${type}" cannot be run: this step will fail`
      sink.add({ code: 'unsupported_kind', ...place, message, hint: kind.unsupported, severity: 'warning' })
    } else if (kind === undefined && UPSTREAM_STEP_TYPES.has(type)) {
      const message = `step kind "${type}" of merobox is not supported by this version`
      sink.add({ code: 'unsupported_kind', ...place, message })
    } else if (kind === undefined) {
      const hint = didYouMean(
        type,
        [...this.parts.kinds.names(), ...UPSTREAM_STEP_TYPES],
        '"calbox steps" lists the known kinds',
      )
      sink.add({ code: 'unknown_kind', ...place, message: `unknown step kind "${type}"`, hint })
    }
    return kind
  }

  private nested(kind: StepSchema, node: MapNode, path: ValuePath, sink: FindingSink, depth: number): NestedRead[] {
    return (kind.nested ?? []).flatMap((nested) => {
      const below: FindingSink =
        nested.severity === 'warning' ? { add: (finding) => sink.add({ ...finding, severity: 'warning' }) } : sink
      return findNestedLists(node, nested.path).map((list) => ({
        path: list.path,
        steps: this.list(list.node, [...path, ...list.path], below, depth + 1),
      }))
    })
  }

  /** Undefined: the step includes nothing, or what cannot be read. */
  private included(
    kind: StepSchema,
    node: MapNode,
    path: ValuePath,
    sink: FindingSink,
    depth: number,
  ): NestedRead | undefined {
    const entry = kind.includes === undefined ? undefined : entryOf(node, kind.includes)
    const written = textOf(entry?.value)
    if (entry === undefined || written === undefined || written === '') return undefined
    const file = this.parts.included.open(entry.value, written, [...path, entry.key], this.source)
    if (file === undefined) return undefined
    const prefix = `${this.prefix}${pathText(path)}.`
    const reader = new StepsReader(this.parts, file.source, prefix)
    const { problems } = file.source
    // Where mistakes of the step are warnings, those of what it includes are, too.
    const below: FindingSink =
      sink === this.source.problems ? problems : { add: (finding) => problems.add({ ...finding, severity: 'warning' }) }
    const steps = reader.list(file.steps, file.path, below, depth + 1)
    const vars = file.vars?.kind === 'map' ? toObject(file.vars) : undefined
    if (file.vars !== undefined) checkSchema(VARS, file.vars, ['vars'], problems)
    const name = textOf(file.name)
    return { path: [entry.key], steps, ...(vars && { defaults: vars }), ...(name !== undefined && { name }) }
  }

  private planned(step: PlannedParts): PlannedStep {
    const { common, kind, node, path } = step
    const { problems, file, above } = this.source
    const branches: PlannedBranch[] = step.nested.map((branch) => ({
      path: branch.path,
      steps: branch.steps.flatMap((nested) => nested.planned ?? []),
      ...(branch.defaults && { defaults: branch.defaults }),
    }))
    const index = path.at(-1)
    const includedName = step.nested.find(({ name }) => name !== undefined)?.name
    return {
      index: typeof index === 'number' ? index : 0,
      kind: kind.kind,
      type: common.type ?? kind.kind,
      name: common.name ?? includedName ?? includeText(kind, node) ?? common.type ?? kind.kind,
      input: step.input,
      expectedFailure: common.expected_failure ?? false,
      position: problems.position(startOf(node).start),
      fieldPositions: Object.fromEntries(
        node.entries.flatMap(({ key, value }) => {
          const parts =
            value.kind === 'list'
              ? value.items.map((item, at) => [`${key}[${at}]`, item] as const)
              : value.kind === 'map' && key === 'outputs'
                ? value.entries.map((entry) => [`outputs.${entry.key}`, entry.value] as const)
                : []
          return [[key, value] as const, ...parts].map(([name, each]) => [name, problems.position(startOf(each).start)])
        }),
      ),
      ...(above.length > 0 && { file }),
      path: `${this.prefix}${pathText(path)}`,
      ...(step.controls.controls && { controls: step.controls.controls }),
      branches,
      ...(common.description === undefined ? {} : { description: common.description }),
      ...(isJsonObject(common.outputs) ? { outputs: common.outputs } : {}),
      ...(common.expected_error === undefined ? {} : { expectedError: common.expected_error }),
      ...(common.token === undefined ? {} : { token: common.token }),
    }
  }
}

interface NestedRead {
  readonly path: ValuePath
  readonly steps: readonly OneStep[]
  readonly defaults?: JsonObject
  /** What an included file calls itself. */
  readonly name?: string
}

type UntypedCommonFields = Omit<CommonStepFields, 'type'> & { readonly type?: string }

interface PlannedParts {
  readonly kind: StepSchema
  readonly common: UntypedCommonFields
  readonly controls: ReadControls
  readonly input: JsonObject
  readonly node: MapNode
  readonly path: ValuePath
  readonly nested: readonly NestedRead[]
}

function includeText(kind: StepSchema, node: MapNode): string | undefined {
  const file = kind.includes === undefined ? undefined : textOf(entryOf(node, kind.includes)?.value)
  return file === undefined ? undefined : `include ${file}`
}

function checkCommon(node: MapNode, path: ValuePath, sink: FindingSink): UntypedCommonFields | undefined {
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

function checkOwn(
  kind: StepSchema,
  node: MapNode,
  own: readonly MapEntry[],
  path: ValuePath,
  sink: FindingSink,
): JsonObject | undefined {
  const names = fieldNames(kind.schema)
  const known = isOpen(kind.schema) ? own : own.filter((entry) => names.includes(entry.key))
  let valid = true
  for (const entry of own) {
    if (!known.includes(entry)) valid = unknownField(kind, entry, [...path, entry.key], sink) && valid
  }
  const checked = checkSchema(kind.schema, withEntries(node, known), path, sink)
  return valid && checked !== undefined && isJsonObject(checked) ? checked : undefined
}

/** True when the step can be run all the same. */
function unknownField(kind: StepSchema, entry: MapEntry, path: ValuePath, sink: FindingSink): boolean {
  const place = { span: entry.keySpan, path }
  if (entry.key === 'requester') {
    const message = '"requester" was removed: the node knows from the session who is acting'
    sink.add({ code: 'removed_field', ...place, message, hint: 'delete this line' })
    return false
  }
  const names = [...fieldNames(kind.schema), ...COMMON_NAMES, ...controlNames(kind)]
  const own = fieldNames(kind.schema).join(', ')
  const hint = didYouMean(entry.key, names, own === '' ? undefined : `the fields of ${kind.kind}: ${own}`)
  const loose = LOOSE_STEP_TYPES.has(kind.kind)
  const message = `unknown field "${entry.key}" in a step of kind "${kind.kind}"${loose ? '; it has no effect' : ''}`
  sink.add({ code: 'unknown_field', ...place, message, hint, severity: loose ? 'warning' : 'error' })
  return loose
}

/** What a warning about such a field means. */
const FAILS_LATE = 'the run gets as far as this step, which then fails'

/** The original looks at some fields only when the step is reached: then it fails, and not before. */
function flawSink(kind: StepSchema, found: { flaws: string[]; depth: number }, sink: FindingSink): FindingSink {
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

function addCheck(problem: StepProblem, node: MapNode, path: ValuePath, sink: FindingSink): void {
  sink.add({
    code: 'kind_check',
    span: spanAt(node, problem.path),
    path: [...path, ...problem.path],
    message: problem.message,
    hint: problem.hint,
    severity: problem.severity === 'flaw' ? 'warning' : problem.severity,
  })
}
