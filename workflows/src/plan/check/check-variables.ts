// Placeholders whose variable no earlier step captures. Only warnings: outside of assertions such a text passes through
// unchanged, and some files rely on it.

import { hasPlaceholder } from '../../values/placeholders.ts'
import { didYouMean } from '../did-you-mean.ts'
import type { ProblemCollector } from '../problem.ts'
import type { SourceStep } from '../read/read-steps.ts'
import type { ValuePath } from '../yaml/source-node.ts'
import { entryOf, type MapEntry, type Span, textOf, textsIn } from '../yaml/source-node.ts'
import { isAutomaticVariable } from './automatic-variables.ts'

/** Where a name is captured: in order of the file, and inside which repeat or parallel it stays. */
interface Capture {
  readonly line: number
  readonly inside?: string
}

/** Keys whose texts are never resolved, or hold steps that are looked at by themselves. */
const NOT_RESOLVED: ReadonlySet<string> = new Set(['name', 'type', 'description', 'outputs', 'method', 'message'])

export function checkVariables(
  steps: readonly SourceStep[],
  nodeNames: ReadonlySet<string>,
  problems: ProblemCollector,
): void {
  const checker = new VariableChecker(problems, nodeNames)
  checker.collect(steps, undefined)
  checker.check(steps, new Set())
}

class VariableChecker {
  private readonly problems: ProblemCollector
  private readonly nodeNames: ReadonlySet<string>
  private readonly captures = new Map<string, Capture>()

  constructor(problems: ProblemCollector, nodeNames: ReadonlySet<string>) {
    this.problems = problems
    this.nodeNames = nodeNames
  }

  /** All captures of the file, to tell "later" from "never". A capture at the top level is preferred. */
  collect(steps: readonly SourceStep[], inside: string | undefined): void {
    for (const step of steps) {
      for (const [name, span] of capturedBy(step)) {
        const known = this.captures.get(name)
        if (known !== undefined && (known.inside === undefined || inside !== undefined)) continue
        const line = this.problems.position(span.start).line
        this.captures.set(name, { line, ...(inside === undefined ? {} : { inside }) })
      }
      for (const branch of step.branches) this.collect(branch, step.kind?.kind ?? 'block')
    }
  }

  check(steps: readonly SourceStep[], set: Set<string>): void {
    for (const step of steps) {
      if (step.kind === undefined) {
        // An unknown kind may set anything that its outputs name; it has its own problem already.
        for (const [name] of capturedBy(step)) set.add(name)
        continue
      }
      const captured = capturedBy(step).map(([name]) => name)
      // Copied only for the few steps that need it: a file of many steps has many names.
      const inner = step.branches.length === 0 ? set : new Set([...set, ...captured])
      this.step(step, inner)
      // fuzzy_test makes variables of its own while it runs: nothing in it can be judged.
      if (step.kind.kind !== 'fuzzy_test') for (const branch of step.branches) this.check(branch, new Set(inner))
      for (const name of captured) set.add(name)
    }
  }

  private step(step: SourceStep, set: ReadonlySet<string>): void {
    const nested = new Set((step.kind?.nested ?? []).map((list) => list.path[0]))
    for (const entry of step.node.entries) {
      if (NOT_RESOLVED.has(entry.key) || nested.has(entry.key)) continue
      for (const { text, span } of textsIn(entry.value)) {
        if (hasPlaceholder(text)) this.text(step, text, span, [...step.path, entry.key], set)
      }
    }
  }

  private text(step: SourceStep, text: string, span: Span, path: ValuePath, set: ReadonlySet<string>): void {
    const isStatement = step.kind?.kind === 'assert' || step.kind?.kind === 'json_assert'
    const whole = !isStatement && text.startsWith('{{') && text.endsWith('}}') ? text.slice(2, -2).trim() : undefined
    if (whole?.includes('{{')) {
      const message = `a text that starts with {{ and ends with }} is read as one placeholder, named ${JSON.stringify(whole)}`
      const hint = 'put a sign that is no brace in front or behind'
      this.problems.add({ severity: 'warning', code: 'unknown_variable', span, path, message, hint })
      return
    }
    const names =
      whole === undefined ? [...text.matchAll(/\{\{(.*?)\}\}/gs)].map((match) => (match[1] ?? '').trim()) : [whole]
    for (const name of new Set(names)) {
      if (!set.has(name) && !isAutomaticVariable(name, step.kind, this.nodeNames)) this.unknown(name, span, path)
    }
  }

  private unknown(name: string, span: Span, path: ValuePath): void {
    const capture = this.captures.get(name)
    const message = `no step before this one sets the variable "${name}"`
    const late =
      capture?.inside === undefined
        ? `it is set only later, in line ${capture?.line}`
        : `it is set in line ${capture.line}, and does not leave that ${capture.inside}`
    const hint = capture === undefined ? didYouMean(name, this.captures.keys()) : late
    this.problems.add({ severity: 'warning', code: 'unknown_variable', span, path, message, hint })
  }
}

/** Names that the step binds: by its `outputs`, `target` included, and by itself. */
function capturedBy(step: SourceStep): [string, Span][] {
  const outputs = entryOf(step.node, 'outputs')?.value
  const node = textOf(entryOf(step.node, 'node')?.value) ?? ''
  const exported = (step.kind?.exportedVariables ?? []).map((name): [string, Span] => [
    name.replaceAll('{node}', node),
    step.node.span,
  ])
  if (outputs?.kind !== 'map') return exported
  return [...exported, ...outputs.entries.map((entry): [string, Span] => [targetOf(entry, node), entry.keySpan])]
}

function targetOf(entry: MapEntry, node: string): string {
  const target = entry.value.kind === 'map' ? textOf(entryOf(entry.value, 'target')?.value) : undefined
  return target === undefined ? entry.key : target.replaceAll('{node_name}', node)
}
