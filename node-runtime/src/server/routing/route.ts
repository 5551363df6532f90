// One route is one declaration: method, path, who may ask, schemas of what comes and goes, handler. Registration,
// validation, the guard, OpenAPI and the pages of the docs read it.
import type { IncomingHttpHeaders } from 'node:http'
import type { Static, TObject, TSchema } from 'typebox'
import { Type } from 'typebox'
import type { Bytes } from '../../base/bytes.ts'
import type { PublicKey } from '../../base/ids.ts'
import type { Logger } from '../../base/log.ts'
import type { Asker } from '../access/asker.ts'
import type { HeldBytes } from '../bodies/held-bytes.ts'
import { ServerError } from '../errors.ts'
import type { JsonReading } from '../formats/json/json.ts'
import type { JsonReader } from '../formats/json/reader.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Aliases } from '../names/aliases.ts'
import type { DefaultGroups } from '../names/default-groups.ts'
import type { ServerParts } from '../server-parts.ts'
import type { Streams } from '../streams/streams.ts'
import type { RawResponse } from './raw-response.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    json?: JsonReading
  }
}

/** What the routes serve. */
export interface RouteParts extends ServerParts {
  /** What is pushed to clients. */
  readonly streams: Streams
  readonly aliases: Aliases
  readonly defaultGroups: DefaultGroups
  readonly metrics: Metrics
  readonly json: JsonReader
  readonly held: HeldBytes
  /** Since when the server is there: the API is loaded when it is first asked. */
  readonly sinceMs: number
}

export interface RouteRequest<Params, Query, Body> {
  readonly params: Params
  readonly query: Query
  readonly body: Body
  /** The body as it comes in, where the route `streams`. Otherwise it has been read. */
  readonly stream: AsyncIterable<Bytes>
  readonly headers: IncomingHttpHeaders
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal
  readonly asker: Asker
}

/** Bytes that are not held in memory; without `bytes` the headers alone. */
export class StreamResponse {
  readonly headers: Readonly<Record<string, string>>
  readonly bytes: AsyncIterable<Bytes> | undefined

  constructor(headers: Readonly<Record<string, string>>, bytes?: AsyncIterable<Bytes>) {
    this.headers = headers
    this.bytes = bytes
  }
}

/**
 * `public` needs no token, `token` any valid one. Everything else is a permission such as `context:list[:id]`, in which
 * `:id` stands for that parameter of the path.
 */
export type Permission = string

/** Set by `routeByBody` alone. */
const BY_BODY: unique symbol = Symbol('asks by the body')

export interface Route<P extends TObject = TObject, Q extends TObject = TObject, B extends TSchema = TSchema> {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE'
  readonly url: string
  readonly summary: string
  /** `admin` where nothing is said: what was forgotten is closed. */
  readonly permission?: Permission
  readonly params: P
  readonly query: Q
  readonly body: B
  /** Of the 200: a schema of its JSON, or the content type of what is not JSON. */
  readonly response?: TSchema | string
  /** Statuses of failures that this route has beside those of every route (`STATUS_OF_ALL` in openapi/operation.ts). */
  readonly failures?: readonly number[]
  /**
   * Nothing is done in the name of this node's member, or the handler looks who asks: so a wallet that is another member
   * may ask, too. Of reading (GET, HEAD) that is so without saying.
   */
  readonly forOtherMembers?: true
  /** How its body is read, where it may be large. */
  readonly json?: JsonReading
  /** The handler reads the body from `stream`, and it may take long to arrive. */
  readonly streams?: boolean
  /** The JSON body of the 200 response, or a response of another form. */
  readonly handle: (
    parts: RouteParts,
    request: RouteRequest<Static<P>, Static<Q>, Static<B>>,
  ) => Promise<object | RawResponse | StreamResponse>
  readonly [BY_BODY]?: true
}

/** Whether a caller that is another member than this node's is let in. */
export function isForOtherMembers({ method, forOtherMembers }: Pick<Route, 'method' | 'forOtherMembers'>): boolean {
  return method === 'GET' || method === 'HEAD' || forOtherMembers === true
}

/** All that such a route has before it has asked. */
export interface Gate {
  readonly log: Logger
  /** What a handler works with, for who has this permission; undefined for who has not. */
  readonly unlock: (permission: string) => RouteParts | undefined
  /** Whom this node acts as. */
  readonly self: PublicKey
}

/**
 * A route whose permission is about what only its body says. Who has that permission for anything gets as far as the
 * handler; and that has nothing to work with until it has named what it is about.
 */
interface RouteByBody<P extends TObject, Q extends TObject, B extends TSchema>
  extends Omit<Route<P, Q, B>, 'handle' | 'streams' | typeof BY_BODY> {
  readonly permission: 'context:execute'
  readonly handle: (
    gate: Gate,
    request: RouteRequest<Static<P>, Static<Q>, Static<B>>,
  ) => Promise<object | RawResponse | StreamResponse>
}

/** What is said of a route, without what it does. */
export type RouteDeclaration = Omit<Route, 'handle' | typeof BY_BODY>

export const NoFields = Type.Object({})
/** Clients send nothing, `null` or `{}` where there is nothing to say. */
export const NoBody = Type.Any()

export const Page = Type.Object({
  offset: Type.Optional(Type.Integer({ minimum: 0 })),
  limit: Type.Optional(Type.Integer({ minimum: 0 })),
})

/** The envelope of most answers. */
export function Data<T extends TSchema>(schema: T) {
  return Type.Object({ data: schema })
}

/** Ties the handler's types to the schemas. */
export function route<P extends TObject, Q extends TObject, B extends TSchema>(
  declared: Omit<Route<P, Q, B>, typeof BY_BODY>,
): Route {
  return declared as unknown as Route
}

export function routeByBody<P extends TObject, Q extends TObject, B extends TSchema>(
  declared: RouteByBody<P, Q, B>,
): Route {
  const handle: Route<P, Q, B>['handle'] = (parts, request) =>
    declared.handle(
      {
        log: parts.log,
        unlock: (permission) => (request.asker.permits(permission) ? parts : undefined),
        self: parts.node.identity.publicKey,
      },
      request,
    )
  return { ...declared, handle, [BY_BODY]: true } as unknown as Route
}

/** Whether the guard lets in who may do something of that kind. */
export function asksByBody(route: Route): boolean {
  return route[BY_BODY] === true
}

/** Throws PERMISSION_DENIED. */
export function unlocked({ unlock }: Gate, permission: string): RouteParts {
  const parts = unlock(permission)
  if (parts) return parts
  throw new ServerError('PERMISSION_DENIED', `this needs the permission ${permission}`)
}
