// What counts as an answer of a node that is asked while it starts.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { probe } from './readiness.ts'

/** What is made of one answer to `/admin-api/ready`. */
async function seen(status: number, body: string) {
  const server = createServer((_request, response) => response.writeHead(status).end(body)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  try {
    return await probe(`http://127.0.0.1:${port}`, 'ready')
  } finally {
    server.close()
  }
}

const json = (data: object) => JSON.stringify({ data })
const reasons = ['network: since the start connected to 0 of 1 nodes, 0 greeted, 0 reached by gossip']

test('a node that is ready is, whatever it lacks and however it says so', async () => {
  for (const body of [json({ status: 'ready' }), json({ status: 'ready', reasons }), 'OK', '', 'null']) {
    expect([body, await seen(200, body)]).toEqual([body, { done: true }])
  }
})

test('a node that works without those of its run has not reached them, and says so', async () => {
  expect(await seen(200, json({ status: 'ready', reasons, meshed: false }))).toEqual({
    seen: `HTTP 200: ${reasons[0]}`,
  })
})

test('a node that is not ready is shown with its reason, or else its status', async () => {
  expect(await seen(503, json({ status: 'starting', reason: 'why' }))).toEqual({ seen: 'HTTP 503: why' })
  expect(await seen(503, json({ status: 'shutting_down' }))).toEqual({ seen: 'HTTP 503: shutting_down' })
  expect(await seen(502, 'no JSON')).toEqual({ seen: 'HTTP 502' })
})
