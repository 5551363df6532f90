// What clients see of a node that stops.
import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { systemClock } from '../base/clock.ts'
import { TestWorld } from '../testing/test-nodes.ts'
import { serve } from './testing/served-node.ts'

test('a node that is about to stop is not ready, and still answers', async () => {
  const world = await TestWorld.open({ clock: systemClock })
  const { node } = await world.start('n')
  const served = await serve(node)
  node.announceStop()
  expect(await served.get('/admin-api/ready')).toMatchObject({
    status: 503,
    body: { data: { status: 'shutting_down' } },
  })
  expect((await served.get('/admin-api/contexts')).status).toBe(200)
  await served.close()
  await world.close()
})

test('what was asked before the end is answered, and its connection is closed with the answer', async () => {
  const world = await TestWorld.open({ clock: systemClock })
  const { node } = await world.start('n')
  const served = await serve(node)
  const agent = new Agent({ keepAlive: true })
  expect((await served.get('/admin-api/contexts')).status).toBe(200)
  const sent = request(`${served.url}/jsonrpc`, {
    agent,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
  })
  const answered = new Promise<IncomingMessage>((resolve, reject) =>
    sent.once('response', resolve).once('error', reject),
  )
  const body = '{"jsonrpc":"2.0","id":1,"method":"none"}'
  sent.setHeader('expect', '100-continue')
  const accepted = new Promise((resolve) => sent.once('continue', resolve))
  sent.flushHeaders()
  await accepted
  const closed = served.close()
  sent.end(body)
  const answer = await answered
  answer.resume()
  expect([answer.statusCode, answer.headers.connection]).toEqual([200, 'close'])
  await closed
  agent.destroy()
  await world.close()
})

/** On a connection of its own; `connection`: whether the server keeps it. */
async function asked(url: string, method = 'GET', body = '') {
  const response = await fetch(url, {
    method,
    headers: { connection: 'close', ...(body !== '' && { 'content-type': 'application/json' }) },
    ...(body !== '' && { body }),
  })
  return { status: response.status, kept: response.headers.get('connection'), body: await response.json() }
}

const CALL = '{"jsonrpc":"2.0","id":1,"method":"none"}'

test('while something is under way, who comes anew is told that the node stops; then it ends at once', async () => {
  const world = await TestWorld.open({ clock: systemClock })
  const { node } = await world.start('n')
  const served = await serve(node)
  const sent = request(`${served.url}/admin-api/blobs`, { method: 'PUT', agent: false })
  const answered = once(sent, 'response')
  const { blobs } = world.place('n')
  sent.write('begun, ')
  while ((await blobs.folders()).length === 0) await new Promise((resolve) => setImmediate(resolve))
  const idle = connect(Number(new URL(served.url).port), '127.0.0.1')
  await once(idle, 'connect')
  node.announceStop()
  const closing = served.close()
  for (let round = 0; round < 3; round += 1) {
    expect(await asked(`${served.url}/admin-api/ready`)).toEqual({
      status: 503,
      kept: 'close',
      body: { data: { status: 'shutting_down' } },
    })
    expect(await asked(`${served.url}/jsonrpc`, 'POST', CALL)).toEqual({
      status: 503,
      kept: 'close',
      body: { error: 'the node is stopping' },
    })
  }
  sent.end('ended')
  const [answer] = await answered
  answer.resume()
  expect([answer.statusCode, answer.headers.connection]).toEqual([200, 'close'])
  // It has never asked anything.
  await Promise.all([closing, once(idle, 'close')])
  await expect(fetch(`${served.url}/admin-api/ready`)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
  await world.close()
})

test('of many calls at the moment of the stop each is answered', async () => {
  const world = await TestWorld.open({ clock: systemClock })
  const { node } = await world.start('n')
  const served = await serve(node)
  const calls = Array.from({ length: 40 }, () => asked(`${served.url}/jsonrpc`, 'POST', CALL))
  await Promise.race(calls)
  const closing = served.close()
  const statuses = (await Promise.all(calls)).map(({ status }) => status)
  expect(statuses.filter((status) => status !== 200 && status !== 503)).toEqual([])
  await closing
  await world.close()
})
