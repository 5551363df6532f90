// The auth room of this node: what the config says of it, where it keeps its keys, and its first administrator.
import { ADMIN_HINT, type AdminCredentials } from './admin-credentials.ts'
import { type Auth, type AuthOptions, type AuthParts, openAuth } from './auth/auth.ts'
import { AuthError } from './auth/errors.ts'
import { ConfigError, type LoadedConfig } from './config.ts'
import { memoryStore } from './store/memory.ts'

export interface AdminChoice {
  /** Made where there is no root key yet. */
  readonly credentials: AdminCredentials | undefined
  /** There may be none: then nobody can log in. */
  readonly isOptional: boolean
}

/** Throws ConfigError where nobody could log in. */
export async function openNodeAuth(
  config: LoadedConfig,
  parts: Omit<AuthParts, 'identity'>,
  admin: AdminChoice,
): Promise<Auth> {
  const settings = config.settings.server.embedded_auth
  const store = settings?.storage?.type === 'memory' ? memoryStore() : parts.store
  const auth = await openAuth({ ...parts, store, identity: config.identity }, optionsOf(config))
  const { credentials, isOptional } = admin
  if (credentials !== undefined && (await orUsage(auth.addFirstAdmin(credentials)))) {
    parts.log.info({ username: credentials.username }, 'administrator made')
  }
  if (auth.hasRoot()) return auth
  if (!isOptional) {
    const message = `auth_mode is embedded, and there is nobody who could log in; ${ADMIN_HINT}; or say --no-admin`
    throw new ConfigError('CONFIG_INVALID', message)
  }
  parts.log.warn({}, 'nobody can log in: there is no administrator')
  return auth
}

/** A name or password that cannot be one is the operator's mistake. */
export async function orUsage<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (cause) {
    if (!(cause instanceof AuthError) || cause.code !== 'AUTH_INPUT') throw cause
    throw new ConfigError('CONFIG_INVALID', cause.message, { cause })
  }
}

function optionsOf(config: LoadedConfig): AuthOptions {
  const {
    jwt = {},
    providers = {},
    user_password: rules = {},
    answer_in_query,
  } = config.settings.server.embedded_auth ?? {}
  return {
    ...given('issuer', jwt.issuer),
    ...given('accessSec', jwt.access_token_expiry),
    ...given('refreshSec', jwt.refresh_token_expiry),
    ...given('nodeHost', jwt.node_host),
    ...given('answersInQuery', answer_in_query),
    passwordRules: {
      ...given('minLength', rules.min_password_length),
      ...given('maxLength', rules.max_password_length),
    },
    providers: { ...given('userPassword', providers.user_password), ...given('wallet', providers.ed25519) },
  }
}

function given<K extends string, T>(name: K, value: T | undefined): { [key in K]?: T } {
  return value === undefined ? {} : ({ [name]: value } as { [key in K]?: T })
}
