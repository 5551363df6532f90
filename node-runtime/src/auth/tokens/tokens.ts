// Tokens: JWTs, HS256, each signed by a secret that its header names. Nothing here knows what a key may do.
import { errors, jwtVerify, SignJWT } from 'jose'
import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import type { Clock } from '../../base/clock.ts'
import { AuthError } from '../errors.ts'
import { LEEWAY_SEC, TOKEN_CHARS_MAX, VERIFIED_TOKENS_MAX } from '../limits.ts'
import type { SigningSecrets } from './signing-secrets.ts'

const ClaimsSchema = Type.Object({
  /** Id of the key. */
  sub: Type.String(),
  jti: Type.String(),
  exp: Type.Integer(),
  iat: Type.Integer(),
  token_type: Type.Union([Type.Literal('access'), Type.Literal('refresh')]),
  permissions: Type.Array(Type.String()),
  /** Of the login that it came of. */
  sid: Type.String(),
  /** Good on this host only. */
  node_url: Type.Optional(Type.String()),
})
export type Claims = Static<typeof ClaimsSchema>
export type TokenType = Claims['token_type']

export interface TokenParts {
  readonly clock: Clock
  readonly secrets: SigningSecrets
  /** `iss` and `aud`. */
  readonly issuer: string
}

export interface NewToken {
  readonly type: TokenType
  readonly id: string
  readonly keyId: string
  readonly sessionId: string
  readonly permissions: readonly string[]
  readonly nodeUrl: string | undefined
  readonly lifeSec: number
}

const ALGORITHM = 'HS256'

interface Verified {
  readonly claims: Claims
  readonly signerId: string
}

export class Tokens {
  readonly #parts: TokenParts
  /** Access tokens whose signature was good, the oldest first: looking again takes a third of a millisecond. */
  readonly #verified = new Map<string, Verified>()

  constructor(parts: TokenParts) {
    this.#parts = parts
  }

  async sign({ type, id, keyId, sessionId, permissions, nodeUrl, lifeSec }: NewToken): Promise<string> {
    const { clock, secrets, issuer } = this.#parts
    const nowSec = Math.floor(clock.nowMs() / 1000)
    const signer = await secrets.current()
    const own = {
      token_type: type,
      permissions,
      sid: sessionId,
      ...(nodeUrl === undefined ? {} : { node_url: nodeUrl }),
    }
    return new SignJWT(own)
      .setProtectedHeader({ alg: ALGORITHM, kid: signer.id, typ: 'JWT' })
      .setSubject(keyId)
      .setIssuer(issuer)
      .setAudience(issuer)
      .setIssuedAt(nowSec)
      .setExpirationTime(nowSec + lifeSec)
      .setJti(id)
      .sign(signer.key)
  }

  /**
   * Throws AuthError: TOKEN_INVALID for whatever is not a token of this type by this node, TOKEN_EXPIRED. Nothing of the
   * token is in it. With `evenExpired` its end does not count; everything else does.
   */
  async verify(token: string, type: TokenType, { evenExpired = false } = {}): Promise<Claims> {
    if (token.length > TOKEN_CHARS_MAX) throw invalid(`it has more than ${TOKEN_CHARS_MAX} characters`)
    const known = this.#known(token, type)
    if (known) return known
    const { payload, signerId } = await this.#opened(token, evenExpired)
    if (!Value.Check(ClaimsSchema, payload)) throw invalid('its claims are incomplete')
    if (payload.token_type !== type) throw invalid(`it is no ${type} token`)
    if (type === 'access') this.#remember(token, { claims: payload, signerId })
    return payload
  }

  /** One that has ended, or whose secret is gone, is looked at as if it were new. */
  #known(token: string, type: TokenType): Claims | undefined {
    const known = this.#verified.get(token)
    if (known === undefined || known.claims.token_type !== type) return undefined
    const { clock, secrets } = this.#parts
    const isGood = clock.nowMs() / 1000 < known.claims.exp + LEEWAY_SEC && secrets.find(known.signerId) !== undefined
    return isGood ? known.claims : undefined
  }

  #remember(token: string, verified: Verified): void {
    this.#verified.set(token, verified)
    if (this.#verified.size <= VERIFIED_TOKENS_MAX) return
    const oldest = this.#verified.keys().next()
    if (!oldest.done) this.#verified.delete(oldest.value)
  }

  async #opened(token: string, evenExpired: boolean): Promise<{ payload: unknown; signerId: string }> {
    const { clock, secrets, issuer } = this.#parts
    let signerId = ''
    try {
      const { payload } = await jwtVerify(
        token,
        ({ kid }) => {
          const signer = kid === undefined ? undefined : secrets.find(kid)
          if (signer === undefined) throw invalid('no secret of this node signed it')
          signerId = signer.id
          return signer.key
        },
        {
          algorithms: [ALGORITHM],
          issuer,
          audience: issuer,
          clockTolerance: LEEWAY_SEC,
          currentDate: new Date(clock.nowMs()),
          requiredClaims: ['exp', 'iat', 'sub', 'jti'],
        },
      )
      return { payload, signerId }
    } catch (error) {
      if (error instanceof errors.JWTExpired) {
        // Signature, issuer and audience have been looked at before.
        if (evenExpired) return { payload: error.payload, signerId }
        throw new AuthError('TOKEN_EXPIRED', 'the token has expired; renew it with POST /auth/refresh')
      }
      if (error instanceof AuthError) throw error
      if (error instanceof errors.JOSEError) throw invalid('it is damaged, forged, or not a token of this node')
      throw error
    }
  }
}

function invalid(why: string): AuthError {
  return new AuthError('TOKEN_INVALID', `the token is refused: ${why}`)
}
