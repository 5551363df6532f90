// Reads `handlers.json`: what the handler check calls and compares. Says what is wrong with it, and where.
import { HANDLER_MEMBERS, type HandlerScenario, ScenarioError, type View } from './handler-world.ts'

type Json = Readonly<Record<string, unknown>>

const SCENARIO_FIELDS = ['init', 'calls', 'views', 'countsRuns']

/** `file`: for messages. */
export function parseScenario(file: string, text: string): HandlerScenario {
  const wrong = (place: string, what: string): never => {
    throw new ScenarioError(`${file}: ${place} ${what}`)
  }
  const object = (value: unknown, place: string, fields?: readonly string[]): Json => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) wrong(place, 'must be an object')
    for (const field of Object.keys(value as Json)) {
      if (fields && !fields.includes(field)) wrong(`${place}.${field}`, `is not known; known are ${fields.join(', ')}`)
    }
    return value as Json
  }
  const list = (value: unknown, place: string): readonly unknown[] =>
    Array.isArray(value) && value.length > 0 ? value : wrong(place, 'must be a list with something in it')
  const view = (value: Json, place: string): View => {
    const { method, args } = value
    if (typeof method !== 'string') return wrong(`${place}.method`, 'must be the name of a method')
    return { method, ...(args === undefined ? {} : { args: object(args, `${place}.args`) }) }
  }
  const call = (value: unknown, place: string): HandlerScenario['calls'][number] => {
    const fields = object(value, place, ['method', 'args', 'by'])
    const { by = 0 } = fields
    if (typeof by !== 'number' || HANDLER_MEMBERS[by] === undefined) {
      return wrong(`${place}.by`, `must be a member, 0 to ${HANDLER_MEMBERS.length - 1}`)
    }
    return { ...view(fields, place), by }
  }

  let read: unknown
  try {
    read = JSON.parse(text)
  } catch (cause) {
    throw new ScenarioError(`${file} is not JSON: ${messageOf(cause).replace(/\s*\n\s*/g, ' ')}`, { cause })
  }
  const whole = object(read, 'the scenario', SCENARIO_FIELDS)
  const calls = list(whole.calls, 'calls').map((each, index) => call(each, `calls[${index}]`))
  const views = list(whole.views, 'views').map((each, index) =>
    view(object(each, `views[${index}]`, ['method', 'args']), `views[${index}]`),
  )
  const countsRuns = whole.countsRuns === undefined ? [] : list(whole.countsRuns, 'countsRuns').map(String)
  for (const each of countsRuns) {
    if (!views.some(({ method }) => method === each))
      wrong('countsRuns', `names ${each}, which is not one of the views`)
  }
  return { calls, views, countsRuns, ...(whole.init === undefined ? {} : { init: object(whole.init, 'init') }) }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
