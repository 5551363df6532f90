// Placeholders whose variable no earlier step captures. Only warnings: outside of assertions such a text passes through
// unchanged, and some files rely on it.

import { hasPlaceholder } from '../../values/placeholders.ts'
import { didYouMean } from '../did-you-mean.ts'
import { VARIABLES_COMPARED_MAX } from '../limits.ts'
import type { ProblemCollector } from '../problem.ts'
import type { SourceStep } from '../read/read-steps.ts'
import type { ValuePath } from '../yaml/source-node.ts'
import { entryOf, type MapEntry, type SourceNode, type Span, textOf, textsIn } from '../yaml/source-node.ts'
import { isAutomaticVariable, LOOP_NAMES } from './automatic-variables.ts'

/** Where a name is captured: in order of the file, and inside which repeat or parallel it stays. */
interface Capture {
  /** `line 4`, with its file where that is another one. */
  readonly where: string
  readonly inside?: string
}

/** Keys whose texts are never resolved, or hold steps that are looked at by themselves. */
const NOT_RESOLVED: ReadonlySet<string> = new Set(['type', 'description', 'outputs', 'method', 'message'])

/** What is set before the first step. */
export interface KnownNames {
  readonly nodes: ReadonlySet<string>
  readonly axes: readonly string[]
  /** `vars` of the file. */
  readonly vars: SourceNode | undefined
}

export function checkVariables(steps: readonly SourceStep[], known: KnownNames, problems: ProblemCollector): void {
  const checker = new VariableChecker(problems, known.nodes)
  checker.collect(steps, undefined)
  checker.check(steps, checker.start(known))
}

/** Stands among the names that are set where generators make values. */
const IN_FUZZY_TEST = 'fuzzy_test()'
const GENERATOR = /^(?:random_\w+\(.*\)|timestamp|uuid)$/s

/** What fuzzy_test sets for its operations: the arguments of a call have names of their own once it was sent. */
function madeByFuzzyTest(step: SourceStep): string[] {
  const names = argumentNames(step)
  const own = [IN_FUZZY_TEST, '_iteration', '_pattern_name', 'random_node']
  return [...own, ...names.flatMap((name) => [`fuzzy_${name}`, `_fuzzy_args_${name}`])]
}

/** Of the calls inside of it, at whatever depth. */
function argumentNames({ branches }: SourceStep): string[] {
  return branches.flat().flatMap((step) => {
    const args = entryOf(step.node, 'args')?.value
    return [...(args?.kind === 'map' ? args.entries.map(({ key }) => key) : []), ...argumentNames(step)]
  })
}

/** One or two braces on either side of a name; not `${NAME}`, and no more than two. */
const BRACES = /(?<![{$])(\{{1,2})\s*([A-Za-z_][\w.-]*)\s*(\}{1,2})(?!\})/g

const ASKS_WHETHER_SET = /^\s*(?:is_set|is_empty)\(\s*\{\{[^{}]+\}\}\s*\)\s*$/i

/** In the statements of `expect`; the last two of a call. */
const REPLY_NAMES = ['reply', 'result', 'output']

class VariableChecker {
  private readonly problems: ProblemCollector
  private readonly nodeNames: ReadonlySet<string>
  private readonly captures = new Map<string, Capture>()
  private comparisonsLeft = VARIABLES_COMPARED_MAX

  constructor(problems: ProblemCollector, nodeNames: ReadonlySet<string>) {
    this.problems = problems
    this.nodeNames = nodeNames
  }

  /** The names that `vars` sets, each of which may be made of those before it. */
  start({ axes, vars }: KnownNames): Set<string> {
    const set = new Set(axes)
    for (const entry of vars?.kind === 'map' ? vars.entries : []) {
      this.texts(entry.value, ['vars', entry.key], { set, problems: this.problems })
      set.add(entry.key)
    }
    return set
  }

  /** All captures of the file, to tell "later" from "never". A capture at the top level is preferred. */
  collect(steps: readonly SourceStep[], inside: string | undefined): void {
    for (const step of steps) {
      for (const [name, span] of capturedBy(step)) {
        const known = this.captures.get(name)
        if (known !== undefined && (known.inside === undefined || inside !== undefined)) continue
        const { line } = step.problems.position(span.start)
        const where = step.problems === this.problems ? `line ${line}` : `line ${line} of ${step.problems.file}`
        this.captures.set(name, { where, ...(inside === undefined ? {} : { inside }) })
      }
      const within = sharesVariables(step) ? inside : (step.kind?.kind ?? 'block')
      for (const branch of step.branches) this.collect(branch, within)
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
      const own = ownNames(step)
      // Copied only for the few steps that need it: a file of many steps has many names.
      const inner = own.length === 0 && step.branches.length === 0 ? set : new Set([...set, ...own])
      this.step(step, inner, captured)
      this.branches(
        step,
        step.kind.kind === 'fuzzy_test' ? new Set([...inner, ...madeByFuzzyTest(step)]) : inner,
        captured,
        set,
      )
      for (const name of leaving(step, captured)) set.add(name)
    }
  }

  private branches(step: SourceStep, inner: ReadonlySet<string>, captured: readonly string[], set: Set<string>): void {
    for (const branch of step.branches) {
      const below = new Set([...inner, ...captured, ...(step.defaults ?? [])])
      this.check(branch, below)
      if (!sharesVariables(step)) continue
      const own = new Set([...ownNames(step), ...(step.defaults ?? [])])
      for (const name of below) if (!own.has(name)) set.add(name)
      // What is set inside under such a name stays.
      if (own.size > 0) for (const name of leavingAll(branch)) set.add(name)
    }
  }

  private step(step: SourceStep, set: ReadonlySet<string>, captured: readonly string[]): void {
    const nested = new Set((step.kind?.nested ?? []).map((list) => list.path[0]))
    const isStatement = step.kind?.kind === 'assert' || step.kind?.kind === 'json_assert'
    // The captures of repeat are set inside of it, those of any step for what is expected of its reply.
    const inside = step.branches.length === 0 ? set : new Set([...set, ...captured])
    const { problems } = step
    for (const { key, value } of step.node.entries) {
      const path = [...step.path, key]
      if (key === 'method' && step.kind?.kind === 'call') {
        if (set.has(IN_FUZZY_TEST)) this.texts(value, path, { set, problems })
        else this.literal(value, path, problems)
      }
      if (NOT_RESOLVED.has(key) || nested.has(key)) continue
      if (key === 'expect' && step.kind?.hasNoReply !== true) {
        const names = new Set([...set, ...captured, ...REPLY_NAMES])
        this.texts(value, path, { set: names, problems, isStatement: true })
      } else if (key === 'name') this.texts(value, path, { set: inside, problems, isStatement: true })
      else if (key === 'if') this.condition(value, path, { set: inside, problems, isStatement: true })
      else this.texts(value, path, { set: inside, problems, isStatement })
    }
  }

  /** It may ask whether something is set: then it need not be. */
  private condition(node: SourceNode, path: ValuePath, place: Omit<TextPlace, 'path'>): void {
    for (const item of node.kind === 'list' ? node.items : [node]) {
      if (!ASKS_WHETHER_SET.test(textOf(item) ?? '')) this.texts(item, path, place)
    }
  }

  private texts(node: SourceNode, path: ValuePath, place: Omit<TextPlace, 'path'>): void {
    for (const { text, span } of textsIn(node)) {
      this.lostBraces(text, span, { ...place, path })
      if (hasPlaceholder(text)) this.text(text, span, { ...place, path })
    }
  }

  /** `{{name}` is text, and so is `{name}` where a variable has that name. */
  private lostBraces(text: string, span: Span, { set, path, problems }: TextPlace): void {
    if (!text.includes('{')) return
    for (const [broken, open = '', name = '', close = ''] of text.matchAll(BRACES)) {
      if (open.length === close.length && open.length !== 1) continue
      const isKnown = set.has(name) || this.captures.has(name) || isAutomaticVariable(name, this.nodeNames)
      if (!isKnown && open.length + close.length !== 3) continue
      const message = `${JSON.stringify(broken)} is no placeholder, and stays as it is: a placeholder has two braces on each side`
      const hint = `did you mean "{{${name}}}"?`
      problems.add({ severity: 'warning', code: 'unknown_variable', span, path, message, hint })
    }
  }

  /** A method is called as it is written, but for operations of fuzzy_test. */
  private literal(node: SourceNode, path: ValuePath, problems: ProblemCollector): void {
    for (const { text, span } of textsIn(node)) {
      if (!hasPlaceholder(text)) continue
      const message = `no placeholder is resolved in "method": ${JSON.stringify(text)} is taken as it is written`
      problems.add({
        severity: 'warning',
        code: 'kind_check',
        span,
        path,
        message,
        hint: 'write out what it stands for',
      })
    }
  }

  private text(text: string, span: Span, { set, path, problems, isStatement }: TextPlace): void {
    const whole =
      isStatement !== true && text.startsWith('{{') && text.endsWith('}}') ? text.slice(2, -2).trim() : undefined
    const parts = [...text.matchAll(/\{\{(.*?)\}\}/gs)].map((match) => (match[1] ?? '').trim())
    // Values are made before the text is read as a placeholder.
    const isMade = set.has(IN_FUZZY_TEST) && parts.every((name) => GENERATOR.test(name))
    if (whole?.includes('{{') && !isMade) {
      const message = `a text that starts with {{ and ends with }} is read as one placeholder, named ${JSON.stringify(whole)}`
      const hint = 'put a sign that is no brace in front or behind'
      problems.add({ severity: 'warning', code: 'unknown_variable', span, path, message, hint })
      return
    }
    for (const name of new Set(whole === undefined || isMade ? parts : [whole])) {
      if (set.has(name) || set.has(name.replace(/\..*$/, '.*'))) continue
      if (set.has(IN_FUZZY_TEST) && GENERATOR.test(name)) continue
      if (!isAutomaticVariable(name, this.nodeNames)) this.unknown(name, span, { set, path, problems })
    }
  }

  private unknown(name: string, span: Span, { set, path, problems }: TextPlace): void {
    const capture = this.captures.get(name)
    const message = `no step before this one sets the variable "${name}"`
    const late =
      capture?.inside === undefined
        ? `it is set only later, in ${capture?.where}`
        : `it is set in ${capture.where}, and does not leave that ${capture.inside}`
    if (problems.isFull) {
      problems.add({ severity: 'warning', code: 'unknown_variable', span, path, message })
      return
    }
    this.comparisonsLeft -= this.captures.size + set.size
    const known = this.comparisonsLeft < 0 ? [] : [...this.captures.keys(), ...set, ...LOOP_NAMES]
    const capturing = `outputs: of a step before it sets variables: { ${name}: … }`
    const hint = capture === undefined ? didYouMean(name, known, capturing) : late
    problems.add({ severity: 'warning', code: 'unknown_variable', span, path, message, hint })
  }
}

interface TextPlace {
  readonly set: ReadonlySet<string>
  readonly path: ValuePath
  readonly problems: ProblemCollector
  /** Split before it is resolved: it is never one placeholder as a whole. */
  readonly isStatement?: boolean
}

function sharesVariables(step: SourceStep): boolean {
  if (step.kind?.includes !== undefined) return true
  return (step.kind?.nested ?? []).some(({ sharesVariables }) => sharesVariables === true)
}

/** Set while the step runs, and not after it: of `vars` and `for_each`, `item.*` standing for the fields of an entry. */
function ownNames(step: SourceStep): string[] {
  const vars = entryOf(step.node, 'vars')?.value
  const names = vars?.kind === 'map' ? vars.entries.map(({ key }) => key) : []
  const forEach = entryOf(step.node, 'for_each')?.value
  if (forEach === undefined) return names
  const as = (forEach.kind === 'map' ? textOf(entryOf(forEach, 'as')?.value) : undefined) ?? 'item'
  return [...names, as, `${as}.*`]
}

/** What of its captures is set after the step. */
function leaving(step: SourceStep, captured: readonly string[]): readonly string[] {
  const after = step.kind?.outputsAfter
  const outputs = entryOf(step.node, 'outputs')?.value
  if (after === undefined || outputs?.kind !== 'map') return captured
  const exported = new Set(step.kind?.exportedVariables)
  const inner = outputs.entries.flatMap((entry) => {
    const source = textOf(entry.value.kind === 'map' ? entryOf(entry.value, 'field')?.value : entry.value)
    return source === undefined || after.has(source) ? [] : [targetOf(entry, '')]
  })
  return captured.filter((name) => exported.has(name) || !inner.includes(name))
}

/** Of a list whose variables are those around it. */
function leavingAll(steps: readonly SourceStep[]): string[] {
  return steps.flatMap((step) => {
    const captured = capturedBy(step).map(([name]) => name)
    return [...leaving(step, captured), ...(sharesVariables(step) ? step.branches.flatMap(leavingAll) : [])]
  })
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
