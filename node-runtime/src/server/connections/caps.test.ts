// What one client may cost: connections, headers, bodies.
import { once } from 'node:events'
import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import { TestWorld } from '../../testing/test-nodes.ts'
import { JSON_BODY_BYTES_MAX } from '../limits.ts'
import { type ServedNode, serve } from '../testing/served-node.ts'

const CONNECTIONS = 3

let world: TestWorld
let node: ServedNode
let port: number

beforeAll(async () => {
  world = await TestWorld.open({ clock: systemClock })
  node = await serve((await world.start('n')).node, { connectionsMax: CONNECTIONS })
  port = Number(new URL(node.url).port)
})

afterAll(async () => {
  await node.close()
  await world.close()
})

async function opened(): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  await once(socket, 'connect')
  return socket
}

/** What comes back until the connection ends. */
async function answered(socket: Socket, sent: string): Promise<string> {
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk) => {
    text += chunk
  })
  socket.write(sent)
  await once(socket, 'close')
  return text
}

const HEALTH = 'GET /admin-api/health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n'

test('for one connection too many goes the one that has waited longest, and the others are served', async () => {
  const sockets = [await opened(), await opened(), await opened()]
  const [first, second] = sockets
  if (!first || !second) throw new Error('no connection')
  // It has asked: the one that waits longest is the second now.
  first.write(HEALTH.replace('Connection: close\r\n', ''))
  await once(first, 'data')
  const gone = once(second.resume(), 'close')
  expect(await answered(await opened(), HEALTH)).toContain('200 OK')
  await gone
  expect(await answered(first, HEALTH)).toContain('200 OK')
  for (const socket of sockets) socket.destroy()
})

test('where all are at work one more is told so, and nothing is done for it', async () => {
  const head = 'PUT /admin-api/blobs HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n'
  const upload = `${head}Content-Length: 10\r\n\r\nabc`
  const busy = await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      const socket = await opened()
      socket.write(upload)
      return socket
    }),
  )
  const { blobs } = world.place('n')
  while ((await blobs.folders()).length < CONNECTIONS) await new Promise((resolve) => setImmediate(resolve))
  const answer = await answered(await opened(), `${head}Content-Length: 3\r\n\r\nxyz`)
  expect(answer.split('\r\n')[0]).toBe('HTTP/1.1 503 Service Unavailable')
  expect(answer).toContain(`${CONNECTIONS} connections at work`)
  for (const socket of busy) expect(await answered(socket, 'defghij')).toContain('200 OK')
  const { body } = await node.get('/admin-api/blobs')
  expect(body).toMatchObject({ data: { blobs: [{ size: 10 }] } })
})

const UNFINISHED = 'POST /jsonrpc HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n'

/** Its body is awaited. */
async function unfinished(): Promise<Socket> {
  const socket = await opened()
  socket.write(UNFINISHED)
  await once(socket, 'data')
  return socket
}

test('bodies that never come whole shut nobody out: the one that came first goes', async () => {
  const sockets = [await unfinished(), await unfinished(), await unfinished()]
  for (const socket of sockets.slice(1)) socket.write('{')
  const [first] = sockets
  const gone = once((first as Socket).resume(), 'close')
  expect(await answered(await opened(), HEALTH)).toContain('200 OK')
  await gone
  for (const socket of sockets) socket.destroy()
})

test('an upload is at work: what goes for one connection more is another request that does not come whole', async () => {
  const { blobs } = world.place('n')
  const before = (await blobs.folders()).length
  const upload = await opened()
  upload.write('PUT /admin-api/blobs HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: 10\r\n\r\nabc')
  while ((await blobs.folders()).length <= before) await new Promise((resolve) => setImmediate(resolve))
  const [older, newer] = [await unfinished(), await unfinished()]
  const gone = [older, newer].map((socket) => once(socket.resume(), 'close'))
  const held = await opened()
  await gone[0]
  const last = await opened()
  await once(held.resume(), 'close')
  expect(await answered(last, HEALTH)).toContain('200 OK')
  expect(await answered(upload, 'defghij')).toContain('200 OK')
  newer.destroy()
  await gone[1]
})

test.each([
  ['too many bytes of headers', `X: ${'x'.repeat(20_000)}\r\n`, '431'],
  ['a header that is none', 'X\u0000Y: 1\r\n', '400'],
  ['two lengths', 'Content-Length: 1\r\nTransfer-Encoding: chunked\r\n', '400'],
])('%s are refused', async (_why, headers, status) => {
  const answer = await answered(await opened(), `POST /jsonrpc HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}\r\n`)
  expect(answer.split('\r\n')[0]).toContain(` ${status} `)
})

test.each([
  ['no Host', 'HTTP/1.1\r\n', '400', 'no Host header'],
  ['two of them', 'HTTP/1.1\r\nHost: 127.0.0.1\r\nhost: 127.0.0.1\r\n', '400', 'more than one Host header'],
  [
    'an expectation that nobody knows',
    'HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: "tea"\r\n',
    '417',
    'expects \\"\\\\\\"tea',
  ],
])('what has %s is refused as everything is', async (_why, head, status, words) => {
  for (const request of ['GET /admin-api/health', 'POST /jsonrpc']) {
    const answer = await answered(
      await opened(),
      `${request} ${head}Origin: http://localhost\r\nContent-Length: 5\r\n\r\n`,
    )
    const [headers = '', body = ''] = answer.split('\r\n\r\n')
    expect(headers.split('\r\n')[0]).toContain(` ${status} `)
    expect(headers.toLowerCase()).toContain('content-type: application/json; charset=utf-8')
    expect(headers.toLowerCase()).toContain('x-content-type-options: nosniff')
    expect(headers.toLowerCase()).toContain('access-control-allow-origin: *')
    expect(JSON.parse(body)).toEqual({ error: expect.any(String) })
    expect(body).toContain(words)
  }
})

test('clients of before there was a Host are served', async () => {
  expect(await answered(await opened(), 'GET /admin-api/health HTTP/1.0\r\nExpect: tea\r\n\r\n')).toContain('200 OK')
})

test('headers that are far too large are refused, not reset', async () => {
  for (let round = 0; round < 10; round += 1) {
    const head = `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`
    expect((await answered(await opened(), head)).split('\r\n')[0]).toContain(' 431 ')
  }
})

test('who asks before it sends a body is told to go on when the body is wanted, and only then', async () => {
  const asking = (length: number) =>
    `POST /jsonrpc HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`
  const refused = await answered(await opened(), asking(JSON_BODY_BYTES_MAX + 1))
  expect(refused).toMatch(/^HTTP\/1\.1 413 [\s\S]*\r\nconnection: close\r\n/i)
  const socket = await opened()
  socket.write(asking(2))
  const [first] = await once(socket, 'data')
  expect(String(first)).toBe('HTTP/1.1 100 Continue\r\n\r\n')
  socket.write('{}')
  const [second] = await once(socket, 'data')
  expect(String(second)).toMatch(/^HTTP\/1\.1 400 /)
  // The connection is good for more.
  expect(await answered(socket, HEALTH)).toContain('200 OK')
})

test('a body that is too large is refused while it is sent, and the refusal is read', async () => {
  const text = `"${'x'.repeat(3 * JSON_BODY_BYTES_MAX)}"`
  for (let round = 0; round < 3; round += 1) {
    const { status, body } = await node.post('/jsonrpc', { text })
    expect([status, body]).toEqual([413, { error: expect.stringMatching(/./) }])
  }
})

test('a body that is too large is refused by its length, before it is sent', async () => {
  const headers = { 'content-length': JSON_BODY_BYTES_MAX + 1, 'content-type': 'application/json' }
  const sent = request(`${node.url}/jsonrpc`, { method: 'POST', headers, agent: false })
  sent.on('error', () => {})
  sent.flushHeaders()
  const [response] = await once(sent, 'response')
  expect(response.statusCode).toBe(413)
  sent.destroy()
})

test('JSON of any depth is refused, and no defect', async () => {
  const deep = `{"jsonrpc":"2.0","id":1,"method":"none","params":${'['.repeat(500_000)}${']'.repeat(500_000)}}`
  const { status, body } = await node.post('/jsonrpc', { text: deep })
  expect([status, body]).toEqual([400, { error: expect.stringContaining('nested') }])
})
