// A way to prove who one is. Which keys there are, and what they may do, it does not know.
import type { RootKey } from '../keys/records.ts'
import type { HashTurn } from './hash-turns.ts'

/** What `POST /auth/token` brings. */
export interface Credentials {
  readonly publicKey: string
  readonly data: Readonly<Record<string, unknown>>
}

export interface Provider {
  /** `auth_method`. */
  readonly name: string
  readonly description: string
  /** What clients may know of its settings. */
  readonly settings: Readonly<Record<string, unknown>>
  /**
   * Whose failures these are, and as what the key is known: one account is written in one way only. Throws AuthError
   * CREDENTIALS_REJECTED for what can be nobody.
   */
  accountOf(credentials: Credentials): string
  /**
   * `key` is that of the account; undefined where there is none, or none that counts: then it fails just as slowly.
   * What it resolves with is to be kept in the key from now on. `turn`: of whom, where others wait for the same. Throws
   * AuthError CREDENTIALS_REJECTED, AUTH_BUSY.
   */
  prove(credentials: Credentials, key: RootKey | undefined, turn: HashTurn): Promise<Partial<Pick<RootKey, 'password'>>>
  /** What a new key of this account has to keep. Throws AuthError AUTH_INPUT. */
  enrol(credentials: Credentials): Promise<Partial<Pick<RootKey, 'password'>>>
}
