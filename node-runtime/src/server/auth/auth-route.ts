// One route of /auth or /admin: declared like the node's own, but answered in the envelope of the authentication service.
import type { IncomingHttpHeaders } from 'node:http'
import { type Static, type TObject, type TSchema, Type } from 'typebox'
import type { Logger } from '../../base/log.ts'
import type { HeldBytes } from '../bodies/held-bytes.ts'
import { NoBody, NoFields, type Route, type RouteDeclaration } from '../routing/route.ts'
import type { AuthCaller, AuthService } from './auth-port.ts'

export interface AuthRouteParts {
  readonly auth: AuthService
  readonly log: Logger
  readonly held: HeldBytes
  /** Since when the server is there. */
  readonly sinceMs: number
  readonly nowMs: () => number
  readonly storeAnswers: () => boolean
}

export interface AuthRequest<Params, Body> {
  readonly params: Params
  readonly body: Body
  readonly headers: IncomingHttpHeaders
  /** Where it came from. Never what a header says: anybody can write one. */
  readonly address: string
}

/** What is not `{data, error: null}` alone. */
export class AuthReply {
  readonly data: unknown
  readonly headers: Readonly<Record<string, string>>

  constructor(data: unknown, headers: Readonly<Record<string, string>>) {
    this.data = data
    this.headers = headers
  }
}

/** A page for people. */
export class PageReply {
  readonly text: string
  readonly type: string

  constructor(text: string, type = 'text/html; charset=utf-8') {
    this.text = text
    this.type = type
  }
}

type Declared<P extends TObject, B extends TSchema> = Pick<
  Route<P, TObject, B>,
  'method' | 'url' | 'summary' | 'params' | 'body' | 'failures'
> & {
  /** `public`, `token`, or what the caller must have. */
  readonly permission: string
  /** Of the `data` of the 200; or the content type of what is not JSON. */
  readonly data?: TSchema | string
}

export interface AuthRoute extends RouteDeclaration {
  readonly permission: string
  /** The `data` of the 200. `caller` stands for a token with the permission; undefined where none is needed. */
  readonly handle: (
    parts: AuthRouteParts,
    request: AuthRequest<Record<string, unknown>, unknown>,
    caller: AuthCaller | undefined,
  ) => Promise<unknown>
}

interface PublicRoute<P extends TObject, B extends TSchema> extends Declared<P, B> {
  readonly permission: 'public'
  readonly handle: (parts: AuthRouteParts, request: AuthRequest<Static<P>, Static<B>>) => Promise<unknown>
}

interface ProtectedRoute<P extends TObject, B extends TSchema> extends Declared<P, B> {
  readonly handle: (
    parts: AuthRouteParts,
    request: AuthRequest<Static<P>, Static<B>>,
    caller: AuthCaller,
  ) => Promise<unknown>
}

export function publicRoute<P extends TObject, B extends TSchema>(declared: PublicRoute<P, B>): AuthRoute {
  return { ...declared, ...documented(declared, []) } as unknown as AuthRoute
}

export function protectedRoute<P extends TObject, B extends TSchema>(declared: ProtectedRoute<P, B>): AuthRoute {
  // A header that is missing is a 400 here.
  return { ...declared, ...documented(declared, [400]) } as unknown as AuthRoute
}

/** What follows of the envelope, for the documentation. */
function documented<P extends TObject, B extends TSchema>(
  { data, body, failures = [] }: Declared<P, B>,
  more: readonly number[],
) {
  const envelope = Type.Object({ data: typeof data === 'object' ? data : Type.Unknown(), error: Type.Null() })
  return {
    query: NoFields,
    response: typeof data === 'string' ? data : envelope,
    failures: [...failures, ...more, ...(Object.is(body, NoBody) ? [] : [422])],
  }
}
