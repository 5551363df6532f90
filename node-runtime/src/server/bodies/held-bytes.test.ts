// Bytes of bodies under way: of all, of one key, and what is not read at all.
import { once } from 'node:events'
import { request } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { HELD_BYTES_MAX, HELD_BYTES_PER_KEY_MAX, JSON_BODY_BYTES_MAX, PUBLIC_BODY_BYTES_MAX } from '../limits.ts'
import { type GuardedNode, openGuardedNode } from '../testing/guarded-node.ts'
import { serve } from '../testing/served-node.ts'
import { HeldBytes } from './held-bytes.ts'

let guarded: GuardedNode

beforeAll(async () => {
  guarded = await openGuardedNode()
})

afterAll(() => guarded.close())

/** The status of what announces a body and never sends it. */
async function announced(path: string, headers: Readonly<Record<string, string | number>>): Promise<number> {
  const sent = request(`${guarded.url}${path}`, { method: 'POST', headers, agent: false }).on('error', () => {})
  sent.flushHeaders()
  const [{ statusCode }] = await once(sent, 'response')
  sent.destroy()
  return statusCode
}

test('a key has its share, and all together have a sum', () => {
  const held = new HeldBytes()
  held.take('a', HELD_BYTES_PER_KEY_MAX)
  expect(() => held.take('a', 1)).toThrow('this key')
  held.take('b', 1)
  held.take(undefined, HELD_BYTES_MAX - HELD_BYTES_PER_KEY_MAX - 1)
  expect(() => held.take('b', 1)).toThrow('under way')
  held.give('a', HELD_BYTES_PER_KEY_MAX)
  held.take('a', HELD_BYTES_PER_KEY_MAX)
})

test.each(['/auth/token', '/auth/refresh', '/auth/logout', '/admin-api/refresh-jwt-token', '/admin-api/tee/attest'])(
  'what strangers may send to %s is short',
  async (path) => {
    expect(await announced(path, { 'content-length': PUBLIC_BODY_BYTES_MAX + 1 })).toBe(413)
  },
)

test('what is sent to no route is not read', async () => {
  expect(await announced('/nowhere', { 'content-length': JSON_BODY_BYTES_MAX })).toBe(404)
})

test('bodies that do not say their length count as they come', async () => {
  const node = await serve(guarded.world.get('n').node)
  const begun = () => {
    const headers = { expect: '100-continue', 'content-type': 'application/json' }
    const sent = request(`${node.url}/jsonrpc`, { method: 'POST', headers, agent: false }).on('error', () => {})
    sent.flushHeaders()
    return { sent, wanted: once(sent, 'continue') }
  }
  // As many as would fill it, if each counted with all that it may have.
  const all = Array.from({ length: HELD_BYTES_MAX / JSON_BODY_BYTES_MAX + 1 }, begun)
  for (const { wanted } of all) await wanted
  const answered = all.map(async ({ sent }) => {
    const [{ statusCode }] = await once(sent, 'response')
    return statusCode
  })
  for (const { sent } of all) sent.end('{}')
  expect(new Set(await Promise.all(answered))).toEqual(new Set([400]))
  await node.close()
})

test('bodies that are awaited count with their whole length, and one too many is refused before it is sent', async () => {
  const node = await serve(guarded.world.get('n').node)
  const headers = { expect: '100-continue', 'content-length': JSON_BODY_BYTES_MAX, 'content-type': 'application/json' }
  const awaited = () => {
    const sent = request(`${node.url}/jsonrpc`, { method: 'POST', headers, agent: false }).on('error', () => {})
    sent.flushHeaders()
    return { sent, wanted: once(sent, 'continue') }
  }
  const all = Array.from({ length: HELD_BYTES_MAX / JSON_BODY_BYTES_MAX }, awaited)
  for (const { wanted } of all) await wanted
  const refused = await node.post('/jsonrpc', { body: {} })
  expect([refused.status, refused.body]).toEqual([503, { error: expect.stringContaining('under way') }])
  const [first] = all
  if (!first) throw new Error('nothing is awaited')
  const answered = once(first.sent, 'response')
  first.sent.end(' '.repeat(JSON_BODY_BYTES_MAX))
  expect((await answered)[0].statusCode).toBe(400)
  expect((await node.post('/jsonrpc', { body: {} })).status).toBe(400)
  for (const { sent } of all) sent.destroy()
  await node.close()
})
