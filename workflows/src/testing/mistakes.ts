// One mistake in a workflow that was good, as people make them, and whether planning says where it is and what to write.
import { planWorkflow } from '../plan/plan.ts'
import type { Problem } from '../plan/problem.ts'
import type { SeededRandom } from '../steps/control/seeded-random.ts'
import { stepSchemas } from '../steps/registry.ts'

interface Mistake {
  /** Lines it can be made in. */
  readonly line: RegExp
  /** Ways to make it: the line with the mistake, `null` where the line is gone; undefined where this line has no place for it. */
  readonly ways: readonly ((line: string) => string | null | undefined)[]
  /** How many lines below it may be reported, or `step`: anywhere from the start of its step. */
  readonly near: number | 'step'
  /** The word that a suggestion has to name. Absent: any suggestion will do. */
  readonly word?: (line: string) => string | undefined
}

type Way = Mistake['ways'][number]

/** One word of the line spelt in another way, the first sign aside. */
function misspelt(word: RegExp, spell: (word: string) => string): Way {
  return (line) => {
    const found = word.exec(line)?.[1]
    if (found === undefined || found.length < 4) return undefined
    const spelt = found[0] + spell(found.slice(1))
    return spelt === found ? undefined : line.replace(word, (whole) => whole.replace(found, spelt))
  }
}

const SPELLINGS: readonly ((rest: string) => string)[] = [
  (rest) => rest.slice(0, 1) + rest.slice(2),
  (rest) => `${rest.slice(0, 2)}${rest[1]}${rest.slice(2)}`,
  (rest) => `${rest[1]}${rest[0]}${rest.slice(2)}`,
  // Numbered names differ in their last sign only: where that one is wrong, nobody can tell which was meant.
  (rest) => (/\d$/.test(rest) ? rest : `${rest.slice(0, -1)}x`),
  (rest) => rest.replaceAll('_', '-'),
]

function spelt(word: RegExp): Way[] {
  return SPELLINGS.map((spell) => misspelt(word, spell))
}

const KEY =
  /^ +(?:- )?(type|node|method|seconds|outputs|context_id|application_id|namespace_id|group_id|statements|invitation|timeout|count|nodes|args|context_node|trigger_sync|check_interval|description|expected_failure): ?/
const TYPE = /^ +(?:- )?(?:\{ )?(?:name: [^,]+, )?type: ([a-z_]+)/
const NODE = /^ +(?:- )?(?:context_)?node: ["']?([^\s{"']+)["']? *$/
const PLACEHOLDER = /\{\{(\w+)\}\}/
const CALL = /["'](?:!!str )?(\w+)\(.*\)["']/

const firstOf = (pattern: RegExp) => (line: string) => pattern.exec(line)?.[1]
const written = (value: string): Way => {
  return (line) => (line.includes(`: ${value}`) ? undefined : line.replace(/: .*/, () => `: ${value}`))
}

export const MISTAKES: Readonly<Record<string, Mistake>> = {
  'a misspelt key': { line: KEY, ways: spelt(KEY), near: 0, word: firstOf(KEY) },
  'a misspelt kind': { line: TYPE, ways: spelt(TYPE), near: 0, word: firstOf(TYPE) },
  'a value of another type': {
    line: /^ +(?:seconds|timeout|dev|context_id|method|application_id|trigger_sync|check_interval|count): ?\S/,
    ways: [
      written('[1]'),
      written('{ a: 1 }'),
      (line) => (/(seconds|timeout|dev|_sync|_interval|count):/.test(line) ? written('soon')(line) : undefined),
    ],
    near: 0,
  },
  'a missing field': {
    line: /^ +(?:method|application_id|invitation|seconds|patterns|context_node): \S/,
    ways: [() => null, (line) => line.replace(/: .*/, ':'), (line) => line.replace(/^( +)/, '$1# ')],
    near: 'step',
    word: firstOf(/^ +(\w+):/),
  },
  'an unknown node': {
    line: NODE,
    ways: [...spelt(NODE), (line) => line.replace(NODE, (whole, name: string) => whole.replace(name, `${name}x`))],
    near: 0,
    word: firstOf(NODE),
  },
  'a bad placeholder': {
    line: PLACEHOLDER,
    ways: [
      ...spelt(PLACEHOLDER),
      (line) => line.replace(PLACEHOLDER, '{{$1_}}'),
      (line) => line.replace(PLACEHOLDER, '{{$1}'),
      (line) => line.replace(PLACEHOLDER, '{$1}}'),
      (line) => line.replace(PLACEHOLDER, '{$1}'),
    ],
    near: 0,
    word: firstOf(PLACEHOLDER),
  },
  'a misspelt statement': {
    line: CALL,
    ways: [...spelt(CALL), (line) => line.replace(/\)(["'])([^"']*)$/, '$1$2')],
    near: 0,
    word: firstOf(CALL),
  },
  'a wrong indentation': {
    line: /^ {4,}(?:node|method|context_id|application_id|namespace_id|seconds): \S/,
    ways: [(line) => ` ${line}`, (line) => `   ${line}`, (line) => line.slice(1), (line) => `\t${line.slice(4)}`],
    near: 1,
  },
}

export interface Mutant {
  readonly file: string
  readonly text: string
  /** Line of the mistake, from 1, what was there, and what is. */
  readonly line: number
  readonly was: string
  readonly is: string
  /** Lines a problem about it may be at. */
  readonly lines: { readonly first: number; readonly last: number }
  /** What its suggestion must name. */
  readonly word: string | undefined
}

/** All that can be made of a file, no two of them the same. */
export function mutantsOf(file: string, text: string, mistake: Mistake): Mutant[] {
  const lines = text.split('\n')
  const places = [...lines.keys()].filter((at) => mistake.line.test(lines[at] ?? '') && !isInData(lines, at))
  return places.flatMap((at) => {
    const was = lines[at] ?? ''
    const made = new Set(mistake.ways.map((way) => way(was)).filter((line) => line !== undefined && line !== was))
    const near = mistake.near === 'step' ? 0 : mistake.near
    const first = mistake.near === 'step' ? stepStart(lines, at) + 1 : at + 1 - near
    return [...made].map((line) => ({
      file,
      text: lines.flatMap((each, index) => (index === at ? (line ?? []) : each)).join('\n'),
      line: at + 1,
      was,
      is: line ?? '',
      lines: { first, last: at + 1 + near },
      word: mistake.word?.(was),
    }))
  })
}

/** In an order of chance. */
export function shuffled<T>(list: readonly T[], random: SeededRandom): T[] {
  const left = [...list]
  for (let at = left.length - 1; at > 0; at -= 1) {
    const other = random.int(0, at)
    const [one, two] = [left[at], left[other]]
    if (one !== undefined && two !== undefined) left.splice(at, 1, two) && left.splice(other, 1, one)
  }
  return left
}

/** Below `args` and the like every key may stand; a comment is no mistake. */
function isInData(lines: readonly string[], at: number): boolean {
  const depth = indentOf(lines[at])
  if (/^\s*#/.test(lines[at] ?? '')) return true
  for (let above = at - 1; above >= 0; above -= 1) {
    const line = lines[above] ?? ''
    if (line.trim() === '' || /^\s*#/.test(line) || indentOf(line) >= depth) continue
    return (
      /^\s*(?:- )?(?:args|match|expect|outputs|data|equals|files|params|topology):/.test(line) || isInData(lines, above)
    )
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
  /** One of them says what to write, naming the right word. */
  readonly suggested: boolean
}

export function judgeMutant(mutant: Mutant, original: string): Verdict {
  const known = new Set(problemsOf(mutant.file, original).map(({ message }) => message))
  const fresh = problemsOf(mutant.file, mutant.text).filter(({ message }) => !known.has(message))
  const { first, last } = mutant.lines
  const found = fresh.filter(({ line }) => line >= first && line <= last)
  const elsewhere = fresh.filter((problem) => !found.includes(problem))
  const { word } = mutant
  const suggested = found.some(({ hint = '', message }) => {
    return hint !== '' && (word === undefined || namesWord(`${hint} ${message}`, word))
  })
  return { found, elsewhere, suggested }
}

/** As a word of its own: `node` is not named by `nodes`. */
function namesWord(text: string, word: string): boolean {
  return text.split(/[^\w.-]+/).includes(word) || text.includes(`${word}(`)
}

function problemsOf(file: string, text: string): readonly Problem[] {
  return planWorkflow({ file, text, kinds: stepSchemas }).problems.filter(({ severity }) => severity !== 'note')
}
