import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { runMeroctl } from './meroctl.ts'

async function run(...words: string[]): Promise<{ asked: string[]; out: string }> {
  const asked: string[] = []
  let out = ''
  const server = createServer(({ method, url }, response) => {
    asked.push(`${method} ${url}`)
    response.setHeader('content-type', 'application/json').end('{"data":{"contexts":[{"id":"abc"}]}}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const api = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const stdout = { write: (text: string) => (out += text) }
  const signal = new AbortController().signal
  const edge = { cwd: '/', stdout, stderr: stdout, stdin: new PassThrough(), signal, env: {} }
  try {
    await runMeroctl(words, { api, outputFormat: 'json' }, edge)
  } finally {
    server.close()
  }
  return { asked, out }
}

test('what only reads is asked of the node, and its answer printed as it came', async () => {
  const { asked, out } = await run('context', 'ls')
  expect(asked).toEqual(['GET /admin-api/contexts'])
  expect(JSON.parse(out)).toEqual({ data: { contexts: [{ id: 'abc' }] } })
  expect((await run('peers')).asked).toEqual(['GET /admin-api/peers'])
  expect((await run('group', 'get', 'a/b')).asked).toEqual(['GET /admin-api/groups/a%2Fb'])
})

test.each([['constructor'], ['call', 'get'], ['context', 'get'], ['context', 'ls', 'x'], ['context']])(
  'what there is not is refused by its name: %s %s',
  async (...words) => {
    await expect(run(...words)).rejects.toThrow(`calbox has no "meroctl ${words.join(' ')}"; it has app ls`)
  },
)
