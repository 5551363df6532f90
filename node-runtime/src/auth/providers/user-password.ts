// Names and passwords.
import { AuthError } from '../errors.ts'
import type { RootKey } from '../keys/records.ts'
import { PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN, USERNAME_CHARS_MAX } from '../limits.ts'
import type { HashTurn } from './hash-turns.ts'
import type { PasswordHasher } from './password-hash.ts'
import type { Credentials, Provider } from './provider.ts'

export const USER_PASSWORD = 'user_password'

export interface PasswordRules {
  /** Of new passwords, in characters. */
  readonly minLength: number
  readonly maxLength: number
}

export const PASSWORD_RULES: PasswordRules = { minLength: PASSWORD_CHARS_MIN, maxLength: PASSWORD_CHARS_MAX }

export function userPassword(hasher: PasswordHasher, rules: PasswordRules): Provider {
  return {
    name: USER_PASSWORD,
    description: 'Name and password',
    settings: { min_password_length: rules.minLength, max_password_length: rules.maxLength },
    accountOf: usernameOf,
    async prove({ data: { password } }: Credentials, key: RootKey | undefined, turn: HashTurn) {
      if (typeof password !== 'string' || password.length > rules.maxLength) throw rejected()
      const stored = key?.password
      if (!(await hasher.matches(password, stored, turn)) || stored === undefined) throw rejected()
      return hasher.isOutdated(stored) ? { password: await hasher.hash(password) } : {}
    },
    async enrol({ data: { password } }: Credentials) {
      if (typeof password !== 'string') throw new AuthError('AUTH_INPUT', 'provider_data.password is missing')
      checkPassword(password, rules)
      return { password: await hasher.hash(password) }
    },
  }
}

/** Throws AuthError AUTH_INPUT. */
export function checkPassword(password: string, { minLength, maxLength }: PasswordRules): void {
  if (password.length >= minLength && password.length <= maxLength) return
  const seen = `${password.length} characters`
  throw new AuthError('AUTH_INPUT', `a password has ${minLength} to ${maxLength} characters, not ${seen}`)
}

function usernameOf({ publicKey, data: { username = publicKey } }: Credentials): string {
  if (typeof username === 'string' && username.length > 0 && username.length <= USERNAME_CHARS_MAX) return username
  throw rejected()
}

/** The same whether there is no such user or the password is wrong. */
function rejected(): AuthError {
  return new AuthError('CREDENTIALS_REJECTED', 'Authentication failed: unknown name or wrong password')
}
