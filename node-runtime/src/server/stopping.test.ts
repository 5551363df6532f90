// What clients see of a node that stops.
import { Agent, type IncomingMessage, request } from 'node:http'
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
