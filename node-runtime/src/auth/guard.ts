// The guard of the node's own routes: what the server asks before it reads a request.
import type { IncomingHttpHeaders } from 'node:http'
import type { Watchable } from '../base/feed.ts'
import type { PublicKey } from '../base/ids.ts'
import type { Logger } from '../base/log.ts'
import { tokenOf } from './bearer.ts'
import type { Callers } from './callers.ts'
import { AuthError } from './errors.ts'
import { coveredBy, coversSome } from './permissions.ts'

interface Asked {
  readonly headers: IncomingHttpHeaders
  readonly url: string
  /** `token`: any valid one is enough. */
  readonly permission: string
  /** Whoever has it for anything is let in, and asked about by `permits` afterwards. */
  readonly someIsEnough?: boolean
}

type Reason = 'token_expired' | 'token_revoked' | 'permission_denied' | 'invalid_node'

type Answer =
  | {
      readonly granted: true
      readonly keyId: string
      readonly member?: PublicKey
      /** Of what stands in the body, once it has been read. */
      permits(permission: string): boolean
    }
  | { readonly granted: false; readonly status: 401 | 403 | 500; readonly reason?: Reason }

export class Guard {
  readonly #callers: Callers
  readonly #log: Logger
  /** Since the start, by status. */
  readonly refused = { 401: 0, 403: 0, 500: 0 }

  /** Tells that a token may be worth less from now on. */
  readonly revocations: Watchable<void>

  constructor(parts: { readonly callers: Callers; readonly revocations: Watchable<void>; readonly log: Logger }) {
    this.#callers = parts.callers
    this.revocations = parts.revocations
    this.#log = parts.log
  }

  async check(asked: Asked): Promise<Answer> {
    const answer = await this.#answer(asked)
    if (!answer.granted) this.refused[answer.status] += 1
    return answer
  }

  async #answer({ headers, url, permission, someIsEnough = false }: Asked): Promise<Answer> {
    const token = tokenOf(headers, url)
    if (token === undefined) return { granted: false, status: 401 }
    try {
      const { keyId, permissions, member } = await this.#callers.of(token, headers)
      const fits = someIsEnough ? coversSome : coveredBy
      if (permission !== 'token' && !fits(permissions, permission)) {
        return { granted: false, status: 403, reason: 'permission_denied' }
      }
      const permits = (wanted: string) => coveredBy(permissions, wanted)
      return { granted: true, keyId, permits, ...(member === undefined ? {} : { member }) }
    } catch (error) {
      return this.#refusal(error)
    }
  }

  #refusal(error: unknown): Answer {
    switch (error instanceof AuthError ? error.code : undefined) {
      case 'TOKEN_INVALID':
        return { granted: false, status: 401 }
      case 'TOKEN_EXPIRED':
        return { granted: false, status: 401, reason: 'token_expired' }
      case 'TOKEN_REVOKED':
        return { granted: false, status: 403, reason: 'token_revoked' }
      case 'TOKEN_OF_OTHER_NODE':
        return { granted: false, status: 403, reason: 'invalid_node' }
      default:
        this.#log.error({ error: error instanceof Error ? error.stack : String(error) }, 'a token could not be checked')
        return { granted: false, status: 500 }
    }
  }
}
