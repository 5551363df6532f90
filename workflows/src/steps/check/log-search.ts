// What assert_log_present and assert_log_absent share: patterns against the lines of the logs of nodes, each line once.
import { Type } from '@calbox/schemas'
import type { StepProblem } from '../../plan/check/step-schema.ts'
import type { JsonObject } from '../../values/json/json-value.ts'
import { pythonRegex } from '../../values/python/python-regex.ts'
import { pythonSearch } from '../../values/python/python-search.ts'
import { shortened } from '../../values/shortened.ts'
import { ValuesError } from '../../values/values-error.ts'
import { SHOWN_EVENTS_MAX, SHOWN_LOG_LINE_MAX_CHARS } from '../limits.ts'
import { StepError } from '../step-error.ts'
import type { NodeHandle, StepContext } from '../step-kind.ts'
import { whyForeign } from './foreign-wordings.ts'
import { linesOfLog } from './lines-of-log.ts'
import { textsOfLine } from './log-lines.ts'

export const logFields = {
  nodes: Type.Array(Type.String(), {
    description: 'Whose logs, since this run began; an empty list: all that are running.',
  }),
  patterns: Type.Array(Type.String({ minLength: 1 }), {
    minItems: 1,
    description: 'Taken literally, one line at a time.',
  }),
  regex: Type.Optional(Type.Boolean({ default: false, description: 'The patterns are regular expressions.' })),
  case_sensitive: Type.Optional(Type.Boolean({ default: true, description: 'Tell capitals from small letters.' })),
  tail_lines: Type.Optional(Type.Integer({ minimum: 1, description: 'Only the last lines of each log.' })),
}

export interface LogInput {
  readonly nodes: readonly string[]
  readonly patterns: readonly string[]
  readonly regex?: boolean
  readonly case_sensitive?: boolean
  readonly tail_lines?: number
}

export interface LogHit {
  readonly pattern: string
  readonly node: string
  /** From 1, in what was read of the log. */
  readonly line: number
  readonly text: string
}

export interface LogSearch {
  readonly patterns: readonly string[]
  /** Lines of each pattern, and of all of them. */
  readonly counts: ReadonlyMap<string, number>
  readonly total: number
  /** The first ones. */
  readonly hits: readonly LogHit[]
  /** Nodes whose log was read. */
  readonly read: readonly string[]
  /** Patterns that no node of ours can log, and why. */
  readonly foreign: ReadonlyMap<string, string>
  /** Whose logs have grown so long that not all of them is kept: a line each. */
  readonly gone: readonly string[]
}

/** A pattern that cannot be used fails the step when it is reached. */
export function patternProblems({ regex, patterns }: JsonObject): StepProblem[] {
  if (regex !== true || !Array.isArray(patterns)) return []
  return patterns.flatMap((pattern, at) => {
    const why = typeof pattern === 'string' ? flawOf(pattern) : undefined
    return why === undefined ? [] : [{ path: ['patterns', at], message: why, severity: 'flaw' as const }]
  })
}

function flawOf(pattern: string): string | undefined {
  try {
    pythonRegex(pattern)
    return undefined
  } catch (error) {
    if (error instanceof ValuesError) return error.message
    throw error
  }
}

export async function searchLogs(input: LogInput, context: StepContext): Promise<LogSearch> {
  const nodes = targets(input, context)
  const patterns = [...new Set(input.patterns)]
  const matchers = patterns.map((pattern) => ({ pattern, matches: matcherOf(pattern, input) }))
  const hits = new Hits(patterns)
  const read: string[] = []
  const gone: string[] = []
  for (const node of nodes) {
    if (node.logPieces() === undefined) continue
    read.push(node.name)
    const bytes = await search(node, input.tail_lines, { matchers, hits })
    if (bytes > 0) gone.push(`of the log of ${node.name} the first ${bytes} bytes of this run are not kept any more`)
  }
  const foreign = matchers.flatMap(({ pattern, matches }) => {
    const why =
      hits.countOf(pattern) > 0 ? undefined : whyForeign(pattern, (wording) => matches([wording]).includes(true))
    return why === undefined ? [] : [[pattern, why] as const]
  })
  if (read.length > 0) return { patterns, ...hits.found(), read, foreign: new Map(foreign), gone }
  const names = nodes.map(({ name }) => name).join(', ')
  throw new StepError('assertion', names === '' ? 'no node is running' : `no log can be read from here: ${names}`)
}

interface Matcher {
  readonly pattern: string
  /** Which of the texts it is found in. */
  readonly matches: (texts: readonly string[]) => readonly boolean[]
}

interface Search {
  readonly matchers: readonly Matcher[]
  readonly hits: Hits
}

/** A log of millions of lines may have a pattern in each. */
class Hits {
  readonly #counts: Map<string, number>
  readonly #first: LogHit[] = []

  constructor(patterns: readonly string[]) {
    this.#counts = new Map(patterns.map((pattern) => [pattern, 0]))
  }

  add(hit: LogHit): void {
    this.#counts.set(hit.pattern, this.countOf(hit.pattern) + 1)
    if (this.#first.length < SHOWN_EVENTS_MAX) this.#first.push(hit)
  }

  countOf(pattern: string): number {
    return this.#counts.get(pattern) ?? 0
  }

  found(): Pick<LogSearch, 'counts' | 'total' | 'hits'> {
    const total = [...this.#counts.values()].reduce((sum, count) => sum + count, 0)
    return { counts: this.#counts, total, hits: this.#first }
  }
}

/** In the order of the lines. Resolves with how many bytes of what was to be searched are not kept any more. */
async function search(node: NodeHandle, tailLines: number | undefined, parts: Search): Promise<number> {
  let gone = 0
  const pieces = node.logPieces({
    onGone: (bytes) => {
      gone += bytes
    },
  })
  const all = linesOfLog(pieces ?? [])
  let count = 0
  for await (const lines of tailLines === undefined ? all : lastLines(all, tailLines)) {
    searchLines(lines, { node: node.name, before: count }, parts)
    count += lines.length
  }
  return count === tailLines ? 0 : gone
}

/** Known only at the end: so long they are held, as much of the log as they are. */
async function* lastLines(all: AsyncIterable<readonly string[]>, most: number): AsyncGenerator<readonly string[]> {
  const held: (readonly string[])[] = []
  let count = 0
  for await (const lines of all) {
    held.push(lines)
    count += lines.length
    for (let first = held[0]; first !== undefined && count - first.length >= most; first = held[0]) {
      held.shift()
      count -= first.length
    }
  }
  const [first = [], ...others] = held
  yield* [first.slice(Math.max(0, count - most)), ...others]
}

/** A pattern is looked for in many lines at once: each search costs something by itself. */
function searchLines(
  lines: readonly string[],
  { node, before }: { readonly node: string; readonly before: number },
  { matchers, hits }: Search,
): void {
  const some = lines.map((text, at) => ({ text, texts: textsOfLine(text), at }))
  const texts = some.flatMap((line) => line.texts)
  const lineOf = some.flatMap((line) => line.texts.map(() => line.at))
  const found = matchers.map(({ pattern, matches }) => {
    const isFound = matches(texts)
    return { pattern, lines: new Set(lineOf.filter((_, at) => isFound[at] === true)) }
  })
  for (const { text, at } of some) {
    const here = found.filter((each) => each.lines.has(at))
    for (const { pattern } of here) hits.add({ pattern, node, line: before + at + 1, text })
  }
}

export function shownHit({ node, line, text }: LogHit): string {
  const cut = shortened(text, SHOWN_LOG_LINE_MAX_CHARS)
  return `${node}, line ${line}: ${cut}`
}

function targets(input: LogInput, context: StepContext): NodeHandle[] {
  const named = [...new Set(input.nodes)].map((name) => context.node(name))
  return named.length > 0 ? named : context.nodes().filter(({ running }) => running)
}

function matcherOf(pattern: string, input: LogInput): Matcher['matches'] {
  const sensitive = input.case_sensitive ?? true
  if (input.regex === true) {
    const expression = sensitive ? pattern : `(?i)${pattern}`
    return (texts) => searched(expression, texts)
  }
  const wanted = sensitive ? pattern : pattern.toLowerCase()
  return (texts) => texts.map((text) => (sensitive ? text : text.toLowerCase()).includes(wanted))
}

function searched(pattern: string, texts: readonly string[]): readonly boolean[] {
  try {
    return pythonSearch(pattern, texts)
  } catch (error) {
    if (!(error instanceof ValuesError)) throw error
    throw new StepError('invalid', error.message, { field: 'patterns', cause: error })
  }
}
