// Whether a request may be made at all: asks the guard, before the body is read.
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AccessGuard } from '../ports.ts'
import { asksByBody, type Route } from '../routing/route.ts'
import { type Asker, askGuard, OWNER } from './asker.ts'

const GRANTED = new WeakMap<FastifyRequest, Asker>()

interface Asked {
  readonly guard: AccessGuard
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

/** Answers what is refused: no body, and why in `X-Auth-Error`. */
export async function admitted(route: Route, { guard, request, reply }: Asked): Promise<void> {
  if (route.permission === 'public') return
  const permission = permissionFor(route, request.params)
  const { headers, url } = request
  const byBody = asksByBody(route)
  const access = await askGuard(guard, { headers, url, permission, ...(byBody ? { someIsEnough: true } : {}) })
  if (access.granted) {
    GRANTED.set(request, access)
    return
  }
  if (access.reason !== undefined) reply.header('x-auth-error', access.reason)
  // What comes after the head is not read.
  reply.header('connection', 'close')
  reply.code(access.status).send()
}

export function askerOf(request: FastifyRequest): Asker {
  return GRANTED.get(request) ?? OWNER
}

/** `context:list[:id]` with the ids of this path; escaped, so that they cannot be more than one id. */
export function permissionFor({ permission = 'admin' }: Pick<Route, 'permission'>, params: unknown): string {
  const given = new Map<string, unknown>(typeof params === 'object' && params !== null ? Object.entries(params) : [])
  const filled = (_whole: string, before: string, name: string) =>
    `${before}${encodeURIComponent(String(given.get(name)))}`
  return permission.replaceAll(/([[,]):(\w+)/g, filled)
}
