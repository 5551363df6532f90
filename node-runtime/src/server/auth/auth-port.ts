// What the routes of /auth and /admin need of whoever keeps keys and tokens. Implemented by `auth/`; bound where the node
// is started.
import type { IncomingHttpHeaders } from 'node:http'
import type { AccessGuard } from '../ports.ts'

/** Who asks, by a token that is good. */
export interface AuthCaller {
  readonly keyId: string
  readonly permissions: readonly string[]
}

export interface TokenPair {
  readonly access_token: string
  readonly refresh_token: string
}

interface KeyRow {
  readonly id: string
  readonly permissions: readonly string[]
  readonly createdAtMs: number
  readonly revokedAtMs?: number | undefined
}

export interface RootKeyRow extends KeyRow {
  /** A user's name, or a wallet's key. */
  readonly publicKey: string
  readonly method: string
}

export interface ClientKeyRow extends KeyRow {
  readonly rootId: string
  readonly name: string
}

interface Credentials {
  readonly method: string
  readonly publicKey: string
  readonly data: Readonly<Record<string, unknown>>
}

/** Failures are CodedErrors; `failures.ts` says what they become. */
export interface AuthService {
  readonly guard: AccessGuard
  readonly callers: { of(token: string, headers: IncomingHttpHeaders): Promise<AuthCaller> }
  readonly logins: {
    /** Since the start. */
    readonly counts: { readonly succeeded: number; readonly failed: number; readonly limited: number }
    logIn(request: Credentials & { readonly clientName: string; readonly address: string }): Promise<TokenPair>
  }
  readonly sessions: {
    refresh(tokens: TokenPair, headers: IncomingHttpHeaders): Promise<TokenPair>
    /** For clients that do not send the access token. */
    refreshAlone(refreshToken: string, headers: IncomingHttpHeaders): Promise<TokenPair>
    end(refreshToken: string): Promise<void>
  }
  readonly keys: {
    roots(): readonly RootKeyRow[]
    clients(): readonly ClientKeyRow[]
    addRoot(caller: AuthCaller, key: Credentials): Promise<RootKeyRow>
    revokeRoot(caller: AuthCaller, id: string): Promise<RootKeyRow>
    addClient(
      caller: AuthCaller,
      key: {
        readonly contextId: string | undefined
        readonly contextIdentity: string | undefined
        readonly permissions: readonly string[]
        readonly nodeUrl: string | undefined
      },
    ): Promise<TokenPair>
    revokeClient(caller: AuthCaller, id: string, rootId?: string): Promise<ClientKeyRow>
    permissionsOf(id: string): readonly string[]
    changePermissions(
      caller: AuthCaller,
      id: string,
      change: { readonly add: readonly string[]; readonly remove: readonly string[] },
    ): Promise<readonly string[]>
  }
  readonly providers: readonly {
    readonly name: string
    readonly description: string
    readonly settings: Readonly<Record<string, unknown>>
  }[]
  /** Undefined where nobody can log in by signature. */
  readonly challenge: (() => object) | undefined
  /** Whether a login for a program of before groups may send tokens in the query of its address. */
  readonly answersInQuery: boolean
  permits(permissions: readonly string[], asked: string): boolean
  /** What is signed from now on is signed with a new secret; tokens of the old one are good until they end. */
  rotateSigningSecret(): Promise<void>
}
