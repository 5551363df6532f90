// A step that was read, as the plan has it.
import { isJsonObject, type JsonObject } from '../../values/json/json-value.ts'
import type { StepSchema } from '../check/step-schema.ts'
import type { PlannedBranch, PlannedStep } from '../plan-types.ts'
import { type ProblemCollector, pathText } from '../problem.ts'
import type { ValuePath } from '../yaml/source-node.ts'
import { entryOf, type MapNode, startOf, textOf } from '../yaml/source-node.ts'
import type { SourceFile } from './included-files.ts'
import type { ReadControls } from './read-controls.ts'
import type { UntypedCommonFields } from './step-fields.ts'

export interface PlannedParts {
  readonly kind: StepSchema
  readonly common: UntypedCommonFields
  readonly controls: ReadControls
  readonly input: JsonObject
  readonly node: MapNode
  readonly path: ValuePath
  readonly nested: readonly NestedSteps[]
}

/** Steps inside of it. */
export interface NestedSteps {
  readonly path: ValuePath
  readonly steps: readonly { readonly planned: PlannedStep | undefined }[]
  readonly defaults?: JsonObject
  /** What an included file calls itself. */
  readonly name?: string
}

export function plannedStep(step: PlannedParts, source: SourceFile, prefix: string): PlannedStep {
  const { common, kind, node, path } = step
  const { problems, file, above } = source
  const branches: PlannedBranch[] = step.nested.map((branch) => ({
    path: branch.path,
    steps: branch.steps.flatMap((nested) => nested.planned ?? []).map((nested) => withToken(nested, common.token)),
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
    fieldPositions: fieldPositions(node, problems),
    ...(above.length > 0 && { file }),
    path: `${prefix}${pathText(path)}`,
    ...(step.controls.controls && { controls: step.controls.controls }),
    branches,
    ...(common.description === undefined ? {} : { description: common.description }),
    ...(isJsonObject(common.outputs) ? { outputs: common.outputs } : {}),
    ...(common.expected_error === undefined ? {} : { expectedError: common.expected_error }),
    ...(common.token === undefined ? {} : { token: common.token }),
  }
}

/** The token of a step is that of all steps in it which name none. */
function withToken(step: PlannedStep, token: string | undefined): PlannedStep {
  if (token === undefined || step.token !== undefined) return step
  const branches = step.branches.map((branch) => {
    return { ...branch, steps: branch.steps.map((nested) => withToken(nested, token)) }
  })
  return { ...step, token, branches }
}

function includeText(kind: StepSchema, node: MapNode): string | undefined {
  const file = kind.includes === undefined ? undefined : textOf(entryOf(node, kind.includes)?.value)
  return file === undefined ? undefined : `include ${file}`
}

/** Of each field, and of the entries of lists and `outputs`. */
function fieldPositions(node: MapNode, problems: ProblemCollector): PlannedStep['fieldPositions'] {
  return Object.fromEntries(
    node.entries.flatMap(({ key, value }) => {
      const parts =
        value.kind === 'list'
          ? value.items.map((item, at) => [`${key}[${at}]`, item] as const)
          : value.kind === 'map' && key === 'outputs'
            ? value.entries.map((entry) => [`outputs.${entry.key}`, entry.value] as const)
            : []
      return [[key, value] as const, ...parts].map(([name, each]) => [name, problems.position(startOf(each).start)])
    }),
  )
}
