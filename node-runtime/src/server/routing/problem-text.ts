// What a client is told of a value that does not fit its schema: the problems that TypeBox lists, of which those of unions say
// every alternative and never a constant.

/** As TypeBox lists them: those of the alternatives of a union first, then one of keyword `anyOf`. */
export interface Problem {
  readonly keyword: string
  readonly schemaPath: string
  readonly instancePath: string
  readonly params: object
  readonly message: string
}

interface Said {
  /** What of the schema says so; `schemaPath` of a union is that of its alternatives, too. */
  readonly schemaPath: string
  readonly instancePath: string
  readonly text: string
  /** As JSON: the constants of which one must be there. */
  readonly constants?: readonly string[]
  readonly isNull?: boolean
}

/** `/contextId must be string`: one each, in their order, none twice. */
export function problemTexts(problems: readonly Problem[]): string[] {
  let said: Said[] = []
  for (const problem of problems) {
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
  return [...new Set(said.map(({ instancePath, text }) => `${instancePath} ${text}`))]
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
  // A constant tells alternatives apart: those whose constant is another one were not meant.
  const meant = some.filter((each) => !each.some(({ constants }) => constants))
  if (meant.length > 0 && meant.length < some.length) return meant.flat()
  const constants = some.flatMap((each) => each.filter((one) => one.constants))
  const [first] = constants
  if (first === undefined || constants.some((each) => each.instancePath !== first.instancePath)) return some.flat()
  return [constantOf(first, [...new Set(constants.flatMap((each) => each.constants ?? []))])]
}
