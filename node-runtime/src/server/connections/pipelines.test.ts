// Clients that send the next requests before they have the answers to those before.
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { appWasm } from '../../../../scripts/build-apps.ts'
import { systemClock } from '../../base/clock.ts'
import { idBase58 } from '../../base/ids.ts'
import { shareContext, TestWorld } from '../../testing/test-nodes.ts'
import { JSON_STEP_BYTES, REQUESTS_WAITING_MAX } from '../limits.ts'
import { serve } from '../testing/served-node.ts'
import { limitConnections } from './room.ts'

const server = createServer()
/** What was begun and is not answered yet. */
let begun: [path: string | undefined, ServerResponse][] = []
let crowded = 0
let upgrades = 0
let client: Socket
let seen = ''

limitConnections(server, {
  max: 10,
  onRefused: () => {},
  onRequest: ({ url }, response) => begun.push([url, response]),
  onCrowded: (_request, response) => {
    crowded += 1
    response.writeHead(503, { connection: 'close' }).end('crowded')
  },
  onUpgrade: () => {
    upgrades += 1
  },
})

beforeEach(async () => {
  begun = []
  crowded = 0
  seen = ''
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  client = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => {})
  client.setEncoding('latin1').on('data', (text) => {
    seen += text
  })
})

afterEach(async () => {
  client.destroy()
  await new Promise((resolve) => server.close(resolve))
})

const turn = () => new Promise((resolve) => setImmediate(resolve))

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn()
}

const get = (path: string | number) => `GET /${path} HTTP/1.1\r\nHost: a\r\n\r\n`
const gets = (count: number) => Array.from({ length: count }, (_, index) => get(index)).join('')

/** Answers what is begun, and nothing else is. */
function answer(): string | undefined {
  const [path, response] = begun[0] ?? []
  expect(begun).toHaveLength(1)
  begun = []
  response?.end(`answer ${path}\n`)
  return path
}

test('the next request of a connection begins when the one before is answered', async () => {
  client.write(gets(REQUESTS_WAITING_MAX))
  for (let index = 0; index < REQUESTS_WAITING_MAX; index += 1) {
    await until(() => begun.length > 0)
    await turn()
    expect(answer()).toBe(`/${index}`)
  }
  await until(() => seen.includes(`answer /${REQUESTS_WAITING_MAX - 1}\n`))
  expect(seen.match(/answer \/\d+/g)).toEqual(Array.from({ length: REQUESTS_WAITING_MAX }, (_, i) => `answer /${i}`))
  // The connection is good for more.
  client.write(get('more'))
  await until(() => begun.length > 0)
  expect(answer()).toBe('/more')
})

test('one too many is refused in its turn, and is the last', async () => {
  const gone = once(client, 'close')
  client.write(gets(REQUESTS_WAITING_MAX + 5))
  for (let index = 0; index <= REQUESTS_WAITING_MAX; index += 1) {
    await until(() => begun.length > 0)
    expect(crowded).toBe(0)
    expect(answer()).toBe(`/${index}`)
  }
  await gone
  expect(seen).toContain(`answer /${REQUESTS_WAITING_MAX}\n`)
  expect(seen).toMatch(/HTTP\/1\.1 503 [\s\S]*crowded/)
  expect([begun.length, crowded]).toEqual([0, 1])
})

test('who sends on and on is cut off, and only one request was begun', async () => {
  const gone = once(client, 'close')
  client.write(gets(2_000))
  await gone
  expect([begun.length, begun[0]?.[0], crowded]).toEqual([1, '/0', 0])
})

test('no trace is made for each request of who is cut off, and then there are traces again', async () => {
  client.write(get('first'))
  await until(() => begun.length > 0)
  const ended = new Promise<Error>((resolve) => begun[0]?.[1].req.once('error', resolve))
  const closed = once(begun[0]?.[1] as ServerResponse, 'close')
  client.write(gets(2_000))
  expect((await ended).stack).not.toContain('\n')
  await closed
  await turn()
  expect(new Error('here').stack).toContain('\n')
})

test('what waits when its client goes is never begun', async () => {
  client.write(gets(3))
  await until(() => begun.length > 0)
  const closed = once(begun[0]?.[1] as ServerResponse, 'close')
  client.destroy()
  await closed
  await turn()
  expect(begun.map(([path]) => path)).toEqual(['/0'])
})

test('what waits behind the last answer of a connection is never begun', async () => {
  const gone = once(client, 'close')
  client.write(gets(3))
  await until(() => begun.length > 0)
  begun[0]?.[1].setHeader('connection', 'close')
  expect(answer()).toBe('/0')
  await gone
  expect(begun).toEqual([])
})

test('another protocol does not begin between answers', async () => {
  const gone = once(client, 'close')
  client.write(`${get('slow')}GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`)
  await gone
  expect([begun[0]?.[0], upgrades]).toEqual(['/slow', 0])
})

test('a node refuses what is too many, and a short call does not overtake a long one', async () => {
  const world = await TestWorld.open({ clock: systemClock })
  const kv = await shareContext(world, await appWasm('kv-store'), ['n'])
  const node = await serve(world.get('n').node)
  const port = Number(new URL(node.url).port)
  const sent = async (text: string) => {
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    let answers = ''
    socket.setEncoding('utf8').on('data', (chunk) => {
      answers += chunk
    })
    const gone = once(socket, 'close')
    socket.write(text)
    await gone
    return answers
  }
  const answers = await sent('GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'.repeat(REQUESTS_WAITING_MAX + 2))
  expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual([
    ...Array(REQUESTS_WAITING_MAX + 1).fill('HTTP/1.1 200'),
    'HTTP/1.1 503',
  ])
  expect(answers.slice(answers.lastIndexOf('HTTP/1.1'))).toMatch(/requests wait on this connection/)

  const call = (method: string, argsJson: object) =>
    JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'execute',
      params: { contextId: idBase58(kv.contextId), method, argsJson },
    })
  const post = (body: string, more = '') =>
    `POST /jsonrpc HTTP/1.1\r\nHost: 127.0.0.1\r\n${more}Content-Length: ${body.length}\r\n\r\n${body}`
  const first = `${call('set', { key: 'pipe', value: 'first' })}${' '.repeat(2 * JSON_STEP_BYTES)}`
  await sent(post(first) + post(call('set', { key: 'pipe', value: 'second' }), 'Connection: close\r\n'))
  const { text } = await node.post('/jsonrpc', { text: call('get', { key: 'pipe' }) })
  expect(text).toContain('second')
  await node.close()
  await world.close()
})
