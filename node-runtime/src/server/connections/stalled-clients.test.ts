// Clients that neither send nor read any more must not keep a node from stopping.
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import { idBase58 } from '../../base/ids.ts'
import { BLOB_CHUNK_BYTES } from '../../blobs/limits.ts'
import { RecordingLogger } from '../../testing/recording-logger.ts'
import { TestWorld } from '../../testing/test-nodes.ts'
import { type ServedNode, serve } from '../testing/served-node.ts'

const BLOBS = '/admin-api/blobs'
/** More than the sockets of both sides hold. */
const MUCH = 64 * BLOB_CHUNK_BYTES

let world: TestWorld
let log: RecordingLogger
let served: ServedNode

beforeEach(async () => {
  world = await TestWorld.open({ clock: systemClock })
  log = new RecordingLogger()
  served = await serve((await world.start('ada')).node, { log })
})

afterEach(async () => {
  await served.close()
  await world.close()
})

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve))
}

test('a download that is not read is cut off when the node stops', async () => {
  const { id } = await world.get('ada').node.ports.blobs.put([new Uint8Array(MUCH)])
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(`${served.url}${BLOBS}/${idBase58(id)}`, { agent: false }, resolve)
      .on('error', reject)
      .end()
  })
  expect(response.statusCode).toBe(200)
  await served.close()
  const ended = new Promise((resolve) => response.once('error', resolve))
  response.resume()
  expect(await ended).toMatchObject({ code: 'ECONNRESET' })
  expect(log.entries.filter(({ level }) => level === 'error')).toEqual([])
})

test('an upload that does not go on is told so when the node stops, and leaves nothing', async () => {
  const { blobs } = world.place('ada')
  const sent = request(`${served.url}${BLOBS}`, {
    agent: false,
    method: 'PUT',
    headers: { 'content-length': 1000 },
  })
  const answered = once(sent, 'response')
  sent.on('error', () => {})
  sent.write('abc')
  await until(async () => (await blobs.folders()).length > 0)
  await served.close()
  const [{ statusCode }] = await answered
  expect(statusCode).toBe(503)
  await until(async () => (await blobs.folders()).length === 0)
  expect(log.entries.filter(({ level }) => level === 'error')).toEqual([])
})

test('a body of which only half has come is told so when the node stops', async () => {
  const headers = { 'content-length': 100, 'content-type': 'application/json', expect: '100-continue' }
  const sent = request(`${served.url}/jsonrpc`, { agent: false, method: 'POST', headers })
  const answered = once(sent, 'response')
  sent.on('error', () => {})
  sent.flushHeaders()
  await once(sent, 'continue')
  sent.write('{')
  await served.close()
  const [{ statusCode, headers: said }] = await answered
  expect([statusCode, said.connection]).toEqual([503, 'close'])
  expect(log.entries.filter(({ level }) => level === 'error')).toEqual([])
})
