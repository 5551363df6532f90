// /auth and /admin over real sockets, with the node's own routes behind them.

import { request } from 'node:http'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readNewPermissions } from '../../auth/permissions.ts'
import { systemClock } from '../../base/clock.ts'
import { DECLARATIONS } from '../api.ts'
import { PUBLIC_BODY_BYTES_MAX } from '../limits.ts'
import type { NodeServices } from '../ports.ts'
import { createServer } from '../server.ts'
import { operationsOf, requestsOf } from '../testing/conformance.ts'
import { ANN, type GuardedNode, openGuardedNode } from '../testing/guarded-node.ts'
import type { TokenPair } from './auth-port.ts'
import { AUTH_ROUTES } from './auth-scope.ts'

/** The clock of tokens. */
let skewMs: number
let guarded: GuardedNode
let url: string

beforeEach(async () => {
  skewMs = 0
  guarded = await openGuardedNode(() => Date.now() + skewMs)
  url = guarded.url
})

afterEach(() => guarded.close())

interface Seen {
  readonly status: number
  readonly headers: Headers
  readonly body: { readonly data?: unknown; readonly error?: unknown; readonly status?: unknown } | undefined
}

interface Asking {
  readonly token?: string
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

async function ask(method: string, path: string, { token, body, headers = {} }: Asking = {}): Promise<Seen> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { ...headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  const json = response.headers.get('content-type')?.startsWith('application/json') === true && text !== ''
  return { status: response.status, headers: response.headers, body: json ? JSON.parse(text) : undefined }
}

const loginBody = (username: string, password: string, more = {}) => ({
  auth_method: 'user_password',
  public_key: username,
  client_name: 'test',
  timestamp: 1,
  provider_data: { username, password, bootstrap_secret: 'ignored' },
  ...more,
})

const logIn = (password = ANN.password, username = ANN.username, more = {}) =>
  ask('POST', '/auth/token', { body: loginBody(username, password, more) })

const pairIn = ({ body }: Seen) => body?.data as TokenPair
const reason = ({ headers }: Seen) => headers.get('x-auth-error')

test('the service counts from the start of the server, whoever asks it first', async () => {
  let laterMs = 0
  const others = { nowMs: () => systemClock.nowMs() + laterMs, setTimer: systemClock.setTimer }
  const late = await openGuardedNode(Date.now, others)
  laterMs = 90_000
  const { data } = (await (await fetch(`${late.url}/auth/health`)).json()) as { data: { uptime_seconds: number } }
  await late.close()
  expect(data.uptime_seconds).toBeGreaterThanOrEqual(90)
})

describe('login and renewal', () => {
  test('give a pair in the envelope, and say what was wrong', async () => {
    const good = await logIn(ANN.password, ANN.username, { permissions: ['context:list'] })
    const text = expect.stringMatching(/^ey/)
    expect([good.status, good.body]).toEqual([
      200,
      { data: { access_token: text, refresh_token: text, error: null }, error: null },
    ])
    // What is asked for counts for nothing.
    const valid = await ask('GET', '/auth/validate', { token: pairIn(good).access_token })
    expect([valid.status, valid.body]).toEqual([200, { data: '', error: null }])
    expect(valid.headers.get('x-auth-permissions')).toBe('admin')
    expect(valid.headers.get('x-auth-user')).toBe(guarded.auth.keys.roots()[0]?.id)
    const bad = await logIn('wrong guess')
    expect([bad.status, bad.body]).toEqual([
      401,
      { data: null, error: 'Authentication failed: unknown name or wrong password' },
    ])
    const fresh = await ask('POST', '/auth/refresh', { body: pairIn(good) })
    expect([fresh.status, fresh.body]).toEqual([401, { data: null, error: 'Access token still valid' }])
    skewMs = 3600_000
    const renewed = await ask('POST', '/auth/refresh', { body: pairIn(good) })
    expect([renewed.status, pairIn(renewed).access_token]).toEqual([200, text])
    const replayed = await ask('POST', '/auth/refresh', { body: pairIn(good) })
    expect([replayed.status, reason(replayed)]).toEqual([401, 'token_reuse'])
    const alone = { body: { refreshToken: pairIn(await logIn()).refresh_token } }
    const older = await ask('POST', '/admin-api/refresh-jwt-token', alone)
    expect([older.status, older.body?.data]).toMatchObject([200, { access_token: text, refresh_token: text }])
    expect((await ask('POST', '/admin-api/refresh-jwt-token', alone)).status).toBe(401)
  })

  test('fields that are missing, wrong or too large are refused before anything is tried', async () => {
    const whole: Record<string, unknown> = loginBody('ann', 'x')
    for (const field of ['auth_method', 'public_key', 'client_name', 'timestamp', 'provider_data']) {
      const { [field]: _, ...rest } = whole
      const { status, body } = await ask('POST', '/auth/token', { body: rest })
      expect([field, status, body]).toEqual([field, 422, { error: expect.stringContaining(field), status: 422 }])
    }
    const wrong = await ask('POST', '/auth/token', { body: { ...whole, public_key: '' } })
    expect(wrong.status).toBe(422)
    const broken = await ask('POST', '/auth/token', { body: '{' })
    expect([broken.status, broken.body]).toEqual([400, { error: expect.stringContaining('not JSON'), status: 400 }])
    const large = await ask('POST', '/auth/token', {
      body: { ...whole, client_name: 'x'.repeat(PUBLIC_BODY_BYTES_MAX) },
    })
    expect(large.status).toBe(413)
    expect(guarded.auth.logins.counts).toEqual({ succeeded: 0, failed: 0, limited: 0 })
  })

  test('guesses are cut off with the time to wait', async () => {
    for (let index = 0; index < 5; index += 1) expect((await logIn(`guess number ${index}`)).status).toBe(401)
    const seen = await logIn()
    expect([seen.status, seen.headers.get('retry-after')]).toEqual([429, '60'])
  })

  test('a wallet gets its challenge; providers are listed', async () => {
    const challenge = await ask('GET', '/auth/challenge')
    expect(challenge.body?.data).toMatchObject({ challenge: expect.any(String), nonce: expect.any(String) })
    const providers = await ask('GET', '/auth/providers')
    expect(providers.body?.data).toMatchObject({
      count: 2,
      providers: [{ name: 'user_password', type: 'credentials', configured: true }, { name: 'ed25519' }],
    })
    expect((await ask('GET', '/auth/health')).body?.data).toMatchObject({ status: 'alive', storage: true })
  })
})

test('a proxy learns of a token what it needs to know', async () => {
  const { access_token: token } = pairIn(await logIn())
  const seen = async (headers: Record<string, string>) => {
    const answer = await ask('GET', '/auth/validate', { headers })
    return [answer.status, reason(answer)]
  }
  expect(await seen({})).toEqual([401, 'missing_token'])
  expect(await seen({ authorization: 'Basic x' })).toEqual([401, 'invalid_token'])
  expect(await seen({ 'x-forwarded-uri': `/ws?token=${token}` })).toEqual([200, null])
  expect((await ask('HEAD', '/auth/validate', { token })).status).toBe(200)
  expect((await ask('POST', '/auth/validate', { token })).status).toBe(200)
  skewMs = 3600_000 + 60_000
  expect(await seen({ authorization: `Bearer ${token}` })).toEqual([401, 'token_expired'])
})

describe('keys', () => {
  let token: string
  beforeEach(async () => {
    token = pairIn(await logIn()).access_token
  })

  test('are listed, added, changed and revoked by administrators', async () => {
    const bob = {
      public_key: 'bob',
      auth_method: 'user_password',
      provider_data: { username: 'bob', password: 'password of bob' },
    }
    expect((await ask('POST', '/admin/keys', { token, body: bob })).body).toMatchObject({ data: { status: true } })
    expect((await ask('POST', '/admin/keys', { token, body: bob })).status).toBe(409)
    const rows = (await ask('GET', '/admin/keys', { token })).body?.data as { key_id: string; public_key: string }[]
    expect(rows).toMatchObject([{ public_key: 'ann', permissions: ['admin'], revoked_at: null }, { public_key: 'bob' }])
    expect(JSON.stringify(rows)).not.toMatch(/hash|salt|"password"/)
    const id = rows[1]?.key_id ?? ''
    const put = await ask('PUT', `/admin/keys/${id}/permissions`, { token, body: { add: ['blob'], remove: ['admin'] } })
    expect(put.body).toEqual({ data: { permissions: ['blob'] }, error: null })
    expect((await ask('GET', `/admin/keys/${id}/permissions`, { token })).body?.data).toEqual({ permissions: ['blob'] })
    const ofBob = pairIn(await logIn('password of bob', 'bob')).access_token
    for (const [method, path] of [
      ['GET', '/admin/keys'],
      ['POST', '/admin/client-key'],
      ['GET', '/admin/metrics'],
    ] as const) {
      const denied = await ask(method, path, { token: ofBob, ...(method === 'POST' ? { body: {} } : {}) })
      expect([path, denied.status, reason(denied)]).toEqual([path, 403, 'permission_denied'])
    }
    expect((await ask('DELETE', `/admin/keys/${id}`, { token })).body?.data).toMatchObject({ key_id: id })
    const last = await ask('DELETE', `/admin/keys/${rows[0]?.key_id}`, { token })
    expect([last.status, last.body?.data]).toEqual([200, { status: false, message: expect.any(String) }])
    const gone = await ask('GET', '/admin/identity', { token: ofBob })
    expect([gone.status, reason(gone)]).toEqual([403, 'token_revoked'])
    expect((await ask('DELETE', '/admin/keys/nobody', { token })).status).toBe(404)
  })

  test('of programs are made for a context, and end', async () => {
    const made = await ask('POST', '/admin/client-key', { token, body: { context_id: 'c', context_identity: 'me' } })
    const client = pairIn(made).access_token
    const rows = (await ask('GET', '/admin/keys/clients', { token })).body?.data as {
      client_id: string
      root_key_id: string
    }[]
    expect(rows).toMatchObject([{ permissions: ['context[c,me]'], is_valid: true, revoked_at: null }])
    const { client_id = '', root_key_id = '' } = rows[0] ?? {}
    expect((await ask('GET', '/admin/identity', { token: client })).status).toBe(200)
    expect((await ask('POST', '/admin/client-key', { token: client, body: {} })).status).toBe(403)
    expect((await ask('DELETE', `/admin/keys/wrong/clients/${client_id}`, { token })).status).toBe(404)
    expect((await ask('DELETE', `/admin/keys/${root_key_id}/clients/${client_id}`, { token })).status).toBe(200)
    expect((await ask('GET', '/admin/identity', { token: client })).status).toBe(403)
    expect((await ask('POST', '/admin/revoke', { token, body: { client_id } })).status).toBe(200)
  })

  test('need a token in the header; the signing secret may be changed while it is good', async () => {
    for (const route of AUTH_ROUTES.filter(({ permission }) => permission !== 'public')) {
      const path = route.url.replace(/:\w+/g, 'x')
      const body = route.method === 'GET' ? {} : { body: {} }
      const none = await ask(route.method, `${path}?token=${token}`, body)
      expect([path, none.status, reason(none)]).toEqual([path, 400, 'invalid_request'])
      const bad = await ask(route.method, path, { token: 'a.b.c', ...body })
      expect([path, bad.status, reason(bad)]).toEqual([path, 401, 'invalid_token'])
    }
    expect((await ask('POST', '/admin/rotate-signing-secret', { token })).status).toBe(200)
    expect((await ask('GET', '/admin/metrics', { token })).body?.data).toMatchObject({ root_keys: 1, client_keys: 0 })
  })
})

test('what the document says of each route of keys and logins holds where fields are wrong', async () => {
  const { access_token: token } = pairIn(await logIn())
  const own = new Set(AUTH_ROUTES.map(({ url: path }) => path.replaceAll(/:(\w+)/g, '{$1}')))
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as unknown
  const operations = operationsOf(document).filter(({ path }) => own.has(path))
  expect(operations).toHaveLength(AUTH_ROUTES.length)
  const seen: unknown[] = []
  for (const operation of operations) {
    for (const { kind, what, path, body } of requestsOf(operation, {})) {
      if (kind !== 'missing' && kind !== 'wrong type') continue
      const { status, body: answer } = await ask(operation.method, path, { token, body })
      const isSaid = '422' in operation.responses && typeof answer?.error === 'string'
      if (status !== 422 || !isSaid) seen.push([operation.method, path, what, status])
    }
  }
  expect(seen).toEqual([])
})

describe('the node behind the guard', () => {
  const CONTEXT = '4vJ9JU1bJJE96FWSJKvHsmmFADCg4gpZQff4P3bkLKi'

  test('asks for a token, takes it from the header or else the query, and says why not', async () => {
    const { access_token: token } = pairIn(await logIn())
    const seen = async (path: string, asking: Asking = {}) => {
      const answer = await ask('GET', path, asking)
      return [answer.status, reason(answer)]
    }
    const path = '/admin-api/contexts'
    expect(await seen(path)).toEqual([401, null])
    expect(await seen(path, { token })).toEqual([200, null])
    expect(await seen(`${path}?token=${token}`)).toEqual([200, null])
    expect(await seen(`${path}?token=${token}`, { token: 'bad' })).toEqual([401, null])
    expect(await seen(`${path}?token=${token}`, { headers: { authorization: '' } })).toEqual([401, null])
    for (const open of ['/admin-api/health', '/admin-api/is-authed']) expect(await seen(open)).toEqual([200, null])
    expect(await seen('/sse')).toEqual([401, null])
    skewMs = 3600_000 + 60_000
    expect(await seen(path, { token })).toEqual([401, 'token_expired'])
  })

  test('lets a client key do what it was given, in its context only', async () => {
    const { access_token: root } = pairIn(await logIn())
    const made = await ask('POST', '/admin/client-key', { token: root, body: { context_id: CONTEXT } })
    const { access_token: token } = pairIn(made)
    const status = async (path: string) => (await ask('GET', path, { token })).status
    expect(await status('/admin-api/contexts')).toBe(403)
    expect(await status(`/admin-api/contexts/${CONTEXT}`)).toBe(404)
    expect(await status(`/admin-api/contexts/${'1'.repeat(32)}`)).toBe(403)
    expect(await status('/admin-api/peers')).toBe(403)
    const call = async (contextId: string) => {
      const params = { contextId, method: 'get', argsJson: {} }
      const { body } = await ask('POST', '/jsonrpc', {
        token,
        body: { jsonrpc: '2.0', id: 1, method: 'execute', params },
      })
      return (body?.error as { type?: string } | undefined)?.type
    }
    expect([await call(CONTEXT), await call('1'.repeat(32))]).toEqual(['ContextNotFound', 'Unauthorized'])
    // The node would leave it for everybody.
    expect((await ask('POST', `/admin-api/contexts/${CONTEXT}/leave`, { token })).status).toBe(403)
  })

  test('a WebSocket needs a token at its handshake', async () => {
    const { access_token: token } = pairIn(await logIn())
    expect(await handshake('/ws')).toEqual([401, undefined])
    expect(await handshake('/ws?token=not-a-real-jwt')).toEqual([401, undefined])
    expect(await handshake(`/ws?token=${token}`)).toEqual([101, undefined])
    skewMs = 3600_000 + 60_000
    expect(await handshake(`/ws?token=${token}`)).toEqual([401, 'token_expired'])
  })

  test('pages of any origin may ask, and read why not; without a guard only those of this machine', async () => {
    const origin = 'https://app.example'
    const refused = await ask('GET', '/admin-api/contexts', { headers: { origin } })
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([401, '*'])
    expect(refused.headers.get('access-control-expose-headers')).toContain('x-auth-error')
    expect(refused.headers.get('access-control-allow-credentials')).toBeNull()
    for (const path of ['/admin-api/contexts', '/jsonrpc', '/auth/token', '/nothing']) {
      const headers = {
        origin,
        'access-control-request-method': 'PUT',
        'access-control-request-headers': 'authorization',
      }
      const answer = await ask('OPTIONS', path, { headers })
      expect([path, answer.status]).toEqual([path, 200])
      expect(answer.headers.get('access-control-allow-headers')).toBe('authorization')
      expect(answer.headers.get('access-control-allow-methods')).toBe('GET, POST, PUT, DELETE, OPTIONS')
      expect(answer.headers.get('access-control-allow-private-network')).toBe('true')
    }
    expect(
      (await ask('GET', '/admin-api/health', { headers: { origin } })).headers.get('access-control-allow-origin'),
    ).toBe('*')
  })
})

test('a failure is logged without the token that came with it', async () => {
  const { access_token: token } = pairIn(await logIn())
  const broken = { account: { get: () => fail('unforeseen') } }
  const node: NodeServices = Object.create(guarded.world.get('n').node, broken)
  const failing = createServer({ node, log: guarded.log, guard: guarded.auth.guard, auth: guarded.auth })
  await failing.listen('127.0.0.1', 0)
  const { status } = await fetch(`${failing.addresses()[0]}/admin-api/identity?token=${token}`)
  await failing.close()
  const logged = JSON.stringify(guarded.log.entries)
  expect([status, logged]).toEqual([500, expect.stringContaining('/admin-api/identity')])
  expect(logged).not.toContain(token)
})

test('each permission that a route asks for can be given', () => {
  const asked = DECLARATIONS.flatMap(({ permission = 'admin' }) => permission)
  const real = [...new Set(asked)].filter((each) => each !== 'public' && each !== 'token')
  for (const permission of real) expect(readNewPermissions([permission])).toEqual([permission])
  expect(real.length).toBeGreaterThan(30)
})

test('without embedded authentication there is none of it', async () => {
  const { node } = guarded.world.get('n')
  const open = createServer({ node, log: guarded.log })
  await open.listen('127.0.0.1', 0)
  const at = open.addresses()[0] ?? ''
  for (const { method, url: path } of AUTH_ROUTES) {
    expect([path, (await fetch(`${at}${path.replace(/:\w+/g, 'x')}`, { method })).status]).toEqual([path, 404])
  }
  const page = { headers: { origin: 'https://app.example' } }
  expect((await fetch(`${at}/admin-api/health`, page)).status).toBe(403)
  await open.close()
})

function fail(message: string): never {
  throw new Error(message)
}

function handshake(path: string): Promise<[number | undefined, unknown]> {
  return new Promise((resolve, reject) => {
    const headers = {
      connection: 'upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    }
    const asked = request(`${url}${path}`, { headers, agent: false })
    asked.on('upgrade', (response, socket) => {
      socket.destroy()
      resolve([response.statusCode, undefined])
    })
    asked.on('response', (response) => {
      response.resume()
      resolve([response.statusCode, response.headers['x-auth-error']])
    })
    asked.on('error', reject)
    asked.end()
  })
}
