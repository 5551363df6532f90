// The server over real sockets: who is let in, and what a request may say.
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../base/clock.ts'
import { RecordingLogger } from '../testing/recording-logger.ts'
import { TestWorld } from '../testing/test-nodes.ts'
import { ROUTES } from './api.ts'
import { JSON_BODY_BYTES_MAX, JSON_DEPTH_MAX } from './limits.ts'
import { type ServedNode, serve } from './testing/served-node.ts'

let world: TestWorld
let served: ServedNode
let port: number

beforeAll(async () => {
  world = await TestWorld.open({ clock: systemClock })
  const { node } = await world.start('n')
  served = await serve(node)
  port = Number(new URL(served.url).port)
})

afterAll(async () => {
  await served.close()
  await world.close()
})

interface Answer {
  readonly status: number | undefined
  readonly body: { readonly error?: string; readonly data?: unknown }
}

/** By hand: fetch lets nobody choose these headers. */
function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode, body: JSON.parse(text) as Answer['body'] }))
    })
    sent.on('error', reject)
    sent.end(method === 'POST' ? '{}' : undefined)
  })
}

const HEALTH = '/admin-api/health'

describe('a name that an attacker may point at this machine', () => {
  test('is refused, on every path', async () => {
    for (const host of ['evil.example', 'evil.example:2528', 'localhost.evil.example', '127.0.0.1.nip.io', '[::1']) {
      for (const path of [HEALTH, '/admin-api/identity', '/nothing']) {
        const { status, body } = await ask(path, { host })
        expect([host, path, status, body.error]).toEqual([host, path, 403, expect.stringContaining('Host')])
      }
    }
  })

  test('is not localhost or an address, with and without a port', async () => {
    for (const host of ['localhost', 'LOCALHOST:80', '127.0.0.1:2528', '192.168.1.4', '[::1]:2528', '[fe80::1]']) {
      expect([host, (await ask(HEALTH, { host })).status]).toEqual([host, 200])
    }
  })
})

describe('a page of the web', () => {
  test('is refused, also where it needs no leave of its browser', async () => {
    for (const origin of ['https://evil.example', 'http://192.168.1.4', 'null', 'http://localhost.evil.example', 'x']) {
      for (const method of ['GET', 'POST']) {
        const { status, body } = await ask(
          '/admin-api/identity/context',
          { origin, 'content-type': 'text/plain' },
          method,
        )
        expect([origin, status, body.error]).toEqual([origin, 403, expect.stringContaining('Origin')])
      }
    }
  })

  test('is not one of this machine', async () => {
    for (const origin of ['http://localhost:3000', 'http://127.0.0.1', 'https://[::1]:8443', 'http://127.9.9.9:1']) {
      expect([origin, (await ask(HEALTH, { origin })).status]).toEqual([origin, 200])
    }
  })
})

describe('query parameters', () => {
  test('ask for nothing where they do', async () => {
    expect(await ask('/admin-api/contexts?limit=0')).toMatchObject({ status: 200, body: { data: { contexts: [] } } })
  })

  test('are held to what the route declares', async () => {
    for (const query of ['limit=-1', 'limit=1.5', 'limit=', 'limit=x', 'limit=1e3', 'offset=-1', 'limit=1&limit=2']) {
      const { status, body } = await ask(`/admin-api/contexts?${query}`)
      expect([query, status, body.error]).toEqual([query, 400, expect.stringContaining(query.split('=')[0] ?? '')])
    }
    for (const query of ['limit=1', 'offset=0&limit=1000', 'limit=99999']) {
      expect([query, (await ask(`/admin-api/contexts?${query}`)).status]).toEqual([query, 200])
    }
  })

  test('that a route does not declare are ignored', async () => {
    for (const path of [HEALTH, '/admin-api/contexts', '/admin-api/identity']) {
      expect([path, (await ask(`${path}?t=now&limits=0&a=1&a=2`)).status]).toEqual([path, 200])
    }
  })
})

test('headers that are too large are refused with what is taken', async () => {
  const { status, body } = await ask(HEALTH, { 'x-much': 'x'.repeat(20_000) })
  expect([status, body.error]).toEqual([431, 'the headers of the request are larger than 16384 bytes'])
})

describe('what is no request of this API', () => {
  test('is a 404 in JSON that names method and path', async () => {
    for (const [method, path] of [
      ['GET', '/'],
      ['GET', '/nothing?x=1'],
      ['POST', '/admin-api/contexts/sync/a/b'],
      ['GET', '/jsonrpc/x'],
    ] as const) {
      const answer = await served.ask(method, path)
      expect([answer.status, answer.type, answer.body]).toEqual([
        404,
        expect.stringContaining('application/json'),
        { error: `no route ${method} ${path.split('?')[0]}` },
      ])
    }
  })

  test('names the reason where a login is asked for that the node does not have', async () => {
    for (const path of ['/auth/token', '/admin/keys']) {
      const { status, body } = await served.ask('POST', path)
      expect([status, body]).toEqual([404, { error: expect.stringContaining('asks for no tokens (auth_mode: proxy)') }])
    }
  })

  test('is a 405 where the path has other methods, and names them', async () => {
    for (const [method, path, allow] of [
      ['DELETE', HEALTH, 'GET, HEAD'],
      ['GET', '/jsonrpc?x=1', 'POST'],
    ] as const) {
      const { status, body } = await served.ask(method, path)
      expect([status, body]).toEqual([405, { error: `${path.split('?')[0]} takes ${allow}, not ${method}` }])
    }
  })

  test.each([
    ['/admin-api/contexts/%zz', 400],
    [`/admin-api/contexts/${'1'.repeat(101)}`, 414],
  ])('is refused in the same shape where its path cannot be read', async (path, status) => {
    const answer = await served.ask('GET', path)
    expect([answer.status, answer.type, answer.body]).toEqual([
      status,
      expect.stringContaining('application/json'),
      { error: expect.stringContaining(path) },
    ])
    expect((await ask(path, { host: 'evil.example' })).status).toBe(403)
  })

  test('HEAD answers as GET does, without a body', async () => {
    const { status, text } = await served.ask('HEAD', HEALTH)
    expect([status, text]).toEqual([200, ''])
  })
})

describe('a body', () => {
  const execute = (text: string, type?: string | null) =>
    served.post('/jsonrpc', { text, ...(type === undefined ? {} : { type }) })
  const envelope = (filler: number) => `{"jsonrpc":"2.0","id":1,"method":"none","params":"${'x'.repeat(filler)}"}`

  test('is read up to 2 MiB, and refused with 413 beyond, whether its length is told or not', async () => {
    const bare = envelope(0).length
    expect((await execute(envelope(JSON_BODY_BYTES_MAX - bare))).status).toBe(200)
    const large = envelope(JSON_BODY_BYTES_MAX - bare + 1)
    const { status, type, body } = await execute(large)
    expect([status, type, body]).toEqual([
      413,
      expect.stringContaining('json'),
      { error: expect.stringContaining('2097152 bytes') },
    ])
    expect(await streamed(large)).toBe(413)
  })

  test('is JSON, whatever content type it claims', async () => {
    const types = [
      null,
      'application/json',
      'application/json; charset=utf-8',
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/octet-stream',
    ]
    for (const type of types) {
      const good = await execute(envelope(1), type)
      expect([type, good.status, good.body]).toEqual([type, 200, expect.objectContaining({ id: 1 })])
      const bad = await execute('a=1', type)
      expect([type, bad.status, bad.body]).toEqual([type, 400, { error: expect.stringContaining('not JSON') }])
    }
  })

  test('that is no JSON is a 400 that says where', async () => {
    for (const text of ['{', '{"a":}', 'undefined', '\0', '{"a":1}}', "{'a':1}", '\ufeff{']) {
      const { status, body } = await execute(text)
      expect([text, status, body]).toEqual([text, 400, { error: expect.stringMatching(/^the body is not JSON: ./) }])
    }
  })

  test('nested without end is refused and harms nothing', async () => {
    const deep = '['.repeat(JSON_BODY_BYTES_MAX / 2 - 100)
    const { status, body } = await execute(`${deep}${deep.replaceAll('[', ']')}`)
    expect([status, body]).toEqual([400, { error: expect.stringMatching(/./) }])
    expect((await ask(HEALTH)).status).toBe(200)
  })

  test('nested too deep is refused while it still comes', async () => {
    expect(await streamed('['.repeat(JSON_DEPTH_MAX + 1), { ends: false })).toBe(400)
  })

  test('with the names of prototypes is data like any other', async () => {
    const { status, body } = await execute(
      '{"jsonrpc":"2.0","id":1,"method":"none","__proto__":{"id":7},"constructor":{}}',
    )
    expect([status, body]).toMatchObject([200, { id: 1, error: { type: 'ParseError' } }])
  })
})

/** Sent in chunks, without a content length; perhaps more could come. Resolves with the status. */
function streamed(text: string, { ends = true } = {}): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path: '/jsonrpc', method: 'POST', agent: false }
    const sent = request(options, (response) => {
      resolve(response.statusCode)
      response.resume()
      sent.destroy()
    })
    sent.on('error', reject)
    sent.write(text.slice(0, 100))
    sent.write(text.slice(100))
    if (ends) sent.end()
  })
}

test('a node that has ended is never a defect: what it still answers is a refusal or a fact', async () => {
  const log = new RecordingLogger()
  const { node } = await world.start('ended')
  const ended = await serve(node, { log })
  await node.close()
  const id = '1'.repeat(32)
  const hex = '7'.repeat(64)
  // A stream of events has no end.
  for (const { method, url } of ROUTES.filter(({ response }) => response !== 'text/event-stream')) {
    const path = url.replace(':id', id).replace(/:(ns|gid)/, hex)
    const answer = await ended.ask(method, path, method === 'POST' ? { body: {} } : {})
    expect([method, path, answer.status]).not.toEqual([method, path, 500])
  }
  await ended.close()
  expect(log.entries).toEqual([])
})

test('a failure that nobody foresaw is a 500 without detail, and the detail is in the log', async () => {
  const log = new RecordingLogger()
  const { node } = await world.start('broken')
  const broken = await serve(Object.create(node, { account: { get: () => fail('secret detail') } }) as typeof node, {
    log,
  })
  const { status, body } = await broken.get('/admin-api/identity')
  expect([status, body]).toEqual([500, { error: 'Internal server error' }])
  expect(JSON.stringify(log.entries)).toContain('secret detail')
  await broken.close()
})

function fail(message: string): never {
  throw new Error(message)
}
