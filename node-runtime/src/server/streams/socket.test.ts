// A client that does not answer, or does not read: it is let go with a reason, and nothing of it stays.
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import WebSocket, { WebSocketServer } from 'ws'
import { Feed } from '../../base/feed.ts'
import { type ContextId, idBase58, type PublicKey, type RootHash } from '../../base/ids.ts'
import { ContextError } from '../../context/errors.ts'
import type { NodeEvent } from '../../context/ports.ts'
import { RecordingLogger } from '../../testing/recording-logger.ts'
import { PRESENCE_BYTES_MAX } from '../../wire/limits.ts'
import { OWNER } from '../access/asker.ts'
import { HeldBytes } from '../bodies/held-bytes.ts'
import { JsonReader } from '../formats/json/reader.ts'
import { HELD_BYTES_MAX, JSON_STEP_BYTES } from '../limits.ts'
import type { NodeServices } from '../ports.ts'
import { Hub } from './hub.ts'
import { MESSAGES_AT_ONCE, OUTBOUND_BYTES_MAX } from './limits.ts'
import { ClientSocket, type SocketParts } from './socket.ts'

const contextId = 'ab'.repeat(32) as ContextId
const event: NodeEvent = {
  contextId,
  deltaId: undefined,
  root: 'cd'.repeat(32) as RootHash,
  events: [{ kind: 'big', data: new Uint8Array(64 * 1024).fill(200) }],
}

const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})

/** Both ends of a connection, as the server and its client have it. */
async function pair(given: Partial<SocketParts>, options: WebSocket.ClientOptions = {}) {
  const feed = new Feed<NodeEvent>((error) => {
    throw error
  })
  const hub = new Hub(feed, {
    visible: (_watcher, topics) => topics,
    basisOf: () => feed,
    isAbout: () => false,
  })
  const log = new RecordingLogger()
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  const accepted = once(server, 'connection') as Promise<[WebSocket, IncomingMessage]>
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, options)
  client.on('error', () => undefined)
  const [socket, { socket: bytes }] = await accepted
  const parts = {
    hub,
    log,
    asker: OWNER,
    node: {} as NodeServices,
    json: new JsonReader(),
    held: new HeldBytes(),
    bytes,
    ...given,
  }
  const subscriber = new ClientSocket(socket, parts)
  hub.subscribe(subscriber, { contextIds: [contextId], groupIds: [] })
  ends.push(() => {
    client.terminate()
    server.close()
  })
  return { client, socket, feed, hub, subscriber, log }
}

test('who does not say that it is there is closed with 1002', async () => {
  const { client } = await pair({ pingEveryMs: 1, pongWithinMs: 1 }, { autoPong: false })
  const [code, reason] = await once(client, 'close')
  expect([code, String(reason)]).toEqual([1002, 'Ping timeout'])
})

test('who answers pings stays', async () => {
  const { client, socket } = await pair({ pingEveryMs: 1, pongWithinMs: 60_000 })
  for (let count = 0; count < 5; count += 1) await once(client, 'ping')
  expect(socket.readyState).toBe(WebSocket.OPEN)
})

test('who does not read is dropped before more waits for it than the limit, and watches nothing then', async () => {
  const { client, socket, feed, hub, subscriber, log } = await pair({})
  await once(client, 'open')
  client.pause()
  const closed = once(socket, 'close')
  let most = 0
  while (hub.topicsOf(subscriber).contextIds.length > 0) {
    feed.emit(event)
    most = Math.max(most, socket.bufferedAmount)
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(most).toBeGreaterThan(0)
  expect(most).toBeLessThanOrEqual(OUTBOUND_BYTES_MAX + 1024)
  expect(log.entries.map(({ message }) => message)).toContain('a WebSocket client is too slow and was dropped')
  await closed
})

test('who does not read is not dropped for what members show: the latest of each waits for it', async () => {
  const { client, socket, feed } = await pair({})
  await once(client, 'open')
  client.pause()
  const author = 'ef'.repeat(32) as PublicKey
  const shown = (first: number): NodeEvent => ({
    contextId,
    presence: { author, state: new Uint8Array(PRESENCE_BYTES_MAX).fill(200).fill(first, 0, 1) },
  })
  for (let count = 0; count < 200; count += 1) {
    feed.emit(shown(count))
    expect(socket.bufferedAmount).toBeLessThan(OUTBOUND_BYTES_MAX)
    await new Promise((resolve) => setImmediate(resolve))
  }
  feed.emit(shown(255))
  const read: string[] = []
  const last = new Promise<void>((resolve) => {
    client.on('message', (data) => {
      read.push(String(data))
      if (read.at(-1)?.includes('"state":[255,')) resolve()
    })
  })
  client.resume()
  await last
  expect(read.length).toBeLessThan(201)
  expect(socket.readyState).toBe(WebSocket.OPEN)
})

/** The next texts that the client gets. */
function texts(client: WebSocket, count: number): Promise<string[]> {
  const read: string[] = []
  return new Promise((resolve) => {
    client.on('message', (data) => {
      read.push(String(data))
      if (read.length === count) resolve(read)
    })
  })
}

test('messages begin in the order in which they came, however long one is', async () => {
  const { client, hub, subscriber } = await pair({})
  await once(client, 'open')
  const answers = texts(client, 3)
  const params = { contextIds: [idBase58(contextId)] }
  const padding = ' '.repeat(20 * JSON_STEP_BYTES)
  client.send(JSON.stringify({ id: 1, method: 'subscribe', params }) + padding)
  client.send(`[${padding}`)
  client.send(JSON.stringify({ id: 2, method: 'unsubscribe', params }))
  client.send(JSON.stringify({ id: 3, method: 'none' }))
  expect((await answers).map((text) => JSON.parse(text).id)).toEqual([1, 2, 3])
  expect(hub.topicsOf(subscriber).contextIds).toEqual([])
})

test('a message whose caller takes longer to judge is not overtaken by the next', async () => {
  let asked = 0
  const again = async () => {
    asked += 1
    for (let turns = asked === 1 ? 20 : 0; turns > 0; turns -= 1) await new Promise((resolve) => setImmediate(resolve))
    return OWNER
  }
  const node = { identity: {} } as NodeServices
  const { client } = await pair({ node, asker: { ...OWNER, again } })
  await once(client, 'open')
  const answers = texts(client, 2)
  for (const id of [1, 2]) client.send(JSON.stringify({ id, method: 'execute', params: {} }))
  expect((await answers).map((text) => JSON.parse(text).id)).toEqual([1, 2])
  expect(asked).toBe(2)
})

test('of messages that come in one piece no more run than may, and all begin in order', async () => {
  const { promise: held, resolve: letGo } = Promise.withResolvers<void>()
  let running = 0
  // A call runs until it is let go, and fails then.
  const get = async () => {
    running += 1
    await held
    throw new ContextError('CONTEXT_FAILED', 'let go')
  }
  const node = { identity: {}, contexts: { has: () => true, get } } as unknown as NodeServices
  const { client, socket } = await pair({ node })
  await once(client, 'open')
  const many = 3 * MESSAGES_AT_ONCE
  let came = 0
  socket.on('message', () => {
    came += 1
  })
  const answers = texts(client, many)
  const transport = (client as unknown as { _socket: Socket })._socket
  transport.cork()
  const params = { contextId: idBase58(contextId), method: 'm' }
  for (let id = 0; id < many; id += 1) client.send(JSON.stringify({ id, method: 'execute', params }))
  transport.uncork()
  while (came < many || running < MESSAGES_AT_ONCE) await turn()
  for (let turns = 0; turns < 20; turns += 1) await turn()
  expect(running).toBe(MESSAGES_AT_ONCE)
  letGo()
  expect((await answers).map((text) => JSON.parse(text).id)).toEqual(Array.from({ length: many }, (_, id) => id))
})

test.each(['{}', '[1]', '1.5', '-1', 'true', '18446744073709551616'])('an id %s is none', async (id) => {
  const { client } = await pair({})
  await once(client, 'open')
  const answers = texts(client, 1)
  client.send(`{"id":${id},"method":"none"}`)
  client.send('{"id":7,"method":"none"}')
  expect(JSON.parse((await answers)[0] ?? '')).toMatchObject({ id: 7 })
})

test('an id beyond 2^53 is answered by as it was sent', async () => {
  const { client } = await pair({})
  await once(client, 'open')
  const answers = texts(client, 1)
  client.send('{"id":18446744073709551615,"method":"none"}')
  expect((await answers)[0]).toMatch(/^\{"id":18446744073709551615,"error":/)
})

test('a message that does not come whole in time ends its connection, and pings are none', async () => {
  const { client } = await pair({ messageWithinMs: 1, pingEveryMs: 1, pongWithinMs: 60_000 })
  for (let count = 0; count < 5; count += 1) await once(client, 'ping')
  const closed = once(client, 'close')
  client.send('{', { fin: false })
  const [code, reason] = await closed
  expect([code, String(reason)]).toEqual([1008, 'a message did not come whole in time'])
})

test('messages that come count with all others, and one too many ends its connection', async () => {
  const held = new HeldBytes()
  const { client, socket } = await pair({ held })
  await once(client, 'open')
  const answers = texts(client, 1)
  client.send('{"id":1,"method":"none"}')
  await answers
  const closed = once(client, 'close')
  const gone = once(socket, 'close')
  held.take(undefined, HELD_BYTES_MAX - 1000)
  client.send('x'.repeat(2000), { fin: false })
  const [code, reason] = await closed
  expect([code, String(reason)]).toEqual([1013, expect.stringContaining('under way')])
  await gone
  // Nothing of it is counted any more.
  held.take(undefined, 1000)
})
