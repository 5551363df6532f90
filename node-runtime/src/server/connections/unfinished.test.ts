// Who gives way of those whose requests do not come whole.
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { UNFINISHED_LOOKS_MAX } from '../limits.ts'
import { takenAsItComes, Unfinished } from './unfinished.ts'

const server = createServer((request) => request.resume())
let clients: Socket[] = []

beforeEach(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})

afterEach(async () => {
  for (const client of clients) client.destroy()
  clients = []
  await new Promise((resolve) => server.close(resolve))
})

interface Half {
  readonly request: IncomingMessage
  /** One byte more, which the server has seen. */
  flow(): Promise<void>
}

async function half(length = 100): Promise<Half> {
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => {})
  clients.push(client)
  const asked = once(server, 'request')
  client.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`)
  const [request] = (await asked) as [IncomingMessage]
  const flow = async () => {
    const came = once(request, 'data')
    client.write('x')
    await came
  }
  return { request, flow }
}

test('the first that stands still goes before those that flow, and of these the first', async () => {
  const unfinished = new Unfinished()
  const [flowing, second, third] = [await half(), await half(), await half()]
  for (const { request } of [flowing, second, third]) unfinished.add(request)
  await flowing.flow()
  expect(unfinished.longest()).toBe(second.request.socket)
  await third.flow()
  await flowing.flow()
  expect(unfinished.longest()).toBe(third.request.socket)
})

test('what has come whole, and what is taken as it comes, does not go', async () => {
  const unfinished = new Unfinished()
  const [whole, taken, bodiless] = [await half(1), await half(), await half(0)]
  for (const { request } of [whole, taken, bodiless]) unfinished.add(request)
  const ended = once(whole.request, 'end')
  await whole.flow()
  await ended
  takenAsItComes(taken.request)
  expect(unfinished.longest()).toBeUndefined()
})

test('of many that flow only some are looked at', async () => {
  const unfinished = new Unfinished()
  const all: Half[] = []
  for (let count = 0; count <= UNFINISHED_LOOKS_MAX; count += 1) all.push(await half())
  for (const { request } of all) unfinished.add(request)
  for (const { flow } of all.slice(0, UNFINISHED_LOOKS_MAX)) await flow()
  expect(unfinished.longest()).toBe(all[0]?.request.socket)
  // Those have been seen: the one that stands still is the next.
  expect(unfinished.longest()).toBe(all[UNFINISHED_LOOKS_MAX]?.request.socket)
})
