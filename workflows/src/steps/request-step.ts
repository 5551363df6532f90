// A kind that is one request: its fields make a route and a body, the reply is what `outputs` reads. Such a kind is a list
// of facts; how it fails, captures and speaks is the same for all of them.
import { type TSchema, Type } from '@calbox/schemas'
import type { Method } from '../client/transport.ts'
import { unwrapData } from '../values/capture-outputs.ts'
import type { JsonObject, JsonValue } from '../values/json/json-value.ts'
import { pythonStr } from '../values/python/python-text.ts'
import { closed, nodeField } from './fields.ts'
import { presentFields, refuseError } from './reply.ts'
import { defineStep, type StepContext, type StepKind, type StepResult } from './step-kind.ts'

/** The fields of the step as they were given, placeholders resolved. */
export type GivenFields = Readonly<Partial<Record<string, JsonValue>>>

export interface RequestStep extends Pick<StepKind, 'kind' | 'summary'> {
  readonly aliases?: readonly string[]
  /** Besides `node`. */
  readonly fields: Readonly<Record<string, TSchema>>
  /** `POST /groups/:group_id/sync`, below `/admin-api`; `:name` is the field of that name. */
  readonly route: `${Method} /${string}`
  /** Keys that are undefined are left out. Without it a POST sends `null`, as other clients of this API do. */
  readonly body?: (given: GivenFields) => Readonly<Record<string, JsonValue | undefined>>
  /** Until the headers of the reply; for routes that work long. */
  readonly timeoutMs?: number
  /** What the step does, for messages: `listing the members`. */
  readonly attempted: string
  readonly outputs?: StepKind['outputs']
  readonly outputsAreExtra?: boolean
  readonly givesUpHistory?: boolean
  readonly checks?: StepKind['checks']
  /** Default true. */
  readonly honoursExpectedFailure?: boolean
  /** Start of the key of the raw result: `members` for `members_<node>`. */
  readonly rawKey?: string
  /** What `outputs` reads, where it is not the reply itself. */
  readonly payload?: (data: JsonValue) => JsonValue
  /** Variables it sets by itself: field of the reply → name, `{node}` standing for the node. */
  readonly exports?: Readonly<Record<string, string>>
  /** For people: what came out. */
  readonly says?: (data: JsonValue) => string | undefined
}

export function requestStep(step: RequestStep): StepKind {
  const { route, attempted, exports = {}, honoursExpectedFailure = true, outputs = [], ...rest } = step
  return defineStep({
    kind: rest.kind,
    ...(rest.aliases && { aliases: rest.aliases }),
    summary: rest.summary,
    schema: Type.Object({ node: nodeField, ...rest.fields }, closed),
    outputs,
    exportedVariables: Object.values(exports),
    ...(rest.outputsAreExtra === true && { outputsAreExtra: true }),
    ...(rest.givesUpHistory === true && { givesUpHistory: true }),
    ...(rest.checks && { checks: rest.checks }),
    honoursExpectedFailure,
    async run(input, context, options) {
      const node = context.node(String(input.node))
      const given = givenFields(step, context)
      const sent = { ...options, ...(rest.timeoutMs && { timeoutMs: rest.timeoutMs }) }
      const { method, path } = readRoute(route, given)
      const body = bodyOf(step, method, given)
      const reply = await node.client.exchange(method, path, body === undefined ? sent : { ...sent, body })
      return resultOf(step, node.name, refuseError(node.name, attempted, reply))
    },
  })
}

function givenFields(step: RequestStep, context: StepContext): GivenFields {
  const names = Object.keys(step.fields).filter((name) => context.step.input[name] !== undefined)
  return Object.fromEntries(names.map((name) => [name, context.resolve(context.step.input[name] ?? null)]))
}

function readRoute(route: string, given: GivenFields): { method: Method; path: string } {
  const space = route.indexOf(' ')
  const filled = route
    .slice(space + 1)
    .replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(pythonStr(given[name])))
  return { method: route.slice(0, space) as Method, path: `/admin-api${filled}` }
}

function bodyOf(step: RequestStep, method: Method, given: GivenFields): JsonValue | undefined {
  if (step.body === undefined) return method === 'POST' ? null : undefined
  const body: JsonObject = {}
  for (const [key, value] of Object.entries(step.body(given))) if (value !== undefined) body[key] = value
  return body
}

function resultOf(step: RequestStep, node: string, reply: JsonValue): StepResult {
  const data = unwrapData(reply)
  const summary = step.says?.(data)
  return {
    // The envelope stays on: capturing takes it off, and a record may have a key `data` of its own.
    payload: step.payload?.(data) ?? reply,
    exports: exportsOf(step, node, data),
    rawKey: `${step.rawKey ?? step.kind}_${node}`,
    node,
    ...(summary !== undefined && { summary }),
  }
}

function exportsOf(step: RequestStep, node: string, data: JsonValue): Record<string, JsonValue> {
  const names = Object.entries(step.exports ?? {})
  return presentFields(data, Object.fromEntries(names.map(([field, name]) => [field, name.replaceAll('{node}', node)])))
}
