// `steps`, recursively: each is recognised by its type and checked against its kind's schema and rules.

import { Type } from '@calbox/schemas'
import { checkSchema } from '../check/check-schema.ts'
import { describeNode } from '../check/schema-view.ts'
import type { StepSchema, StepSchemaRegistry } from '../check/step-schema.ts'
import { didYouMean, nearest } from '../did-you-mean.ts'
import { STEP_DEPTH_MAX } from '../limits.ts'
import type { PlannedStep } from '../plan-types.ts'
import { type FindingSink, type ProblemCollector, pathText } from '../problem.ts'
import type { ValuePath } from '../yaml/source-node.ts'
import { entryOf, type MapNode, type SourceNode, startOf, textOf, toObject } from '../yaml/source-node.ts'
import type { IncludedFiles, SourceFile } from './included-files.ts'
import { findNestedLists } from './nested-lists.ts'
import { type NestedSteps, plannedStep } from './planned-step.ts'
import { controlNames, readControls } from './read-controls.ts'
import { addCheck, COMMON_NAMES, checkCommon, checkOwn, flawSink } from './step-fields.ts'
import { UPSTREAM_STEP_TYPES } from './step-names.ts'

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
    const { problems } = this.source
    const kind = this.kindOf(node, path, sink)
    if (kind === undefined) return { planned: undefined, source: { node, path, kind, branches: [], problems } }
    const shared = controlNames(kind)
    const own = node.entries.filter(({ key }) => !COMMON_NAMES.includes(key) && !shared.includes(key))
    const isLenient = sink !== problems
    const wrong: string[] = []
    const noted = isLenient ? notedIn(wrong, sink) : sink
    const common = checkCommon(node, path, noted)
    const controls = readControls(kind, node, path, noted)
    if (common?.expected_failure === true) warnIgnored(kind, node, path, sink)
    const flaws: string[] = []
    const late = flawSink(kind, { flaws, depth: path.length }, noted)
    const input = checkOwn(kind, { node, own, isLenient }, path, late)
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
    if (!isPlanned && !isLenient) return { planned: undefined, source }
    // Where mistakes are warnings the step is run all the same, and fails: nothing is left out in silence.
    if (!isPlanned) flaws.push(...wrong)
    const parts = { kind, common: common ?? {}, controls, input: input ?? {}, node, path, nested }
    const planned = plannedStep(parts, this.source, this.prefix)
    return { planned: flaws.length === 0 ? planned : { ...planned, flaw: flaws.join('; ') }, source }
  }

  /** What has no type that anybody knows is nothing that could be run: an error everywhere. */
  private kindOf(node: MapNode, path: ValuePath, sink: FindingSink): StepSchema | undefined {
    const { problems } = this.source
    const entry = entryOf(node, 'type')
    if (entry === undefined && entryOf(node, INCLUDE) !== undefined) return this.parts.kinds.find(INCLUDE)
    const type = textOf(entry?.value)
    const typo = entry === undefined ? node.entries.find(({ key }) => isNearType(key)) : undefined
    if (typo !== undefined) {
      const message = `unknown field "${typo.key}", and the step has no "type"`
      problems.add({ code: 'unknown_field', span: typo.keySpan, path, message, hint: 'did you mean "type"?' })
      return undefined
    }
    if (entry === undefined || type === undefined || type === '') {
      const given = entry === undefined ? '' : `: it must be a text, not ${describeNode(entry.value)}`
      const message = entry === undefined ? 'the step has no "type"' : `the step has no usable "type"${given}`
      const hint = 'add type: call, or another kind that "calbox steps" lists'
      problems.add({ code: 'missing_field', span: startOf(entry?.value ?? node), path, message, hint })
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
      problems.add({ code: 'unknown_kind', ...place, message: `unknown step kind "${type}"`, hint })
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
}

interface NestedRead extends NestedSteps {
  readonly steps: readonly OneStep[]
}

function notedIn(messages: string[], sink: FindingSink): FindingSink {
  return {
    add: (finding) => {
      messages.push(finding.message)
      sink.add(finding)
    },
  }
}

function isNearType(key: string): boolean {
  return !COMMON_NAMES.includes(key) && nearest(key, ['type']) !== undefined
}

/** As in the original: said here, because nothing fails by it where the step succeeds. */
function warnIgnored(kind: StepSchema, node: MapNode, path: ValuePath, sink: FindingSink): void {
  const entry = entryOf(node, 'expected_failure')
  if (entry === undefined || kind.honoursExpectedFailure !== false || kind.unsupported !== undefined) return
  const message = `"expected_failure" has no effect on ${kind.kind}: a failure fails the run, and a success passes`
  const place = { span: entry.keySpan, path: [...path, 'expected_failure'] }
  sink.add({ code: 'kind_check', ...place, message, hint: 'delete this field', severity: 'warning' })
}
