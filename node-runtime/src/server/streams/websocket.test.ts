// What a WebSocket client sees: acknowledged subscriptions, each event once, answers to calls, and why it was let go.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import WebSocket from 'ws'
import { appWasm } from '../../../../scripts/build-apps.ts'
import { systemClock } from '../../base/clock.ts'
import { idBase58 } from '../../base/ids.ts'
import { silentLogger } from '../../base/log.ts'
import { type SharedContext, shareContext, TestWorld } from '../../testing/test-nodes.ts'
import type { AccessGuard } from '../ports.ts'
import { createServer } from '../server.ts'
import { type ServedNode, serve } from '../testing/served-node.ts'
import { MESSAGE_BYTES_MAX, TOPICS_MAX } from './limits.ts'

let world: TestWorld
let node: ServedNode
let kv: SharedContext
let contextId: string
const open: Client[] = []

beforeAll(async () => {
  world = await TestWorld.open({ clock: systemClock })
  kv = await shareContext(world, await appWasm('kv-store'), ['ada', 'bob'])
  contextId = idBase58(kv.contextId)
  node = await serve(world.get('ada').node)
})

afterEach(() => {
  for (const client of open.splice(0)) client.socket.terminate()
})

afterAll(async () => {
  await node.close()
  await world.close()
})

interface Client {
  readonly socket: WebSocket
  /** The next frame, as JSON. */
  next(): Promise<unknown>
  send(message: unknown): void
  readonly closed: Promise<{ code: number; reason: string }>
}

function listen(url = `${node.url.replace('http', 'ws')}/ws`, options: WebSocket.ClientOptions = {}): Client {
  const socket = new WebSocket(url, options)
  const frames: unknown[] = []
  const waiting: ((frame: unknown) => void)[] = []
  socket.on('message', (data) => {
    const frame: unknown = JSON.parse(String(data))
    const first = waiting.shift()
    if (first) first(frame)
    else frames.push(frame)
  })
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once('close', (code, reason) => resolve({ code, reason: String(reason) }))
    socket.on('error', () => undefined)
  })
  const client: Client = {
    socket,
    closed,
    next: () => (frames.length > 0 ? Promise.resolve(frames.shift()) : new Promise((resolve) => waiting.push(resolve))),
    send: (message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
  }
  open.push(client)
  return client
}

async function opened(url?: string, options?: WebSocket.ClientOptions): Promise<Client> {
  const client = listen(url, options)
  await new Promise((resolve, reject) => {
    client.socket.once('open', resolve)
    client.socket.once('error', reject)
  })
  return client
}

async function subscribed(): Promise<Client> {
  const client = await opened()
  client.send({ id: 1, method: 'subscribe', params: { contextIds: [contextId] } })
  expect(await client.next()).toEqual({ id: 1, result: { contextIds: [contextId], groupIds: [] } })
  return client
}

const set = (key: string) => ({
  id: 'call',
  method: 'execute',
  params: { contextId, method: 'set', argsJson: { key, value: 'v' } },
})

/** The status of a handshake that is refused, and what it says besides. */
function refused(url: string, options: WebSocket.ClientOptions = {}): Promise<{ status: number; headers: unknown }> {
  return new Promise((resolve) => {
    const { socket } = listen(url, options)
    socket.once('unexpected-response', (_request, { statusCode = 0, headers }) =>
      resolve({ status: statusCode, headers }),
    )
  })
}

describe('subscriptions', () => {
  test('each event comes once, after the call is stored, with its root', async () => {
    const client = await subscribed()
    client.send(set('once'))
    const frames = [await client.next(), await client.next()]
    const event = {
      id: null,
      result: {
        contextId,
        type: 'StateMutation',
        data: { newRoot: idBase58((await world.get('ada').context(kv.contextId)).root), events: expect.any(Array) },
      },
    }
    expect(frames).toContainEqual(event)
    expect(frames).toContainEqual({ id: 'call', result: { output: null } })
  })

  test('of many watchers each gets every event once, in the order of the calls', async () => {
    const [watchers, events] = [50, 10]
    const clients = await Promise.all(Array.from({ length: watchers }, subscribed))
    for (let index = 0; index < events; index += 1) {
      await world.get('ada').call(kv.contextId, 'set', { key: `many ${index}`, value: 'v' })
    }
    const keysOf = async (client: Client) => {
      const keys: unknown[] = []
      for (let index = 0; index < events; index += 1) {
        const { result } = (await client.next()) as { result: { data: { events: { data: number[] }[] } } }
        keys.push(JSON.parse(Buffer.from(result.data.events[0]?.data ?? []).toString()).key)
      }
      // Nothing is left behind them.
      client.send({ id: 2, method: 'unsubscribe', params: { contextIds: [contextId] } })
      expect(await client.next()).toMatchObject({ id: 2 })
      return keys
    }
    const wanted = Array.from({ length: events }, (_, index) => `many ${index}`)
    expect(await Promise.all(clients.map(keysOf))).toEqual(clients.map(() => wanted))
  })

  test('what a peer wrote comes, too', async () => {
    const client = await subscribed()
    await world.get('bob').call(kv.contextId, 'set', { key: 'from bob', value: 'v' })
    expect(await client.next()).toMatchObject({ id: null, result: { contextId, type: 'StateMutation' } })
  })

  test('after unsubscribe nothing comes', async () => {
    const client = await subscribed()
    client.send({ id: 2, method: 'unsubscribe', params: { contextIds: [contextId] } })
    expect(await client.next()).toEqual({ id: 2, result: { contextIds: [contextId], groupIds: [] } })
    client.send(set('unseen'))
    expect(await client.next()).toMatchObject({ id: 'call' })
    client.send({ id: 3, method: 'subscribe', params: { contextIds: [] } })
    expect(await client.next()).toMatchObject({ id: 3 })
  })

  test('what the caller may not see is left out without a word', async () => {
    const client = await opened()
    const unknown = '1'.repeat(32)
    client.send({
      id: null,
      method: 'subscribe',
      params: { contextIds: [unknown, contextId], groupIds: ['ab'.repeat(32)] },
    })
    expect(await client.next()).toEqual({ id: null, result: { contextIds: [contextId], groupIds: [] } })
  })

  test.each([
    ['an unknown method', { id: 7, method: 'fly' }],
    ['an id that is none', { id: 7, method: 'subscribe', params: { contextIds: ['?'] } }],
    ['parameters of another shape', { id: 7, method: 'subscribe', params: { contextIds: 'x' } }],
    ['too many at once', { id: 7, method: 'subscribe', params: { contextIds: new Array(1025).fill('x') } }],
  ])('%s is a ParseError', async (_what, message) => {
    const client = await opened()
    client.send(message)
    expect(await client.next()).toEqual({ id: 7, error: { type: 'ParseError', data: expect.any(String) } })
  })

  test('what is no message is not answered, and harms nothing', async () => {
    const client = await opened()
    client.send('{')
    client.send('[]')
    client.socket.send(Uint8Array.of(1, 2, 3))
    client.send({ id: 9, method: 'subscribe', params: {} })
    expect(await client.next()).toEqual({ id: 9, result: { contextIds: [], groupIds: [] } })
  })

  test('a longer message than a request may be is answered, and so is who asks for too much', async () => {
    const client = await opened()
    client.send({ id: 1, method: 'subscribe', params: {}, pad: 'x'.repeat(3 * 1024 * 1024) })
    expect(await client.next()).toEqual({ id: 1, result: { contextIds: [], groupIds: [] } })
    client.send({ id: 2, method: 'subscribe', params: { groupIds: Array(TOPICS_MAX + 1).fill('a') } })
    const data = `subscribe: groupIds names ${TOPICS_MAX + 1}; a client watches ${TOPICS_MAX} contexts and groups at most`
    expect(await client.next()).toEqual({ id: 2, error: { type: 'ParseError', data } })
  })
})

describe('who keeps to no rule', () => {
  test('a message over the limit closes the connection with 1009', async () => {
    const client = await opened()
    client.send('x'.repeat(MESSAGE_BYTES_MAX + 1))
    expect(await client.closed).toEqual({ code: 1009, reason: `a message has at most ${MESSAGE_BYTES_MAX} bytes` })
  })
})

describe('the handshake', () => {
  test('a page of the web and an unknown path are refused', async () => {
    const ws = node.url.replace('http', 'ws')
    expect(await refused(`${ws}/ws`, { origin: 'https://evil.example' })).toMatchObject({ status: 403 })
    expect(await refused(`${ws}/other`)).toMatchObject({ status: 404 })
  })

  test('a request without an upgrade is told what there is', async () => {
    expect((await node.get('/ws')).status).toBe(426)
  })

  test('the guard is asked with the token of the query, and its refusal passed on', async () => {
    const asked: string[] = []
    const guard: AccessGuard = {
      check: async ({ url, permission }) => {
        asked.push(`${permission} ${url}`)
        return url.includes('token=good') ? { granted: true } : { granted: false, status: 401, reason: 'token_expired' }
      },
    }
    const server = createServer({ node: world.get('ada').node, log: silentLogger, guard })
    await server.listen('127.0.0.1', 0)
    const ws = String(server.addresses()[0]).replace('http', 'ws')
    const refusal = await refused(`${ws}/ws?token=old`)
    expect(refusal).toMatchObject({ status: 401, headers: { 'x-auth-error': 'token_expired' } })
    const client = await opened(`${ws}/ws?token=good`)
    client.send(set('with a token'))
    expect(await client.next()).toMatchObject({ id: 'call', result: expect.anything() })
    expect(asked).toEqual(['token /ws?token=old', 'token /ws?token=good', 'token /ws?token=good'])
    const closing = server.close()
    expect(await client.closed).toEqual({ code: 1001, reason: 'the node is stopping' })
    await closing
  })

  const HANDSHAKE = 'Host: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'

  /** Of a client that sends this and never closes its side. */
  function neverClosing(url: string, head: string): { socket: Socket; ended: Promise<string>; gone: Promise<unknown> } {
    const { port, hostname } = new URL(url)
    const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true }).on('error', () => {})
    let text = ''
    socket.setEncoding('utf8').on('data', (chunk) => {
      text += chunk
    })
    const ended = once(socket, 'end').then(() => text)
    socket.write(head)
    return { socket, ended, gone: once(socket, 'close') }
  }

  test('of a kind that is none is refused as everything is', async () => {
    const { socket, ended } = neverClosing(node.url, `GET /ws HTTP/1.1\r\n${HANDSHAKE}Sec-WebSocket-Key: x\r\n\r\n`)
    expect(await ended).toMatch(/^HTTP\/1\.1 400 [\s\S]*application\/json[\s\S]*{"error":"Missing or invalid Sec-Web/)
    socket.destroy()
  })

  test('to another protocol is ignored, and what was asked is answered', async () => {
    const asking = (method: string, path: string, protocol: string) =>
      `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, close\r\nUpgrade: ${protocol}\r\n\r\n`
    const seen: string[] = []
    for (const [method, path, protocol] of [
      ['GET', '/admin-api/health', 'h2c'],
      ['GET', '/admin-api/contexts', 'TLS/1.2, h2c'],
      ['GET', '/admin-api/contexts', 'websocket'],
      ['GET', '/ws', 'h2c'],
      ['POST', '/ws', 'websocket'],
    ] as const) {
      const { socket, ended } = neverClosing(node.url, asking(method, path, protocol))
      seen.push((await ended).slice(9, 12))
      socket.destroy()
    }
    expect(seen).toEqual(['200', '200', '200', '426', '405'])
  })

  test('that is refused does not keep its place, and does not keep the node from stopping', async () => {
    const served = await serve(world.get('ada').node, { connectionsMax: 2 })
    const head = `GET /ws HTTP/1.1\r\n${HANDSHAKE}Sec-WebSocket-Key: x\r\n\r\n`
    const clients = [neverClosing(served.url, head), neverClosing(served.url, head)]
    for (const { ended } of clients) expect(await ended).toMatch(/^HTTP\/1\.1 400 /)
    expect((await served.get('/admin-api/health')).status).toBe(200)
    const last = neverClosing(served.url, head)
    await last.ended
    await served.close()
    await Promise.all([...clients, last].map(({ gone, socket }) => socket.destroy() && gone))
  })

  test('whose client answers no close is cut off when the node stops', async () => {
    const served = await serve(world.get('ada').node)
    const key = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
    const { socket, ended } = neverClosing(served.url, `GET /ws HTTP/1.1\r\n${HANDSHAKE}${key}\r\n`)
    await once(socket, 'data')
    await served.close()
    // It has been told before.
    await Promise.race([ended, once(socket, 'error')])
    socket.destroy()
  })

  test('a connection that breaks during the handshake harms nobody', async () => {
    const { port, hostname } = new URL(node.url)
    const socket: Socket = connect(Number(port), hostname)
    socket.write('GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    socket.resetAndDestroy()
    expect((await node.get('/admin-api/health')).status).toBe(200)
  })
})
