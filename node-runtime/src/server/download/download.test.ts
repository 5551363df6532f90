// Downloads: what may be fetched, by which way, and how much of it.

import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DrivenClock } from '../../testing/driven-clock.ts'
import { DOWNLOAD_BYTES_MAX, DOWNLOAD_CONNECT_MS, REDIRECTS_MAX } from '../limits.ts'
import { type DownloadRules, download, PUBLIC_ONLY } from './download.ts'

let server: Server
let port: number
const hosts: (string | undefined)[] = []

const ANSWERS: Readonly<Record<string, (response: ServerResponse) => void>> = {
  '/app.wasm': (response) => response.end('code'),
  '/far': (response) => response.writeHead(302, { location: '/app.wasm' }).end(),
  '/round': (response) => response.writeHead(307, { location: '/round' }).end(),
  '/inside': (response) => response.writeHead(301, { location: 'http://10.0.0.1/secret' }).end(),
  '/rebound': (response) => response.writeHead(301, { location: 'http://rebinding.example/app.wasm' }).end(),
  '/file': (response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
  '/large': (response) => response.writeHead(200, { 'content-length': DOWNLOAD_BYTES_MAX + 1 }).flushHeaders(),
  '/silent': () => {},
}

beforeAll(async () => {
  server = createServer((request, response) => {
    hosts.push(request.headers.host)
    const answer = ANSWERS[request.url ?? '']
    if (answer) answer(response)
    else response.writeHead(404).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  port = typeof address === 'object' && address !== null ? address.port : 0
})

afterAll(() => {
  server.closeAllConnections()
  server.close()
})

/** The test's own server counts as public, and names are what the test says. */
function rulesWith(names: Readonly<Record<string, readonly string[]>> = {}): DownloadRules {
  return {
    resolve: async (name) => names[name] ?? [],
    mayConnect: (address) => address === '127.0.0.1' || PUBLIC_ONLY.mayConnect(address),
  }
}

async function fetched(url: string, rules = rulesWith(), clock = new DrivenClock()): Promise<string> {
  const chunks: Uint8Array[] = []
  const { signal } = new AbortController()
  for await (const chunk of download(url, { clock, rules }, { signal })) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

test('what may be fetched is, through redirects, too', async () => {
  for (const path of ['/app.wasm', '/far']) expect(await fetched(`http://127.0.0.1:${port}${path}`)).toBe('code')
})

test('a name is connected to by the address that was judged, and is asked for once', async () => {
  let asked = 0
  const rules = {
    ...rulesWith(),
    // The second answer would be private: who resolves again would go there.
    resolve: async () => {
      asked += 1
      return [asked === 1 ? '127.0.0.1' : '10.0.0.1']
    },
  }
  expect(await fetched(`http://pinned.example:${port}/app.wasm`, rules)).toBe('code')
  expect([asked, hosts.at(-1)]).toEqual([1, `pinned.example:${port}`])
})

test.each([
  ['no URL', 'app.wasm', 'no URL'],
  ['another scheme', 'file:///etc/passwd', 'only http and https'],
  ['a user', 'http://root:secret@example.com/', 'names a user'],
  ['a private address', 'http://192.168.1.1/', 'private network'],
  ['a private address in hex', 'http://0x0a000001/', 'private network'],
  ['a private address of IPv6', 'http://[::1]/', 'private network'],
  ['a mapped address', 'http://[::ffff:10.0.0.1]/', 'private network'],
  ['a name with one private address', 'http://both.example/', 'private network'],
  ['a redirect to a private address', 'http://127.0.0.1:PORT/inside', 'private network'],
  ['a redirect to a name that is private', 'http://127.0.0.1:PORT/rebound', 'private network'],
  ['a redirect to another scheme', 'http://127.0.0.1:PORT/file', 'only http and https'],
  ['too many bytes', 'http://127.0.0.1:PORT/large', 'more than'],
])('%s is refused', async (_why, url, says) => {
  const rules = rulesWith({ 'both.example': ['1.1.1.1', '10.0.0.1'], 'rebinding.example': ['169.254.169.254'] })
  const error = await fetched(url.replace('PORT', String(port)), rules).catch((each: unknown) => each)
  expect(error).toMatchObject({ code: 'BAD_REQUEST', message: expect.stringContaining(says) })
  expect(String(error)).not.toContain('secret@')
})

test.each([
  ['what is not there', '/none', 'HTTP 404'],
  ['what leads in a circle', '/round', `more than ${REDIRECTS_MAX} redirects`],
])('%s fails', async (_why, path, says) => {
  const failure = fetched(`http://127.0.0.1:${port}${path}`)
  await expect(failure).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED', message: expect.stringContaining(says) })
})

test('a name without an address, and a port that nobody listens on, fail', async () => {
  for (const url of ['http://none.example/', 'http://127.0.0.1:1/']) {
    await expect(fetched(url)).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED' })
  }
})

test('who does not answer is waited for no longer than the limit', async () => {
  const clock = new DrivenClock()
  const before = hosts.length
  const failure = fetched(`http://127.0.0.1:${port}/silent`, rulesWith(), clock)
  await expect.poll(() => hosts.length).toBeGreaterThan(before)
  while (clock.step());
  await expect(failure).rejects.toMatchObject({
    code: 'DOWNLOAD_FAILED',
    message: expect.stringContaining(`${DOWNLOAD_CONNECT_MS} ms`),
  })
})

test('the rules of a node refuse its own machine', async () => {
  for (const url of [`http://127.0.0.1:${port}/app.wasm`, `http://localhost:${port}/app.wasm`]) {
    await expect(fetched(url, PUBLIC_ONLY)).rejects.toMatchObject({ code: 'BAD_REQUEST' })
  }
})
