import { Type } from '@calbox/schemas'
import { lookUpPath } from '../../values/capture-outputs.ts'
import { isJsonObject, type JsonValue } from '../../values/json/json-value.ts'
import { shownText } from '../../values/shown-value.ts'
import { closed, nodeField } from '../fields.ts'
import { StepError } from '../step-error.ts'
import { defineStep } from '../step-kind.ts'
import { mismatches, strictText, strictValues } from './match-paths.ts'

const paths = (description: string) => Type.Optional(Type.Array(Type.String({ minLength: 1 }), { description }))

export const assertApiResponse = defineStep({
  kind: 'assert_api_response',
  summary: 'GET any route of a node and check its JSON: values at paths, paths that must be there or must not.',
  schema: Type.Object(
    {
      node: nodeField,
      path: Type.String({ minLength: 1, description: 'Route, e.g. /admin-api/health.' }),
      match: Type.Optional(
        Type.Record(Type.String(), Type.Unknown(), { description: 'Dotted path in the reply: value it must have.' }),
      ),
      present: paths('Dotted paths that must be there.'),
      absent: paths('Dotted paths that must not.'),
    },
    closed,
  ),
  outputs: [],
  outputsAreExtra: true,
  honoursExpectedFailure: true,
  async run(input, context, options) {
    const node = context.node(input.node)
    const path = `/${strictText(input.path, context).replace(/^\/+/, '')}`
    const { match } = context.step.input
    const wanted = strictValues(isJsonObject(match) ? match : {}, context)
    const present = input.present ?? []
    const absent = input.absent ?? []
    const count = Object.keys(wanted).length + present.length + absent.length
    if (count === 0 && !context.step.expectedFailure) {
      throw new StepError('invalid', 'nothing is checked: give "match", "present" or "absent"')
    }
    const reply = await node.client.exchange('GET', path, options)
    const failures = [
      ...mismatches(reply, wanted),
      ...present.filter((each) => lookUpPath(reply, each) === undefined).map((each) => `${each}: is not there`),
      ...absent.flatMap((each) => unwanted(reply, each)),
    ]
    if (failures.length > 0) {
      const head = `GET ${path} on ${node.name}: ${failures.length} of ${count} checks do not hold`
      const lines = [head, ...failures.map((line) => `  ${line}`), `  the reply: ${shownText(reply)}`]
      throw new StepError('assertion', lines.join('\n'), { node: node.name })
    }
    return {
      payload: { data: reply },
      rawKey: `api_response_${node.name}`,
      node: node.name,
      summary: count === 1 ? '1 check holds' : `${count} checks hold`,
    }
  },
})

function unwanted(reply: JsonValue, path: string): string[] {
  const found = lookUpPath(reply, path)
  return found === undefined ? [] : [`${path}: must not be there, and is ${shownText(found)}`]
}
