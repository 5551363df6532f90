// A step as the rules see it: planned, with its place in the text and its neighbours.
import type { PlannedStep } from '../../plan/plan-types.ts'
import {
  entryOf,
  type MapEntry,
  type MapNode,
  type SourceNode,
  type Span,
  startOf,
} from '../../plan/yaml/source-node.ts'
import type { StepKind } from '../../steps/step-kind.ts'

export interface LintStep {
  readonly planned: PlannedStep
  readonly kind: StepKind | undefined
  /** Undefined where it does not stand in the text of this file: nothing is reported there. */
  readonly node: MapNode | undefined
  readonly parent: LintStep | undefined
  /** The list it stands in, itself included, and its place there. */
  readonly siblings: readonly LintStep[]
  readonly at: number
  /** In the order of the file, from 0. */
  readonly order: number
  readonly branches: readonly (readonly LintStep[])[]
}

export type KindOf = (kind: string) => StepKind | undefined

/** The steps of a list in the text, with those below them. */
export function lintSteps(planned: readonly PlannedStep[], list: SourceNode | undefined, kindOf: KindOf): LintStep[] {
  let order = 0
  const read = (
    steps: readonly PlannedStep[],
    source: SourceNode | undefined,
    parent: LintStep | undefined,
  ): LintStep[] => {
    const siblings: LintStep[] = []
    for (const [at, step] of steps.entries()) {
      const item = source?.kind === 'list' ? source.items[step.index] : undefined
      const node = item?.kind === 'map' && step.file === undefined ? item : undefined
      const branches: LintStep[][] = []
      const one = { planned: step, kind: kindOf(step.kind), node, parent, siblings, at, order, branches }
      order += 1
      siblings.push(one)
      for (const branch of step.branches) branches.push(read(branch.steps, below(node, branch.path), one))
    }
    return siblings
  }
  return read(planned, list, undefined)
}

function below(node: SourceNode | undefined, path: readonly (string | number)[]): SourceNode | undefined {
  let current = node
  for (const part of path) {
    if (current?.kind === 'list' && typeof part === 'number') current = current.items[part]
    else if (current?.kind === 'map') current = entryOf(current, String(part))?.value
    else return undefined
  }
  return current
}

export function fieldOf(step: LintStep, key: string): MapEntry | undefined {
  return step.node === undefined ? undefined : entryOf(step.node, key)
}

/** The field's key, or the start of the step. */
export function spanOfField(step: LintStep, key: string): Span | undefined {
  const entry = fieldOf(step, key)
  return entry === undefined ? undefined : startOf(entry.value)
}

/** A field that is a text. */
export function textField(step: LintStep, key: string): string | undefined {
  const value = step.planned.input[key]
  return typeof value === 'string' ? value : undefined
}

/** A field that is a text or a list of texts. */
export function textsField(step: LintStep, key: string): readonly string[] {
  const value = step.planned.input[key]
  if (typeof value === 'string') return [value]
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : []
}

export function lineOf(step: LintStep): number {
  return step.planned.position.line
}

/** `"get" on node-2`, `set_group_metadata on node-1`: for messages. */
export function said(step: LintStep): string {
  const method = textField(step, 'method')
  return method === undefined ? step.planned.kind : `"${method}"`
}

export function isInside(step: LintStep, kind: string): boolean {
  for (let up = step.parent; up !== undefined; up = up.parent) if (up.planned.kind === kind) return true
  return false
}
