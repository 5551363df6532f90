// One route is one declaration: method, path, schemas, handler. Registration, validation and documentation read it.
import type { Static, TObject, TSchema } from 'typebox'
import { Type } from 'typebox'
import type { Bytes } from '../base/bytes.ts'
import type { Logger } from '../base/log.ts'
import type { NodeServices } from './ports.ts'
import type { RawResponse } from './raw-response.ts'

/** What the routes serve. */
export interface RouteParts {
  readonly node: NodeServices
  readonly log: Logger
}

export interface RouteRequest<Params, Query, Body> {
  readonly params: Params
  readonly query: Query
  readonly body: Body
  /** The body as it comes in, where the route `streams`. Otherwise it has been read. */
  readonly stream: AsyncIterable<Bytes>
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal
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

export interface Route<P extends TObject = TObject, Q extends TObject = TObject, B extends TSchema = TSchema> {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE'
  readonly url: string
  readonly summary: string
  readonly params: P
  readonly query: Q
  readonly body: B
  /** The handler reads the body from `stream`, and it may take long to arrive. */
  readonly streams?: boolean
  /** The JSON body of the 200 response, or a response of another form. */
  readonly handle: (
    parts: RouteParts,
    request: RouteRequest<Static<P>, Static<Q>, Static<B>>,
  ) => Promise<object | RawResponse | StreamResponse>
}

export const NoFields = Type.Object({})
/** Clients send nothing, `null` or `{}` where there is nothing to say. */
export const NoBody = Type.Any()

export const Page = Type.Object({
  offset: Type.Optional(Type.Integer({ minimum: 0 })),
  limit: Type.Optional(Type.Integer({ minimum: 1 })),
})

/** Ties the handler's types to the schemas. */
export function route<P extends TObject, Q extends TObject, B extends TSchema>(declared: Route<P, Q, B>): Route {
  return declared as unknown as Route
}
