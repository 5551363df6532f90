// Logins and what keeps them alive. A session is one family of tokens: each pair has one refresh token, good once. One
// that comes a second time was stolen, from us or from the client: then the whole family ends, the thief's part with it.
import type { IncomingHttpHeaders } from 'node:http'
import { toHex } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import { type Callers, permissionsOf } from './callers.ts'
import { AuthError } from './errors.ts'
import type { BookChange, KeyBook } from './keys/key-book.ts'
import type { Key, Session } from './keys/records.ts'
import { EARLY_REFRESH_SEC, LEEWAY_SEC, SESSIONS_PER_KEY_MAX, SWEEP_MS } from './limits.ts'
import type { Claims, Tokens, TokenType } from './tokens/tokens.ts'

export interface TokenPair {
  readonly access_token: string
  readonly refresh_token: string
}

export interface SessionParts {
  readonly book: KeyBook
  readonly tokens: Tokens
  readonly callers: Callers
  readonly clock: Clock
  readonly random: Random
  readonly accessSec: number
  readonly refreshSec: number
}

export class Sessions {
  readonly #parts: SessionParts
  #sweptMs = 0

  constructor(parts: SessionParts) {
    this.#parts = parts
  }

  /**
   * Tokens for a key, bound to `nodeUrl` where there is one. `alsoWrite` goes into the same batch, before anything is
   * judged: a new client key, a password hashed anew. Throws AuthError TOKEN_REVOKED where the key has gone meanwhile.
   */
  async begin(key: Key, nodeUrl: string | undefined, alsoWrite?: (change: BookChange) => void): Promise<TokenPair> {
    const { book, clock, random } = this.#parts
    const nowMs = Math.trunc(clock.nowMs())
    const session: Session = {
      id: toHex(random.bytes(16)),
      keyId: key.id,
      refreshId: this.#newId(),
      createdAtMs: nowMs,
      expiresAtMs: nowMs + this.#parts.refreshSec * 1000,
      ...(nodeUrl === undefined ? {} : { nodeUrl }),
    }
    const pair = await this.#pairFor(session, key)
    await book.change((change) => {
      this.#sweep(change)
      alsoWrite?.(change)
      const now = book.key(key.id)
      if (alsoWrite === undefined && (now === undefined || now.revokedAtMs !== undefined)) {
        throw new AuthError('TOKEN_REVOKED', 'the key was revoked during the login')
      }
      const alive = book.sessionsOf(key.id)
      for (const old of alive.slice(0, Math.max(0, alive.length - SESSIONS_PER_KEY_MAX + 1))) change.dropSession(old)
      change.putSession(session)
    })
    return pair
  }

  /**
   * Throws AuthError: TOKEN_INVALID, TOKEN_STILL_VALID, TOKEN_OF_OTHER_NODE, TOKEN_REVOKED, and TOKEN_REUSED where the
   * refresh token had been used before, after which the session has ended and a client key is revoked.
   */
  async refresh(tokens: TokenPair, headers: IncomingHttpHeaders): Promise<TokenPair> {
    const access = await this.#read(tokens.access_token, 'access')
    if (this.#parts.clock.nowMs() / 1000 < access.exp - EARLY_REFRESH_SEC) {
      throw new AuthError('TOKEN_STILL_VALID', 'Access token still valid')
    }
    const spent = await this.#read(tokens.refresh_token, 'refresh')
    if (spent.sub !== access.sub || spent.sid !== access.sid) {
      throw new AuthError('TOKEN_INVALID', 'Invalid refresh token: it does not belong to this access token')
    }
    return this.#rotate(spent, headers)
  }

  /** For clients that send nothing else. Throws as `refresh` does, but for TOKEN_STILL_VALID. */
  async refreshAlone(refreshToken: string, headers: IncomingHttpHeaders): Promise<TokenPair> {
    return this.#rotate(await this.#read(refreshToken, 'refresh'), headers)
  }

  /**
   * Ends the login that a refresh token is of, whether or not that was used before; one that has ended is no failure.
   * Throws AuthError TOKEN_INVALID.
   */
  async end(refreshToken: string): Promise<void> {
    const { sub, sid } = await this.#read(refreshToken, 'refresh')
    const { book } = this.#parts
    await book.change((change) => {
      const session = book.session(sub, sid)
      if (session !== undefined) this.#endFamily(change, session)
    })
  }

  async #rotate(spent: Claims, headers: IncomingHttpHeaders): Promise<TokenPair> {
    const { book, callers, clock } = this.#parts
    const { key } = callers.liveKey(spent.sub)
    callers.checkHost(spent, headers)
    const refreshId = this.#newId()
    const expiresAtMs = Math.trunc(clock.nowMs()) + this.#parts.refreshSec * 1000
    const known = book.session(key.id, spent.sid)
    if (known === undefined) throw new AuthError('TOKEN_REVOKED', 'the login of this token has ended')
    const pair = await this.#pairFor({ ...known, refreshId, expiresAtMs }, key)
    const isFirst = await book.change((change) => {
      const session = book.session(key.id, spent.sid)
      if (session === undefined) throw new AuthError('TOKEN_REVOKED', 'the login of this token has ended')
      if (session.refreshId === spent.jti) change.putSession({ ...session, refreshId, expiresAtMs })
      else this.#endFamily(change, session)
      return session.refreshId === spent.jti
    })
    if (isFirst) return pair
    throw new AuthError('TOKEN_REUSED', 'this refresh token was used before; log in again')
  }

  #endFamily(change: BookChange, session: Session): void {
    change.dropSession(session)
    const key = this.#parts.book.key(session.keyId)
    if (key?.kind !== 'client') return
    change.dropSessionsOf(key.id)
    change.putKey({ ...key, revokedAtMs: Math.trunc(this.#parts.clock.nowMs()) })
  }

  /** Whose end does not matter for the access token of a pair, and is nothing special for the other one. */
  async #read(token: string, type: TokenType): Promise<Claims> {
    try {
      return await this.#parts.tokens.verify(token, type, { evenExpired: type === 'access' })
    } catch (cause) {
      if (!(cause instanceof AuthError)) throw cause
      throw new AuthError('TOKEN_INVALID', `Invalid ${type} token`, { cause })
    }
  }

  async #pairFor(session: Session, key: Key): Promise<TokenPair> {
    const { callers, book, tokens, accessSec, refreshSec } = this.#parts
    const root = book.key(key.id) === undefined ? undefined : callers.liveKey(key.id).root
    const common = {
      keyId: key.id,
      sessionId: session.id,
      // Of a client key that is being made, whoever makes it has looked at its permissions.
      permissions: root === undefined ? key.permissions : permissionsOf(key, root),
      nodeUrl: session.nodeUrl,
    }
    const [access, refresh] = await Promise.all([
      tokens.sign({ ...common, type: 'access', id: this.#newId(), lifeSec: accessSec }),
      tokens.sign({ ...common, type: 'refresh', id: session.refreshId, lifeSec: refreshSec }),
    ])
    return { access_token: access, refresh_token: refresh }
  }

  /** What has expired goes, and client keys with it that nobody can use any more. */
  #sweep(change: BookChange): void {
    const { book, clock } = this.#parts
    const nowMs = clock.nowMs()
    if (nowMs < this.#sweptMs + SWEEP_MS) return
    this.#sweptMs = nowMs
    for (const key of book.keys()) {
      const [over, alive] = partition(
        book.sessionsOf(key.id),
        ({ expiresAtMs }) => expiresAtMs + LEEWAY_SEC * 1000 < nowMs,
      )
      if (key.kind === 'client' && over.length > 0 && alive.length === 0) change.dropKey(key.id)
      else for (const session of over) change.dropSession(session)
    }
  }

  /** A random UUID. */
  #newId(): string {
    const bytes = this.#parts.random.bytes(16)
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
    return toHex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
  }
}

function partition<T>(items: readonly T[], isFirst: (item: T) => boolean): [T[], T[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))]
}
