// The first key: without it nobody can log in. It is made from what the operator of the node says at its start, never by
// whoever comes first.
import type { Clock } from '../base/clock.ts'
import { AuthError } from './errors.ts'
import type { KeyBook } from './keys/key-book.ts'
import { keyIdOf } from './keys/key-id.ts'
import type { RootKey } from './keys/records.ts'
import { USERNAME_CHARS_MAX } from './limits.ts'
import { ADMIN } from './permissions.ts'
import type { PasswordHasher } from './providers/password-hash.ts'
import { checkPassword, type PasswordRules, USER_PASSWORD } from './providers/user-password.ts'

export interface AdminCredentials {
  readonly username: string
  readonly password: string
}

export interface AdminParts {
  readonly book: KeyBook
  readonly hasher: PasswordHasher
  readonly rules: PasswordRules
  readonly clock: Clock
}

/** False, and nothing changed, where there is a root key already. Throws AuthError AUTH_INPUT. */
export async function addFirstAdmin(parts: AdminParts, credentials: AdminCredentials): Promise<boolean> {
  const { book } = parts
  if (book.roots().length > 0) return false
  const key = await adminKey(parts, credentials)
  await book.change((change) => change.putKey(key))
  return true
}

/**
 * For an operator who has lost the password: this name with this password is an administrator, all that was logged in
 * with it is out, and the client keys are gone. Throws AuthError AUTH_INPUT.
 */
export async function resetAdmin(parts: AdminParts, credentials: AdminCredentials): Promise<void> {
  const { book } = parts
  const key = await adminKey(parts, credentials)
  await book.change((change) => {
    for (const each of book.keys()) if (each.kind === 'client') change.dropKey(each.id)
    change.dropSessionsOf(key.id)
    change.putKey(key)
  })
}

async function adminKey(
  { hasher, rules, clock }: AdminParts,
  { username, password }: AdminCredentials,
): Promise<RootKey> {
  if (username === '' || username.length > USERNAME_CHARS_MAX) {
    throw new AuthError('AUTH_INPUT', `the administrator's name has 1 to ${USERNAME_CHARS_MAX} characters`)
  }
  checkPassword(password, rules)
  return {
    kind: 'root',
    id: keyIdOf(USER_PASSWORD, username),
    publicKey: username,
    method: USER_PASSWORD,
    permissions: [ADMIN],
    createdAtMs: Math.trunc(clock.nowMs()),
    password: await hasher.hash(password),
  }
}
