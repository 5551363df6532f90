// Who asks: from a token to a key that is good, and what it may do.
import type { IncomingHttpHeaders } from 'node:http'
import { type PublicKey, parseBase58Id } from '../base/ids.ts'
import { AuthError } from './errors.ts'
import type { KeyBook } from './keys/key-book.ts'
import type { ClientKey, Key, RootKey } from './keys/records.ts'
import { ADMIN, coveredBy } from './permissions.ts'
import { isBoundHere } from './tokens/node-binding.ts'
import type { Claims, Tokens } from './tokens/tokens.ts'

export interface Caller {
  readonly keyId: string
  readonly key: Key
  /** What its token says and its key still has. */
  readonly permissions: readonly string[]
  /** Which member of contexts it is; undefined: the owner of the node, as whoever administers it is. */
  readonly member: PublicKey | undefined
}

export interface CallerParts {
  readonly book: KeyBook
  readonly tokens: Tokens
  /** The host that clients know this node by, where `Host` does not say it. */
  readonly nodeHost: string | undefined
}

export class Callers {
  readonly #parts: CallerParts

  constructor(parts: CallerParts) {
    this.#parts = parts
  }

  /** Throws AuthError: TOKEN_INVALID, TOKEN_EXPIRED, TOKEN_REVOKED, TOKEN_OF_OTHER_NODE. */
  async of(token: string, headers: IncomingHttpHeaders): Promise<Caller> {
    const claims = await this.#parts.tokens.verify(token, 'access')
    const { key, root } = this.liveKey(claims.sub)
    if (this.#parts.book.session(key.id, claims.sid) === undefined) throw revoked('its login has ended')
    this.checkHost(claims, headers)
    const live = permissionsOf(key, root)
    const permissions = claims.permissions.filter((permission) => coveredBy(live, permission))
    return { keyId: key.id, key, permissions, member: memberOf(root) }
  }

  /** The key of a token, and the root key it belongs to. Throws AuthError TOKEN_INVALID, TOKEN_REVOKED. */
  liveKey(id: string): { readonly key: Key; readonly root: RootKey } {
    const key = this.#parts.book.key(id)
    if (key === undefined) throw new AuthError('TOKEN_INVALID', 'the token is refused: its key is not known here')
    const root = key.kind === 'root' ? key : this.#rootOf(key)
    if (key.revokedAtMs !== undefined || root.revokedAtMs !== undefined) throw revoked('its key has been revoked')
    return { key, root }
  }

  /** Throws AuthError TOKEN_OF_OTHER_NODE. */
  checkHost({ node_url }: Claims, headers: IncomingHttpHeaders): void {
    if (isBoundHere(node_url, headers, this.#parts.nodeHost)) return
    throw new AuthError('TOKEN_OF_OTHER_NODE', 'the token was made for another address than that of this request')
  }

  #rootOf({ rootId }: ClientKey): RootKey {
    const root = this.#parts.book.key(rootId)
    if (root?.kind === 'root') return root
    throw revoked('the key that made its key is gone')
  }
}

/** What a key may do now: a client key never more than the root key that made it. */
export function permissionsOf(key: Key, root: RootKey): string[] {
  return key.permissions.filter((permission) => key === root || coveredBy(root.permissions, permission))
}

function memberOf({ publicKey, permissions }: RootKey): PublicKey | undefined {
  if (permissions.includes(ADMIN)) return undefined
  try {
    return parseBase58Id<PublicKey>(publicKey)
  } catch {
    // A name, not a key.
    return undefined
  }
}

function revoked(why: string): AuthError {
  return new AuthError('TOKEN_REVOKED', `the token is refused: ${why}`)
}
