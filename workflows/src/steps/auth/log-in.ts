// Tokens of a node: got by name and password, replaced by refreshing, kept in the node's session.
import { ClientError } from '../../client/client-error.ts'
import { unwrapData } from '../../values/capture-outputs.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../values/json/json-value.ts'
import { tryParseLosslessJson } from '../../values/json/lossless-json.ts'
import { RENEW_TIMEOUT_MS } from '../limits.ts'
import { refuseError, textOf } from '../reply.ts'
import { StepError } from '../step-error.ts'
import type { NodeHandle } from '../step-kind.ts'

export const tokenOutputs = [
  { name: 'access_token', description: 'What requests are sent with.' },
  { name: 'refresh_token', description: 'What a new one is got with.' },
  { name: 'expires_at', description: 'End of the access token, seconds since 1970, or null.' },
  { name: 'node_url', description: 'Address of the node.' },
  { name: 'auth_method', description: 'user_password.' },
  { name: 'username', description: 'Name of the user.' },
]

const METHOD = 'user_password'

export interface Credentials {
  readonly username: string
  readonly password: string
  readonly bootstrapSecret?: string
}

type Target = Pick<NodeHandle, 'name' | 'client' | 'url' | 'session'>
type Options = { signal: AbortSignal }

export async function logIn(node: Target, credentials: Credentials, options: Options): Promise<JsonObject> {
  const { username, password, bootstrapSecret } = credentials
  const body = {
    auth_method: METHOD,
    public_key: username,
    client_name: node.url,
    timestamp: Math.floor(Date.now() / 1000),
    provider_data: { username, password, ...(bootstrapSecret !== undefined && { bootstrap_secret: bootstrapSecret }) },
  }
  // Without the token of an earlier login: it may be the wrong one by now.
  const reply = await node.client.exchange('POST', '/auth/token', { ...options, token: null, body })
  return keep(node, reply, username)
}

export async function refreshTokens(node: Target, options: Options): Promise<JsonObject> {
  const { accessToken, refreshToken } = node.session
  if (accessToken === undefined || refreshToken === undefined) {
    throw new StepError('invalid', `nobody is logged in on ${node.name}: a login step has to come before`)
  }
  const body = { access_token: accessToken, refresh_token: refreshToken }
  const reply = await node.client.exchange('POST', '/auth/refresh', { ...options, token: null, body })
  return keep(node, reply, undefined)
}

/**
 * A new token where the node refused the one of this session: by refreshing it, else by the name and password of the file.
 * What cannot be renewed is no failure of its own: the refusal is. Many requests that are refused at once are one renewal.
 */
export async function renewTokens(
  node: Target,
  refused: string,
  options: { credentials?: Credentials } = {},
): Promise<boolean> {
  const { session } = node
  if (session.accessToken !== refused) return session.accessToken !== undefined
  session.renewing ??= renewOnce(node, options).finally(() => {
    session.renewing = undefined
  })
  return session.renewing
}

async function renewOnce(node: Target, { credentials }: { credentials?: Credentials }): Promise<boolean> {
  // Others wait for it, too: the end of one of them does not end it.
  const limited = { signal: AbortSignal.timeout(RENEW_TIMEOUT_MS) }
  const ways = [
    ...(node.session.refreshToken === undefined ? [] : [() => refreshTokens(node, limited)]),
    ...(credentials === undefined ? [] : [() => logIn(node, credentials, limited)]),
  ]
  for (const way of ways) {
    try {
      await way()
      return true
    } catch (error) {
      if (!(error instanceof ClientError || error instanceof StepError || limited.signal.aborted)) throw error
    }
  }
  return false
}

function keep(node: Target, reply: JsonValue, username: string | undefined): JsonObject {
  const data = unwrapData(refuseError(node.name, 'logging in', reply))
  const accessToken = textOf(node.name, 'logging in', data, 'access_token')
  const refreshToken = textOf(node.name, 'logging in', data, 'refresh_token')
  Object.assign(node.session, { accessToken, refreshToken, ...(username !== undefined && { username }) })
  return {
    access_token: accessToken,
    refresh_token: refreshToken,
    node_url: node.url,
    auth_method: METHOD,
    expires_at: expiryOf(accessToken),
    username: node.session.username ?? null,
  }
}

/** From the token's own claims; null where it has none. */
function expiryOf(token: string): JsonValue {
  const claims = tryParseLosslessJson(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
  return isJsonObject(claims) ? (claims.exp ?? null) : null
}
