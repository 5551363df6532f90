// What a client is told of a value that does not fit its schema: the problems that TypeBox lists, of which those of unions say
// what was meant, or every alternative, and never a constant without its others.
import type { TSchema } from 'typebox'
import { Settings } from 'typebox/system'
import { Value } from 'typebox/value'
import { PROBLEMS_FOUND_MAX } from '../limits.ts'

/** As TypeBox lists them: those of the alternatives of a union first, then one of keyword `anyOf`. */
type Problem = ReturnType<typeof Value.Errors>[number]

interface Said {
  /** What of the schema says so; `schemaPath` of a union is that of its alternatives, too. */
  readonly schemaPath: string
  readonly instancePath: string
  readonly text: string
  /** As JSON: the constants of which one must be there. */
  readonly constants?: readonly string[]
  readonly isNull?: boolean
}

export interface Problems {
  /** `/contextId must be string`: one each, in their order, none twice. */
  readonly texts: readonly string[]
  /** False: there are more than were looked for. */
  readonly areAll: boolean
}

/** Of a `value` that does not fit. */
export function problemsOf(schema: TSchema, value: unknown): Problems {
  const found = problemsFound(schema, value)
  const areAll = found.length < PROBLEMS_FOUND_MAX
  let said: Said[] = []
  for (const problem of found) {
    if (problem.keyword !== 'anyOf') {
      said.push(saidOf(problem))
      continue
    }
    const within = `${problem.schemaPath}/anyOf/`
    const isOfUnion = ({ schemaPath }: Said) => schemaPath.startsWith(within)
    const alternatives = Map.groupBy(said.filter(isOfUnion), ({ schemaPath }) =>
      schemaPath.slice(within.length).split('/', 1).join(),
    )
    said = said.filter((each) => !isOfUnion(each))
    const merged = mergedOf([...alternatives.values()], problem)
    said.push(...merged.map((each) => ({ ...each, schemaPath: problem.schemaPath })))
  }
  // Of a union whose end was not reached nobody knows what was meant.
  const known = areAll ? said : said.filter(({ schemaPath }) => !OF_ALTERNATIVE.test(schemaPath))
  return { texts: [...new Set(known.map(({ instancePath, text }) => `${instancePath} ${text}`))], areAll }
}

const OF_ALTERNATIVE = /\/anyOf\/\d+(?:\/|$)/

/** TypeBox has its limit for all of the process; by itself it is 8, where unions end amid their alternatives. */
function problemsFound(schema: TSchema, value: unknown): readonly Problem[] {
  const { maxErrors } = Settings.Get()
  Settings.Set({ maxErrors: PROBLEMS_FOUND_MAX })
  try {
    return Value.Errors(schema, value)
  } finally {
    Settings.Set({ maxErrors })
  }
}

function saidOf({ keyword, schemaPath, instancePath, params, message }: Problem): Said {
  const about = { schemaPath, instancePath }
  if (keyword === 'const' && 'allowedValue' in params) return constantOf(about, [JSON.stringify(params.allowedValue)])
  const isNull = keyword === 'type' && 'type' in params && params.type === 'null'
  return { ...about, text: message, isNull }
}

function constantOf(about: Pick<Said, 'schemaPath' | 'instancePath'>, constants: readonly string[]): Said {
  const text = `must be ${constants.length === 1 ? '' : 'one of '}${constants.join(', ')}`
  return { ...about, text, constants }
}

/** Of the alternatives of a union those that may have been meant. */
function mergedOf(alternatives: readonly (readonly Said[])[], { instancePath, schemaPath, message }: Problem): Said[] {
  // That nothing would do, too, helps nobody who sent something.
  const some = alternatives.filter(
    ([first, ...more]) => !first?.isNull || first.instancePath !== instancePath || more.length > 0,
  )
  if (some.length === 0) return [{ schemaPath, instancePath, text: message }]
  // A constant within tells alternatives apart: those whose constant is another one were not meant.
  const isTag = (each: Said) => each.constants !== undefined && each.instancePath !== instancePath
  const meant = some.filter((each) => !each.some(isTag))
  const left = meant.length > 0 ? meant : some
  const [only, ...others] = left
  if (only !== undefined && others.length === 0) return [...only]
  const shared = only?.filter((one) => others.every((each) => each.some((other) => isSame(one, other)))) ?? []
  if (shared.length > 0) return shared
  const constants = left.map((each) => each.find((one) => one.constants))
  const [first] = constants
  if (first !== undefined && constants.every((each) => each?.instancePath === first.instancePath)) {
    return [constantOf(first, [...new Set(constants.flatMap((each) => each?.constants ?? []))])]
  }
  return [{ schemaPath, instancePath, text: eitherOf(left, instancePath) }]
}

function isSame(one: Said, other: Said): boolean {
  return one.instancePath === other.instancePath && one.text === other.text
}

/** Of each alternative the first thing that is in its way. */
function eitherOf(alternatives: readonly (readonly Said[])[], instancePath: string): string {
  const texts = alternatives.map(([first]) => `${first?.instancePath.slice(instancePath.length)} ${first?.text}`.trim())
  return [...new Set(texts)].join(', or ')
}
