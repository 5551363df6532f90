// What is stored of keys, logins and signing secrets, as JSON: few and small.
import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import { type Bytes, fromUtf8, utf8 } from '../../base/bytes.ts'
import { AuthError } from '../errors.ts'

const PasswordHashSchema = Type.Object({
  cost: Type.Integer({ minimum: 2 }),
  blockSize: Type.Integer({ minimum: 1 }),
  parallelization: Type.Integer({ minimum: 1 }),
  /** Hex. */
  salt: Type.String(),
  hash: Type.String(),
})
export type PasswordHash = Static<typeof PasswordHashSchema>

const common = {
  id: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  permissions: Type.Array(Type.String()),
  createdAtMs: Type.Number(),
  revokedAtMs: Type.Optional(Type.Number()),
}

const RootKeySchema = Type.Object({
  kind: Type.Literal('root'),
  ...common,
  /** A user's name, or a wallet's key. */
  publicKey: Type.String(),
  method: Type.String(),
  password: Type.Optional(PasswordHashSchema),
})
/** Somebody who can log in. */
export type RootKey = Static<typeof RootKeySchema>

const ClientKeySchema = Type.Object({
  kind: Type.Literal('client'),
  ...common,
  rootId: Type.String(),
  name: Type.String(),
})
/** Made by a root key for a program, with no more permissions than it has. It cannot log in: it begins with its tokens. */
export type ClientKey = Static<typeof ClientKeySchema>

export type Key = RootKey | ClientKey

const SessionSchema = Type.Object({
  id: Type.String({ pattern: '^[0-9a-f]{32}$' }),
  keyId: Type.String(),
  /** Of the refresh token that is good; every other one of this session has been used. */
  refreshId: Type.String(),
  nodeUrl: Type.Optional(Type.String()),
  createdAtMs: Type.Number(),
  /** When that refresh token ends. */
  expiresAtMs: Type.Number(),
})
/** One login and all tokens that came of it: their family. Without its session a token is worth nothing. */
export type Session = Static<typeof SessionSchema>

const SigningSecretSchema = Type.Object({
  id: Type.String({ pattern: '^[0-9a-f]{16}$' }),
  /** Hex of AES-256-GCM. */
  sealed: Type.String(),
  createdAtMs: Type.Number(),
})
export type SigningSecret = Static<typeof SigningSecretSchema>

const KeySchema = Type.Union([RootKeySchema, ClientKeySchema])

export const encodeRecord = (record: Key | Session | SigningSecret): Bytes => utf8(JSON.stringify(record))
export const decodeKey = (bytes: Bytes): Key => decoded(KeySchema, bytes)
export const decodeSession = (bytes: Bytes): Session => decoded(SessionSchema, bytes)
export const decodeSigningSecret = (bytes: Bytes): SigningSecret => decoded(SigningSecretSchema, bytes)

function decoded<T extends typeof KeySchema | typeof SessionSchema | typeof SigningSecretSchema>(
  schema: T,
  bytes: Bytes,
): Static<T> {
  let value: unknown
  try {
    value = JSON.parse(fromUtf8(bytes))
  } catch (cause) {
    throw damaged(cause)
  }
  if (Value.Check(schema, value)) return value
  throw damaged()
}

/** What stands there is not shown: it may be a hash. */
function damaged(cause?: unknown): AuthError {
  const message = 'the store has a record of keys or logins that cannot be read; restore the data directory'
  return new AuthError('AUTH_STORE_DAMAGED', message, { cause: cause instanceof SyntaxError ? undefined : cause })
}
