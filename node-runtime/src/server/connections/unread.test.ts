// Who gives way of those who do not read what they are answered.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { limitConnections } from './room.ts'
import { Unread } from './unread.ts'

/** More than the sockets of both sides hold. */
const MUCH = Buffer.alloc(32 * 1024 * 1024)
const STANDS_MS = 1_000

let clients: Socket[] = []
let server: Server

beforeEach(async () => {
  server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})

afterEach(async () => {
  for (const client of clients) client.destroy()
  clients = []
  await new Promise((resolve) => server.close(resolve))
})

function opened(): Socket {
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => {})
  clients.push(client)
  return client
}

/** Somebody who asks, and does not read. */
async function asked() {
  const came = once(server, 'request')
  const client = opened()
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  const [{ socket }, response] = (await came) as [IncomingMessage, ServerResponse]
  return { client: client.pause(), socket, response }
}

test('an answer of which nothing leaves gives way after its time, the one first that stood first', async () => {
  const [first, second, quiet] = [await asked(), await asked(), await asked()]
  const unread = new Unread(STANDS_MS)
  for (const { socket } of [first, second, quiet]) unread.add(socket, 0)
  // The one that has nothing to read yet is at work.
  for (const { response } of [second, first]) response.write(MUCH)
  unread.look(0)
  unread.look(STANDS_MS - 1)
  expect(unread.longest()).toBeUndefined()
  unread.look(STANDS_MS)
  expect(unread.longest()).toBe(first.socket)
  unread.delete(first.socket)
  expect(unread.longest()).toBe(second.socket)
  const drained = once(second.socket, 'drain')
  second.client.resume()
  await drained
  expect(unread.longest()).toBeUndefined()
  unread.look(10 * STANDS_MS)
  expect(unread.longest()).toBeUndefined()
})

test('an answer of which something leaves between two looks is read', async () => {
  const slow = await asked()
  const unread = new Unread(STANDS_MS)
  unread.add(slow.socket, 0)
  slow.response.write(MUCH)
  unread.look(0)
  const drained = once(slow.socket, 'drain')
  slow.client.resume()
  await drained
  slow.client.pause()
  slow.response.write(MUCH)
  slow.response.write(MUCH)
  unread.look(STANDS_MS)
  expect(unread.longest()).toBeUndefined()
  unread.look(2 * STANDS_MS)
  expect(unread.longest()).toBe(slow.socket)
})

test('those who never read shut nobody out', async () => {
  const max = 3
  let refused = 0
  const ignored = () => {}
  limitConnections(server, {
    max,
    answerStandsMs: 1,
    onRefused: () => {
      refused += 1
    },
    onRequest: ({ url }, response) => response.end(url === '/short' ? 'short' : MUCH),
    onCrowded: ignored,
    onUpgrade: ignored,
  })
  for (let count = 0; count < max; count += 1) await asked()
  const answer = async () => {
    const client = opened()
    let text = ''
    client.setEncoding('latin1').on('data', (chunk) => {
      text += chunk
    })
    client.write('GET /short HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    await once(client, 'close')
    return text
  }
  // Until they have stood still for long enough.
  while (!(await answer()).endsWith('short')) expect(refused).toBeGreaterThan(0)
})
