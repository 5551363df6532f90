// One operation of the OpenAPI document: what a route takes, gives and refuses.
import { STATUS_CODES } from 'node:http'
import { type TObject, Type } from 'typebox'
import { NoBody, type RouteDeclaration } from '../routing/route.ts'

export interface Json {
  readonly [key: string]: unknown
}

export const ERROR_SCHEMA: Json = {
  type: 'object',
  required: ['error'],
  properties: { error: { type: 'string', description: 'What was refused, what was seen, and what to do.' } },
}

const PREFIXES = /^\/(?:admin-api\/)?/
const HAS_BODY = new Set(['POST', 'PUT', 'DELETE'])
const BYTES = { type: 'string', format: 'binary' }
const REFUSAL: Json = { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } }

/** Statuses that any route may answer with, and when; the guard answers 401 and its own 403 without a body. */
export function failuresOf(route: RouteDeclaration): number[] {
  const hasInput = [route.params, route.query].some((part) => Object.keys(part.properties).length > 0)
  const hasBody = takesBody(route)
  return [
    ...new Set([
      // A Host or Origin that is refused; a permission that the caller lacks.
      403,
      // The node is stopping, or has more to do than it takes on.
      503,
      ...(hasInput || hasBody ? [400] : []),
      ...(isPublic(route) ? [] : [401]),
      ...(hasBody ? [413] : []),
      ...(Object.keys(route.params.properties).length > 0 ? [404] : []),
      ...(route.failures ?? []),
    ]),
  ].toSorted((a, b) => a - b)
}

/** The answer with that status; the same for all routes. */
export function refusalOf(status: number): Json {
  return { description: STATUS_CODES[status] ?? '', content: REFUSAL }
}

export function operationOf(route: RouteDeclaration, path: string): Json {
  const permission = route.permission ?? 'admin'
  return {
    operationId: idOf(route),
    summary: route.summary,
    tags: [tagOf(path)],
    ...(isPublic(route) ? { security: [] } : { security: [{ bearer: [] }], 'x-permission': permission }),
    ...parametersOf(route),
    ...bodyOf(route),
    responses: {
      200: { description: 'Done', ...contentOf(route) },
      ...Object.fromEntries(failuresOf(route).map((status) => [status, { $ref: `#/components/responses/${status}` }])),
    },
  }
}

function isPublic(route: RouteDeclaration): boolean {
  return route.permission === 'public'
}

function takesBody(route: RouteDeclaration): boolean {
  return HAS_BODY.has(route.method) && (route.streams === true || route.body !== NoBody)
}

function parametersOf({ params, query }: RouteDeclaration): Json {
  const parameters = [...parametersIn('path', params), ...parametersIn('query', query)]
  return parameters.length === 0 ? {} : { parameters }
}

function parametersIn(place: 'path' | 'query', { properties }: TObject): Json[] {
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: place,
    required: place === 'path' || !Type.IsOptional(schema),
    schema,
  }))
}

function bodyOf(route: RouteDeclaration): Json {
  if (!takesBody(route)) return {}
  if (route.streams)
    return { requestBody: { required: true, content: { 'application/octet-stream': { schema: BYTES } } } }
  return { requestBody: { required: true, content: { 'application/json': { schema: route.body } } } }
}

function contentOf({ method, response }: RouteDeclaration): Json {
  if (method === 'HEAD') return {}
  if (typeof response === 'string') return { content: { [response]: { schema: BYTES } } }
  return { content: { 'application/json': { schema: response ?? { type: 'object' } } } }
}

/** `GET /admin-api/contexts/:id/storage` is `getContextsIdStorage`; a slash at the end is `Slash`. */
function idOf({ method, url }: RouteDeclaration): string {
  const words = url
    .replace(PREFIXES, '')
    .replace(/\/$/, '/slash')
    .split(/[^A-Za-z0-9]+/)
  const camel = words.filter((word) => word !== '').map((word) => word.charAt(0).toUpperCase() + word.slice(1))
  return method.toLowerCase() + camel.join('')
}

function tagOf(path: string): string {
  return path.replace(PREFIXES, '').split(/[/.]/)[0] || 'node'
}
