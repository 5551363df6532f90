import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ClientError } from './client-error.ts'
import { ERROR_MESSAGE_MAX_CHARS, REPLY_MAX_BYTES } from './limits.ts'
import { NodeClient } from './node-client.ts'

interface Seen {
  method: string
  path: string
  body: string
  headers: IncomingMessage['headers']
  socket: number
}

let server: Server
let seen: Seen[]
let answer: (response: ServerResponse, request: Seen) => void
let client: NodeClient
let url: string

beforeEach(async () => {
  seen = []
  answer = (response) => json(response, 200, '{"data":{}}')
  const sockets = new Map<unknown, number>()
  server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    if (!sockets.has(request.socket)) sockets.set(request.socket, sockets.size)
    const { method = '', url: path = '', headers } = request
    const one: Seen = { method, path, body, headers, socket: sockets.get(request.socket) ?? -1 }
    seen.push(one)
    answer(response, one)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  client = new NodeClient(url)
})

afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

function json(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(body)
}

async function failure(request: Promise<unknown>): Promise<ClientError> {
  return request.then(
    () => expect.unreachable('the request succeeded'),
    (error: ClientError) => error,
  )
}

const ROUTES: [string, () => Promise<unknown>, string][] = [
  ['GET /admin-api/health', () => client.health(), ''],
  ['GET /admin-api/ready', () => client.ready(), ''],
  ['GET /admin-api/identity', () => client.identity(), ''],
  ['POST /admin-api/identity/context', () => client.createContextIdentity(), 'null'],
  ['GET /admin-api/peers', () => client.peers(), ''],
  [
    'POST /admin-api/install-dev-application',
    () => client.installDevApplication({ path: '/a.wasm', package: undefined }),
    '{"path":"/a.wasm","metadata":[]}',
  ],
  [
    'POST /admin-api/install-application',
    () => client.installApplication({ url: 'http://x/a.wasm', version: '1' }),
    '{"url":"http://x/a.wasm","version":"1","metadata":[]}',
  ],
  ['POST /admin-api/namespaces', () => client.createNamespace({ applicationId: 'a' }), '{"applicationId":"a"}'],
  ['POST /admin-api/namespaces/n/invite', () => client.inviteToNamespace('n'), '{"recursive":false}'],
  [
    'POST /admin-api/namespaces/n/join',
    () => client.joinNamespace('n', { invitation: { salt: [1, 2] } }),
    '{"invitation":{"salt":[1,2]}}',
  ],
  [
    'POST /admin-api/namespaces/n/groups',
    () => client.createGroupInNamespace('n', { groupName: 'g', visibility: 'open' }),
    '{"groupName":"g","visibility":"open"}',
  ],
  ['GET /admin-api/groups/g', () => client.getGroup('g'), ''],
  ['GET /admin-api/groups/g/members?offset=2&limit=3', () => client.listGroupMembers('g', { offset: 2, limit: 3 }), ''],
  [
    'POST /admin-api/contexts',
    () => client.createContext({ applicationId: 'a', groupId: 'g', initializationParams: [123, 125] }),
    '{"contextSeed":null,"identitySecret":null,"name":null,"applicationId":"a","groupId":"g","initializationParams":[123,125]}',
  ],
  ['GET /admin-api/contexts/c', () => client.getContext('c'), ''],
  ['POST /admin-api/contexts/c/join', () => client.joinContext('c'), 'null'],
  ['POST /admin-api/contexts/sync', () => client.syncContext(), 'null'],
  ['POST /admin-api/contexts/sync/c', () => client.syncContext('c'), 'null'],
  [
    'POST /jsonrpc',
    () => client.jsonrpc('c', 'set', { key: 'k' }),
    '{"jsonrpc":"2.0","id":"1","method":"execute","params":{"contextId":"c","method":"set","argsJson":{"key":"k"}}}',
  ],
]

test.for(ROUTES)('sends %s', async ([route, send, body]) => {
  await send()
  expect(seen).toHaveLength(1)
  expect(`${seen[0]?.method} ${seen[0]?.path}`).toBe(route)
  expect(seen[0]?.body.replaceAll(' ', '')).toBe(body)
})

test('ids are escaped in paths', async () => {
  await client.getContext('a/../b?c')
  expect(seen[0]?.path).toBe('/admin-api/contexts/a%2F..%2Fb%3Fc')
})

test('one data envelope is removed, bare replies stay, null is null', async () => {
  answer = (response) => json(response, 200, '{"data":{"name":null,"data":{"topic":"x"}}}')
  expect(await client.getGroup('g')).toEqual({ name: null, data: { topic: 'x' } })
  answer = (response) => json(response, 200, '{"count":3}')
  expect(await client.peers()).toEqual({ count: 3 })
  answer = (response) => json(response, 200, '{"data":null}')
  expect(await client.syncContext()).toBeNull()
  answer = (response) => response.writeHead(200).end()
  expect(await client.syncContext()).toBeNull()
})

test('integers beyond 2^53 survive in both directions, and the JSON-RPC envelope comes back whole', async () => {
  answer = (response) => json(response, 200, '{"jsonrpc":"2.0","id":"1","result":{"output":18446744073709551615}}')
  const reply = await client.jsonrpc('c', 'add', { amount: 9_223_372_036_854_775_807n })
  expect(seen[0]?.body).toMatch(/"amount": ?9223372036854775807/)
  expect(reply).toEqual({ jsonrpc: '2.0', id: '1', result: { output: 18_446_744_073_709_551_615n } })
})

test('a JSON-RPC error is a reply, not a failure', async () => {
  answer = (response) => json(response, 200, '{"jsonrpc":"2.0","id":"1","error":{"type":"ContextNotFound"}}')
  expect(await client.jsonrpc('c', 'get', {})).toMatchObject({ error: { type: 'ContextNotFound' } })
})

test.for([
  ['{"error":"no such group"}', 'Client error: HTTP 404: no such group'],
  ['{"error":{"message":"gone"}}', 'Client error: HTTP 404: gone'],
  ['{"message":"nothing here"}', 'Client error: HTTP 404: nothing here'],
  ['plain words', 'Client error: HTTP 404: plain words'],
  ['', 'Client error: HTTP 404 to GET /admin-api/groups/g'],
  [`{"error":"${'x'.repeat(400)}"}`, `Client error: HTTP 404: ${'x'.repeat(ERROR_MESSAGE_MAX_CHARS)}…`],
] as const)('a failing reply %s is told in the words users know', async ([body, message]) => {
  answer = (response) => response.writeHead(404).end(body)
  const error = await failure(client.getGroup('g'))
  expect(error).toMatchObject({ code: 'HTTP', status: 404, isNetworkFault: false, message })
})

test('403 is the reason of the node, and speaks of a token where there is one', async () => {
  const sentence = ' (Access denied — your token may not have sufficient permissions.)'
  answer = (response) => json(response, 403, '{"error":"not a member"}')
  const message = async (asked: NodeClient) => (await failure(asked.getGroup('g'))).message
  expect(await message(client)).toBe('Client error: HTTP 403: not a member')
  expect(await message(client.withToken('t'))).toBe(`Client error: HTTP 403: not a member${sentence}`)
  answer = (response) => json(response, 403, '{"error":"the token allows less"}')
  expect(await message(client)).toBe(`Client error: HTTP 403: the token allows less${sentence}`)
  answer = (response) => response.writeHead(403, { 'x-auth-error': 'permission_denied' }).end()
  expect(await message(client)).toBe(`Client error: HTTP 403${sentence} to GET /admin-api/groups/g (permission_denied)`)
})

test('why a token was refused is told, also of a handshake', async () => {
  answer = (response) => response.writeHead(401, { 'x-auth-error': 'token_expired' }).end()
  const error = await failure(client.getGroup('g'))
  expect(error.message).toBe('Client error: HTTP 401 to GET /admin-api/groups/g (token_expired)')
  expect(error.data.authError).toBe('token_expired')
  const socket = client.socket({ signal: new AbortController().signal })
  await expect(socket).rejects.toMatchObject({ status: 401, data: { authError: 'token_expired' } })
  answer = (response) => response.writeHead(401, { 'x-auth-error': 'because of this' }).end()
  expect((await failure(client.getGroup('g'))).data).not.toHaveProperty('authError')
})

test('a node that is not there is a network fault', async () => {
  const port = (server.address() as AddressInfo).port
  await new Promise((resolve) => server.close(resolve))
  const error = await failure(client.health())
  expect(error).toMatchObject({ code: 'NETWORK', isNetworkFault: true, data: { cause: 'ECONNREFUSED' } })
  expect(error.message).toContain(`GET http://127.0.0.1:${port}/admin-api/health`)
})

test('a connection that ends half-way is a network fault', async () => {
  answer = (response) => {
    response.writeHead(200, { 'content-length': '100' })
    response.write('{"data":')
    setImmediate(() => response.destroy())
  }
  expect(await failure(client.health())).toMatchObject({ code: 'NETWORK', isNetworkFault: true })
})

test('silence before the headers and within the body are two deadlines', async () => {
  answer = () => {}
  const headers = await failure(client.health({ timeoutMs: 50 }))
  expect(headers).toMatchObject({ code: 'TIMEOUT', isNetworkFault: true, data: { phase: 'headers' } })
  expect(headers.message).toMatch(/^Client error: Request timeout: no answer to GET .* within 50 ms$/)
  answer = (response) => response.writeHead(200).write('{')
  const impatient = new NodeClient(url, { bodyTimeoutMs: 50 })
  expect(await failure(impatient.health())).toMatchObject({ code: 'TIMEOUT', data: { phase: 'body' } })
})

test('an abort rejects with its reason, before and during the request', async () => {
  const abort = new AbortController()
  answer = () => abort.abort(new Error('enough'))
  await expect(client.health({ signal: abort.signal })).rejects.toThrow('enough')
  await expect(client.health({ signal: abort.signal })).rejects.toThrow('enough')
  expect(seen).toHaveLength(1)
})

test('a reply that is not JSON, or too long, is refused', async () => {
  answer = (response) => response.writeHead(200).end('<html>')
  expect(await failure(client.health())).toMatchObject({ code: 'REPLY' })
  answer = (response) => response.writeHead(200).end(`"${'x'.repeat(REPLY_MAX_BYTES)}"`)
  expect(await failure(client.health())).toMatchObject({ code: 'REPLY', message: expect.stringContaining('more than') })
})

test('the token is asked for at each request, and a request may bring its own or none', async () => {
  let token = 'one'
  const known = new NodeClient(url, { token: () => token })
  await known.health()
  token = 'two'
  await known.health()
  await known.health({ token: 'own' })
  await known.health({ token: null })
  expect(seen.map(({ headers }) => headers.authorization)).toEqual([
    'Bearer one',
    'Bearer two',
    'Bearer own',
    undefined,
  ])
})

test('connections are kept, and a base address may have a path', async () => {
  const prefixed = new NodeClient(`${url}/node-1/`)
  for (let request = 0; request < 10; request++) await prefixed.health()
  expect(new Set(seen.map(({ path }) => path))).toEqual(new Set(['/node-1/admin-api/health']))
  expect(new Set(seen.map(({ socket }) => socket)).size).toBeLessThan(5)
})
