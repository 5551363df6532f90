// Login: from credentials to tokens, by the provider they name. Tries are counted before anything is looked at.
import type { Logger } from '../base/log.ts'
import type { Attempts } from './attempts.ts'
import { AuthError } from './errors.ts'
import type { KeyBook } from './keys/key-book.ts'
import { keyIdOf } from './keys/key-id.ts'
import type { RootKey } from './keys/records.ts'
import type { Credentials, Provider } from './providers/provider.ts'
import type { Sessions, TokenPair } from './sessions.ts'
import { boundTo } from './tokens/node-binding.ts'

export interface LoginRequest extends Credentials {
  readonly method: string
  readonly clientName: string
  /** Where the request came from. */
  readonly address: string
}

export interface LoginParts {
  readonly providers: ReadonlyMap<string, Provider>
  readonly attempts: Attempts
  readonly book: KeyBook
  readonly sessions: Sessions
  readonly log: Logger
}

export class Logins {
  readonly #parts: LoginParts
  /** Since the start. */
  readonly counts = { succeeded: 0, failed: 0, limited: 0 }

  constructor(parts: LoginParts) {
    this.#parts = parts
  }

  /** Throws AuthError: CREDENTIALS_REJECTED, TOO_MANY_ATTEMPTS, AUTH_BUSY. It never makes a key. */
  async logIn(request: LoginRequest): Promise<TokenPair> {
    const { providers, sessions, log } = this.#parts
    const provider = providers.get(request.method)
    if (provider === undefined) {
      const known = [...providers.keys()].join(', ')
      throw new AuthError('CREDENTIALS_REJECTED', `Authentication failed: auth_method is one of ${known}`)
    }
    const account = provider.accountOf(request)
    const key = await this.#proven(provider, account, request)
    const pair = await sessions.begin(key, boundTo(request.clientName))
    this.counts.succeeded += 1
    log.info({ keyId: key.id, method: provider.name, address: request.address }, 'logged in')
    return pair
  }

  async #proven(provider: Provider, account: string, request: LoginRequest): Promise<RootKey> {
    const { attempts, book, log } = this.#parts
    const who = { method: provider.name, address: request.address }
    const attempt = this.#begin(() => attempts.begin(`${provider.name}\0${account}`, request.address))
    const key = book.key(keyIdOf(provider.name, account))
    const usable = key?.kind === 'root' && key.revokedAtMs === undefined ? key : undefined
    let renewed: Partial<RootKey>
    try {
      renewed = await provider.prove(request, usable, attempt.turn)
    } catch (error) {
      if (error instanceof AuthError && error.code === 'AUTH_BUSY') attempt.withdraw()
      else {
        attempt.failed()
        this.counts.failed += 1
      }
      // Without the name: people type their password there.
      log.warn(who, 'login refused')
      throw error
    }
    if (usable === undefined) {
      attempt.failed()
      throw new AuthError('CREDENTIALS_REJECTED', 'Authentication failed: unknown key')
    }
    attempt.succeeded()
    if (renewed.password === undefined) return usable
    return book.change((change) => {
      const now = book.key(usable.id)
      const kept = now?.kind === 'root' ? { ...now, ...renewed } : usable
      if (now?.kind === 'root') change.putKey(kept)
      return kept
    })
  }

  #begin<T>(begin: () => T): T {
    try {
      return begin()
    } catch (error) {
      this.counts.limited += 1
      throw error
    }
  }
}
