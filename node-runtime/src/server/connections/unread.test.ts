// Those who do not read what they are answered.
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

test('an answer of which nothing leaves is found after its time, until something leaves', async () => {
  const [first, second, quiet] = [await asked(), await asked(), await asked()]
  const unread = new Unread(STANDS_MS)
  for (const { socket } of [first, second, quiet]) unread.add(socket, 0)
  // The one that has nothing to read yet is at work.
  for (const { response } of [second, first]) response.write(MUCH)
  unread.look(0)
  expect(unread.look(STANDS_MS - 1)).toEqual([])
  expect(unread.look(STANDS_MS)).toEqual([first.socket, second.socket])
  unread.delete(first.socket)
  expect(unread.look(STANDS_MS)).toEqual([second.socket])
  const drained = once(second.socket, 'drain')
  second.client.resume()
  await drained
  expect(unread.look(10 * STANDS_MS)).toEqual([])
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
  expect(unread.look(STANDS_MS)).toEqual([])
  expect(unread.look(2 * STANDS_MS)).toEqual([slow.socket])
})

test('those who never read are ended, though there is room', async () => {
  const ignored = () => {}
  const onRequest = (_request: IncomingMessage, response: ServerResponse) => response.end(MUCH)
  limitConnections(server, {
    ...{ max: 10, answerStandsMs: 1, onRequest },
    ...{ onRefused: ignored, onCrowded: ignored, onUpgrade: ignored },
  })
  const { socket } = await asked()
  await once(socket, 'close')
  expect(socket.destroyed).toBe(true)
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
