// The login page over real sockets, and how clients of before groups come to it.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createServer } from '../server.ts'
import { type GuardedNode, openGuardedNode } from '../testing/guarded-node.ts'

let guarded: GuardedNode

beforeEach(async () => {
  guarded = await openGuardedNode()
})

afterEach(() => guarded.close())

test('the login page runs no script but its own and stands in no frame', async () => {
  const response = await fetch(`${guarded.url}/auth/login?callback-url=http://127.0.0.1:9080/callback&permissions=blob`)
  const policy = response.headers.get('content-security-policy') ?? ''
  expect([response.status, response.headers.get('x-frame-options')]).toEqual([200, 'DENY'])
  expect(policy).toMatch(/script-src 'self';/)
  const text = await response.text()
  expect(text).not.toMatch(/<script>|onclick|callback-url|9080/)
  const script = await fetch(`${guarded.url}/auth/assets/login.js`)
  expect(script.headers.get('content-type')).toContain('text/javascript')
  expect(await script.text()).not.toMatch(/innerHTML|eval/)
})

test('tokens reach no query unless the node is told so', async () => {
  const dashboard = '/admin-dashboard/?callback_url=https%3A%2F%2Fapp.example'
  const asked = await fetch(`${guarded.url}${dashboard}`)
  expect([asked.status, await asked.text()]).toEqual([501, expect.stringContaining('answer_in_query')])
  expect(await (await fetch(`${guarded.url}/auth/assets/login.js`)).text()).toContain('answersInQuery = false')
  const old = await oldClients()
  expect((await fetch(`${old.url}${dashboard}`)).status).toBe(200)
  expect(await (await fetch(`${old.url}/auth/assets/login.js`)).text()).toContain('answersInQuery = true')
  await old.close()
})

/** The same node, told to serve clients of before groups. */
async function oldClients() {
  const served = createServer({
    node: guarded.world.get('n').node,
    log: guarded.log,
    guard: guarded.auth.guard,
    auth: { ...guarded.auth, answersInQuery: true },
  })
  await served.listen('127.0.0.1', 0)
  return { url: served.addresses()[0] ?? '', close: () => served.close() }
}

test('older clients send people to the dashboard to log in, and they come to the login page', async () => {
  const { url, close } = await oldClients()
  const back = 'https://app.example/?a="><script>&b=1'
  for (const path of ['/admin-dashboard', '/admin-dashboard/']) {
    const response = await fetch(`${url}${path}?application_id=x&callback_url=${encodeURIComponent(back)}`)
    const text = await response.text()
    expect([path, response.status, response.headers.get('content-type')]).toEqual([
      path,
      200,
      'text/html; charset=utf-8',
    ])
    expect(text).not.toContain('<script>')
    const [, target = ''] = /url=([^"]+)"/.exec(text) ?? []
    const asked = new URL(target.replaceAll('&amp;', '&'), url)
    expect([asked.origin, asked.pathname]).toEqual([url, '/auth/login'])
    expect([...asked.searchParams]).toEqual([
      ['callback-url', back],
      ['answer', 'query'],
    ])
    const without = await fetch(`${url}${path}`)
    expect([without.status, await without.text()]).toEqual([501, expect.stringContaining('admin dashboard')])
  }
  await close()
})
