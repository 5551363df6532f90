// A server before and after its API is loaded: nobody sees a difference, and nobody is turned away.
import { once } from 'node:events'
import { get, type IncomingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../base/clock.ts'
import { silentLogger } from '../base/log.ts'
import { TestWorld } from '../testing/test-nodes.ts'
import { createServer, type HttpServer } from './server.ts'

let world: TestWorld
let server: HttpServer

beforeEach(async () => {
  world = await TestWorld.open({ clock: systemClock })
  const { node } = await world.start('ada')
  server = createServer({ node, log: silentLogger })
  await server.listen('127.0.0.1', 0)
})

afterEach(async () => {
  await server.close()
  await world.close()
})

interface Answer {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

async function ask(path: string, headers: Record<string, string> = {}): Promise<Answer> {
  const sent = get(`${server.addresses()[0]}${path}`, { headers, agent: false })
  const [response] = await once(sent, 'response')
  let text = ''
  for await (const chunk of response) text += String(chunk)
  const { date: _, ...others } = response.headers
  return { status: response.statusCode, headers: others, text }
}

test.each(['/admin-api/health', '/admin-api/ready'])('the probe %s is answered as the API answers it', async (path) => {
  for (const headers of [{}, { host: 'evil.example' }, { origin: 'https://evil.example' }]) {
    // With a query it is a request like any other.
    expect([headers, await ask(path, headers)]).toEqual([headers, await ask(`${path}?by=api`, headers)])
  }
})

test('what is asked before the API is there waits for it', async () => {
  const paths = ['/admin-api/identity', '/admin-api/health', '/nothing', '/admin-api/contexts', '/admin-api/peers']
  const answers = await Promise.all(paths.map((path) => ask(path)))
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 404, 200, 200])
})

test('who leaves before the API is there takes nobody along', async () => {
  const { hostname, port } = new URL(server.addresses()[0] ?? '')
  const leaving = connect(Number(port), hostname)
  leaving.end('GET /admin-api/identity HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
  await once(leaving, 'finish')
  leaving.destroy()
  expect((await ask('/admin-api/identity')).status).toBe(200)
})

test('a server that nobody has asked ends', async () => {
  await server.close()
  expect(server.addresses()).toEqual([])
})

test('a server ends while its API is loaded, and tells who waits for it', async () => {
  const { hostname, port } = new URL(server.addresses()[0] ?? '')
  const socket = connect(Number(port), hostname)
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk) => {
    text += chunk
  })
  // Both have come when the first one is answered.
  const both = ['health', 'identity'].map((path) => `GET /admin-api/${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`)
  socket.write(both.join(''))
  await once(socket, 'data')
  await Promise.all([server.close(), server.close(), once(socket, 'close')])
  expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', expect.stringMatching(/ (200|503)$/)])
})

test('what is no HTTP is refused in the shape of every refusal', async () => {
  const { hostname, port } = new URL(server.addresses()[0] ?? '')
  const rows: [string, number][] = [
    ['hello\r\n\r\n', 400],
    [`GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  ]
  for (const [sent, status] of rows) {
    const socket = connect(Number(port), hostname).on('error', () => {})
    socket.write(sent)
    let text = ''
    socket.setEncoding('utf8').on('data', (chunk) => {
      text += chunk
    })
    await once(socket, 'close')
    const [head = '', body = ''] = text.split('\r\n\r\n')
    expect(head).toContain(`HTTP/1.1 ${status} `)
    expect(JSON.parse(body)).toEqual({ error: expect.stringMatching(/./) })
  }
})

test('localhost is every address of that name', async () => {
  const { node } = world.get('ada')
  const named = createServer({ node, log: silentLogger })
  await named.listen('localhost', 0)
  const urls = named.addresses()
  expect(new Set(urls.map((url) => new URL(url).port)).size).toBe(1)
  for (const url of urls) expect((await fetch(`${url}/admin-api/health`)).status).toBe(200)
  await named.close()
})
