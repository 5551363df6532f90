// The login page over real sockets, and how clients of before groups come to it.
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createServer } from '../server.ts'
import { ANN, type GuardedNode, openGuardedNode } from '../testing/guarded-node.ts'

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

/** What the script of the page does in a browser, once ann has typed her name and password: where it goes then, and what it asked. */
async function loggedIn(url: string, search: string, asked: string[] = []): Promise<URL> {
  const script = await (await fetch(`${url}/auth/assets/login.js`)).text()
  const { promise, resolve, reject } = Promise.withResolvers<URL>()
  let submit: (event: object) => void = () => {}
  const element = {
    append: () => {},
    remove: () => {},
    addEventListener: (_name: string, listen: typeof submit) => {
      submit = listen
    },
    set textContent(text: string) {
      if (text !== '') reject(new Error(text))
    },
  }
  const browser = {
    URL,
    URLSearchParams,
    FormData: Map,
    location: { search, origin: url, assign: (to: URL) => resolve(new URL(to)) },
    document: { getElementById: () => element, createElement: () => ({}) },
    fetch: async (path: string, request: RequestInit) => {
      const response = await fetch(`${url}${path}`, request)
      asked.push(`${path} ${response.status}`)
      return response
    },
  }
  runInNewContext(script, browser)
  submit({ preventDefault: () => {}, target: Object.entries(ANN) })
  return promise
}

const BACK = 'callback-url=https%3A%2F%2Fapp.example%2Fdone'
/** Of an access token. */
const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())

test('a program gets what it asked for, in the fragment, and nothing is left of the login', async () => {
  const asked: string[] = []
  const { hash, search } = await loggedIn(guarded.url, `?${BACK}&permissions=blob`, asked)
  const given = new URLSearchParams(hash.slice(1))
  expect([search, claimsOf(given.get('access_token') ?? '').permissions]).toEqual(['', ['blob']])
  expect(asked).toEqual(['/auth/token 200', '/admin/client-key 200', '/auth/logout 200'])
})

test('what reaches a query is a client key, which can be revoked, never the login itself', async () => {
  const old = await oldClients()
  const { searchParams } = await loggedIn(old.url, `?${BACK}&answer=query`)
  const { sub, permissions } = claimsOf(searchParams.get('access_token') ?? '')
  expect([guarded.auth.keys.clients().map(({ id }) => id), permissions]).toEqual([[sub], ['admin']])
  await old.close()
  const { hash } = await loggedIn(guarded.url, `?${BACK}&answer=query`)
  expect(hash).toContain('refresh_token')
})

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
