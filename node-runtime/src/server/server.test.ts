// The server over real sockets: who is let in, and what a request may say.
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../base/clock.ts'
import { silentLogger } from '../base/log.ts'
import { TestWorld } from '../testing/test-nodes.ts'
import { createServer, type HttpServer } from './server.ts'

let world: TestWorld
let server: HttpServer
let port: number

beforeAll(async () => {
  world = await TestWorld.open({ clock: systemClock })
  const { node } = await world.start('n')
  server = await createServer({ node, log: silentLogger })
  await server.listen('127.0.0.1', 0)
  port = Number(new URL(server.addresses()[0] ?? '').port)
})

afterAll(async () => {
  await server.close()
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
  test('are held to what the route declares', async () => {
    for (const query of [
      'limit=0',
      'limit=-1',
      'limit=1.5',
      'limit=',
      'limit=x',
      'limit=1e3',
      'offset=-1',
      'limit=1&limit=2',
    ]) {
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
