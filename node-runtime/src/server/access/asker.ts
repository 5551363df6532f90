// Who asks, as the guard took it. A stream goes on after its request: it asks the guard anew, with the same token.
import type { IncomingHttpHeaders } from 'node:http'
import type { PublicKey } from '../../base/ids.ts'
import type { Access, AccessGuard, AccessRequest } from '../ports.ts'

export type Refusal = Extract<Access, { granted: false }>

export interface Asker {
  readonly granted: true
  /** Which key; undefined where the guard tells none apart, and where there is no guard: the owner of the node. */
  readonly keyId: string | undefined
  /** Whom the guard took it for, where its calls are those of a member; undefined for the owner of the node. */
  readonly member: PublicKey | undefined
  readonly permits: (permission: string) => boolean
  /** What the same token is worth now. */
  readonly again: () => Promise<Asker | Refusal>
}

/** Everybody, where there is no guard. */
export const OWNER: Asker = {
  granted: true,
  keyId: undefined,
  member: undefined,
  permits: () => true,
  again: async () => OWNER,
}

export async function askGuard(guard: AccessGuard | undefined, request: AccessRequest): Promise<Asker | Refusal> {
  if (!guard) return OWNER
  const access = await guard.check(request)
  if (!access.granted) return access
  const { keyId, member, permits = () => true } = access
  const kept = { headers: tokenHeaders(request.headers), url: request.url, permission: 'token' }
  return { granted: true, keyId, member, permits, again: () => askGuard(guard, kept) }
}

/** What of the headers a token is judged by: the others are not kept as long as a stream lasts. */
function tokenHeaders({
  authorization,
  host,
  'x-forwarded-host': forwarded,
}: IncomingHttpHeaders): IncomingHttpHeaders {
  return {
    ...(authorization === undefined ? {} : { authorization }),
    ...(host === undefined ? {} : { host }),
    ...(forwarded === undefined ? {} : { 'x-forwarded-host': forwarded }),
  }
}
