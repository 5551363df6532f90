// The auth room, put together: what the server asks and what its routes call.

import type { Clock } from '../base/clock.ts'
import { Feed } from '../base/feed.ts'
import { taggedHash } from '../base/hash.ts'
import { idBase58 } from '../base/ids.ts'
import type { SigningKey } from '../base/keys.ts'
import type { Logger } from '../base/log.ts'
import type { Random } from '../base/random.ts'
import type { Store } from '../store/store.ts'
import { type AdminCredentials, addFirstAdmin, resetAdmin } from './admin-key.ts'
import { Attempts } from './attempts.ts'
import { Callers } from './callers.ts'
import { Guard } from './guard.ts'
import { KeyAdmin } from './keys/key-admin.ts'
import { KeyBook } from './keys/key-book.ts'
import { ACCESS_SEC, REFRESH_SEC } from './limits.ts'
import { Logins } from './logins.ts'
import { coveredBy } from './permissions.ts'
import { PasswordHasher, type ScryptCost } from './providers/password-hash.ts'
import type { Provider } from './providers/provider.ts'
import { PASSWORD_RULES, type PasswordRules, userPassword } from './providers/user-password.ts'
import { wallet } from './providers/wallet.ts'
import { Sessions } from './sessions.ts'
import { SigningSecrets } from './tokens/signing-secrets.ts'
import { Tokens } from './tokens/tokens.ts'

export interface AuthParts {
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Of the node: what seals the signing secrets comes of it, and wallets are told of its public key. */
  readonly identity: SigningKey
}

export interface AuthOptions {
  /** `iss` and `aud` of tokens. */
  readonly issuer?: string
  readonly accessSec?: number
  readonly refreshSec?: number
  /** The host that clients know this node by, where `Host` does not say it. */
  readonly nodeHost?: string
  readonly passwordRules?: Partial<PasswordRules>
  /** Ways to log in; all where nothing is said. */
  readonly providers?: { readonly userPassword?: boolean; readonly wallet?: boolean }
  /** Whether logins for clients of before groups end with tokens in a query: they are logged there. */
  readonly answersInQuery?: boolean
  /** Of new hashes; cheap ones are for tests. */
  readonly scrypt?: ScryptCost
}

const ISSUER = 'calimero-auth'

export type Auth = Awaited<ReturnType<typeof openAuth>>

/** Throws AuthError AUTH_STORE_DAMAGED. There is nothing to close: the store is its owner's. */
export async function openAuth(parts: AuthParts, options: AuthOptions = {}) {
  const { store, clock, random, log, identity } = parts
  const accessSec = options.accessSec ?? ACCESS_SEC
  const refreshSec = options.refreshSec ?? REFRESH_SEC
  const rules = { ...PASSWORD_RULES, ...options.passwordRules }
  const sealingKey = taggedHash('calbox/auth-secrets/1', identity.seed)
  const revocations = new Feed<void>((error) => {
    log.error({ error: error instanceof Error ? error.stack : String(error) }, 'a revocation was not heard')
  })
  const book = await KeyBook.open(store, () => revocations.emit())
  const secrets = await SigningSecrets.open({ store, clock, random, sealingKey }, Math.max(accessSec, refreshSec))
  const tokens = new Tokens({ clock, secrets, issuer: options.issuer ?? ISSUER })
  const callers = new Callers({ book, tokens, nodeHost: options.nodeHost })
  const sessions = new Sessions({ book, tokens, callers, clock, random, accessSec, refreshSec })
  const hasher = new PasswordHasher(random, options.scrypt)
  const byWallet = wallet({ clock, random, nodeId: idBase58(identity.publicKey) })
  const { userPassword: withPassword = true, wallet: withWallet = true } = options.providers ?? {}
  const providers = new Map<string, Provider>(
    [...(withPassword ? [userPassword(hasher, rules)] : []), ...(withWallet ? [byWallet] : [])].map((each) => [
      each.name,
      each,
    ]),
  )
  const logins = new Logins({ providers, attempts: new Attempts(clock), book, sessions, log })
  const adminParts = { book, hasher, rules, clock }
  return {
    guard: new Guard({ callers, revocations, log }),
    callers,
    sessions,
    logins,
    keys: new KeyAdmin({ book, sessions, providers, clock, random, log }),
    providers: [...providers.values()].map(({ name, description, settings }) => ({ name, description, settings })),
    /** Undefined where wallets cannot log in. */
    challenge: withWallet ? () => byWallet.challenge() : undefined,
    answersInQuery: options.answersInQuery ?? false,
    permits: coveredBy,
    rotateSigningSecret: () => secrets.rotate(),
    hasRoot: () => book.roots().length > 0,
    addFirstAdmin: (credentials: AdminCredentials) => addFirstAdmin(adminParts, credentials),
    resetAdmin: (credentials: AdminCredentials) => resetAdmin(adminParts, credentials),
  }
}
