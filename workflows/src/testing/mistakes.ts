// One mistake in a workflow that was good, as people make them, and whether planning says where it is and what to write.
import { planWorkflow } from '../plan/plan.ts'
import type { Problem } from '../plan/problem.ts'
import type { SeededRandom } from '../steps/control/seeded-random.ts'
import { stepSchemas } from '../steps/registry.ts'

interface Mistake {
  /** Lines it can be made in. */
  readonly line: RegExp
  /** The line with the mistake; undefined: the line is gone. */
  readonly make: (line: string) => string | undefined
  /** How many lines below it may be reported, or `step`: anywhere from the start of its step. */
  readonly near: number | 'step'
}

export const MISTAKES: Readonly<Record<string, Mistake>> = {
  'a misspelt key': {
    line: /^ +(?:- )?(?:type|node|method|seconds|outputs|context_id|application_id|namespace_id|group_id|statements|invitation|timeout|count|nodes|args): ?/,
    make: (line) => line.replace(/([a-z_]{2})([a-z])([a-z_]*):/, '$1$3:'),
    near: 0,
  },
  'a value of another type': {
    line: /^ +(?:seconds|timeout|dev|context_id|method|application_id|trigger_sync|check_interval): ?\S/,
    make: (line) => line.replace(/: .*/, ': [1]'),
    near: 0,
  },
  'a missing field': {
    line: /^ +(?:method|application_id|invitation|seconds|patterns|context_node): \S/,
    make: () => undefined,
    near: 'step',
  },
  'an unknown node': {
    line: /^ +node: ["']?[^\s{"']/,
    make: (line) => line.replace(/node: (["']?)(\S*?)(["']?)( *)$/, 'node: $1$2x$3$4'),
    near: 0,
  },
  'a bad placeholder': {
    line: /\{\{\w+\}\}/,
    make: (line) => line.replace(/\{\{(\w+)\}\}/, '{{$1_}}'),
    near: 0,
  },
  'a wrong indentation': {
    line: /^ {4,}(?:node|method|context_id|application_id|namespace_id|seconds): \S/,
    make: (line) => ` ${line}`,
    near: 1,
  },
}

export interface Mutant {
  readonly file: string
  readonly text: string
  /** Line of the mistake, from 1, and what was there. */
  readonly line: number
  readonly was: string
  /** Lines a problem about it may be at. */
  readonly lines: { readonly first: number; readonly last: number }
}

/** Undefined where the file has no place for this mistake. */
export function makeMutant(file: string, text: string, mistake: Mistake, random: SeededRandom): Mutant | undefined {
  const lines = text.split('\n')
  const places = [...lines.keys()].filter((at) => mistake.line.test(lines[at] ?? '') && !isInData(lines, at))
  if (places.length === 0) return undefined
  const at = random.pick(places)
  const was = lines[at] ?? ''
  const made = lines.flatMap((line, index) => (index === at ? (mistake.make(line) ?? []) : line)).join('\n')
  const near = mistake.near === 'step' ? 0 : mistake.near
  const first = mistake.near === 'step' ? stepStart(lines, at) + 1 : at + 1 - near
  return { file, text: made, line: at + 1, was, lines: { first, last: at + 1 + near } }
}

/** Below `args` and the like every key may stand; a comment is no mistake. */
function isInData(lines: readonly string[], at: number): boolean {
  const depth = indentOf(lines[at])
  if (/^\s*#/.test(lines[at] ?? '')) return true
  for (let above = at - 1; above >= 0; above -= 1) {
    const line = lines[above] ?? ''
    if (line.trim() === '' || /^\s*#/.test(line) || indentOf(line) >= depth) continue
    return /^\s*(?:- )?(?:args|match|expect|outputs|data|equals|files|params):/.test(line) || isInData(lines, above)
  }
  return false
}

function stepStart(lines: readonly string[], at: number): number {
  const depth = indentOf(lines[at])
  for (let above = at; above >= 0; above -= 1) {
    const line = lines[above] ?? ''
    if (/^\s*- /.test(line) && indentOf(line) < depth) return above
  }
  return at
}

function indentOf(line = ''): number {
  return line.length - line.trimStart().length
}

export interface Verdict {
  /** There, and not in the file as it was. */
  readonly found: readonly Problem[]
  /** Elsewhere, for the message. */
  readonly elsewhere: readonly Problem[]
  /** One of them says what to write. */
  readonly suggested: boolean
}

export function judgeMutant(mutant: Mutant, original: string): Verdict {
  const known = new Set(problemsOf(mutant.file, original).map(({ message }) => message))
  const fresh = problemsOf(mutant.file, mutant.text).filter(({ message }) => !known.has(message))
  const { first, last } = mutant.lines
  const found = fresh.filter(({ line }) => line >= first && line <= last)
  const elsewhere = fresh.filter((problem) => !found.includes(problem))
  return { found, elsewhere, suggested: found.some(({ hint }) => hint !== undefined && hint !== '') }
}

function problemsOf(file: string, text: string): readonly Problem[] {
  return planWorkflow({ file, text, kinds: stepSchemas }).problems.filter(({ severity }) => severity !== 'note')
}
