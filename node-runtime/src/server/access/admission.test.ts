// Who is let in where there is a guard: what it is asked, and what its answers become.
import { request } from 'node:http'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import { TestWorld } from '../../testing/test-nodes.ts'
import type { Access, AccessGuard, AccessRequest } from '../ports.ts'
import { createServer, type HttpServer } from '../server.ts'
import { permissionFor } from './admission.ts'

let world: TestWorld
let server: HttpServer
let asked: AccessRequest[]
let access: Access

const guard: AccessGuard = {
  check: async (one) => {
    asked.push(one)
    return access
  },
}

beforeEach(async () => {
  asked = []
  access = { granted: true }
  world = await TestWorld.open({ clock: systemClock })
  const { node } = await world.start('n')
  server = createServer({ node, log: silentLogger, guard })
  await server.listen('127.0.0.1', 0)
})

afterEach(async () => {
  await server.close()
  await world.close()
})

function ask(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${server.addresses()[0]}${path}`, init)
}

test('the guard sees what the route needs, with the ids of the path', async () => {
  await ask('/admin-api/contexts/abc/storage?token=t', { headers: { authorization: 'Bearer x' } })
  await ask('/admin-api/peers')
  expect(asked).toEqual([
    {
      permission: 'context:list[abc]',
      url: '/admin-api/contexts/abc/storage?token=t',
      headers: expect.objectContaining({ authorization: 'Bearer x' }),
    },
    expect.objectContaining({ permission: 'admin' }),
  ])
})

test('what is public asks nobody', async () => {
  for (const path of ['/admin-api/health', '/admin-api/health?x', '/admin-api/is-authed', '/openapi.json']) {
    expect([path, (await ask(path)).status]).toEqual([path, 200])
  }
  expect(asked).toEqual([])
})

test('a refusal has no body, and its reason where there is one', async () => {
  const rows: [Access, string | null][] = [
    [{ granted: false, status: 401 }, null],
    [{ granted: false, status: 401, reason: 'token_expired' }, 'token_expired'],
    [{ granted: false, status: 403, reason: 'permission_denied' }, 'permission_denied'],
  ]
  for (const [refusal, reason] of rows) {
    access = refusal
    for (const path of ['/admin-api/contexts', '/jsonrpc', '/admin-api/blobs/x']) {
      const method = path === '/jsonrpc' ? 'POST' : 'GET'
      const answer = await ask(path, { method })
      const seen = [answer.status, answer.headers.get('x-auth-error'), await answer.text()]
      expect([path, ...seen]).toEqual([path, refusal.granted ? 200 : refusal.status, reason, ''])
    }
  }
})

test('who is refused is not waited for', async () => {
  access = { granted: false, status: 401 }
  const { hostname, port } = new URL(server.addresses()[0] ?? '')
  const sent = request({
    host: hostname,
    port,
    path: '/admin-api/blobs',
    method: 'PUT',
    headers: { 'content-length': 9 },
  })
  sent.on('error', () => {})
  sent.flushHeaders()
  const [status] = await new Promise<[number | undefined]>((resolve) => {
    sent.on('response', (response) => resolve([response.statusCode]))
  })
  expect(status).toBe(401)
  sent.destroy()
})

test('an id of a path is one id, whatever is in it', () => {
  const needed = (id: string) => permissionFor({ permission: 'blob:get[:id]' }, { id })
  expect(needed('a')).toBe('blob:get[a]')
  expect(needed('a,b')).toBe('blob:get[a%2Cb]')
  expect(needed('a]')).toBe('blob:get[a%5D]')
  expect(permissionFor({}, {})).toBe('admin')
})
