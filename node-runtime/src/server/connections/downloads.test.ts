// Downloads that nobody reads: how many one key, and all, may have.
import { once } from 'node:events'
import { type ClientRequest, request } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { idBase58 } from '../../base/ids.ts'
import { BLOB_CHUNK_BYTES } from '../../blobs/limits.ts'
import { DOWNLOADS_MAX, DOWNLOADS_PER_KEY_MAX } from '../limits.ts'
import { ANN, type GuardedNode, openGuardedNode } from '../testing/guarded-node.ts'
import { Downloads } from './downloads.ts'

/** More than the sockets of both sides hold. */
const CHUNKS = 32

let guarded: GuardedNode

beforeAll(async () => {
  guarded = await openGuardedNode()
})

afterAll(() => guarded.close())

test('a key has its share, all together have a number, and what has ended counts no more', () => {
  const downloads = new Downloads()
  const ends = Array.from({ length: DOWNLOADS_PER_KEY_MAX }, () => downloads.begin('a'))
  expect(() => downloads.begin('a')).toThrow('this key')
  ends[0]?.()
  downloads.begin('a')
  for (let count = DOWNLOADS_PER_KEY_MAX; count < DOWNLOADS_MAX; count += 1) downloads.begin(undefined)
  expect(() => downloads.begin('b')).toThrow(`${DOWNLOADS_MAX} downloads`)
  ends[1]?.()
  downloads.begin('b')
})

test('who reads nothing of what it downloads has only so many under way', async () => {
  const about = { public_key: 'ann', client_name: 'test', timestamp: 1, provider_data: ANN }
  const login = await fetch(`${guarded.url}/auth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ auth_method: 'user_password', ...about }),
  })
  const { data } = (await login.json()) as { data: { access_token: string } }
  const { blobs } = guarded.world.get('n').node.ports
  const { id } = await blobs.put(
    (async function* () {
      for (let count = 0; count < CHUNKS; count += 1) yield new Uint8Array(BLOB_CHUNK_BYTES).fill(count)
    })(),
  )
  const url = `${guarded.url}/admin-api/blobs/${idBase58(id)}`
  const all: ClientRequest[] = []
  const status = async () => {
    const headers = { authorization: `Bearer ${data.access_token}` }
    const sent = request(url, { headers, agent: false }).on('error', () => {})
    all.push(sent.end())
    const [response] = await once(sent, 'response')
    return response.statusCode
  }
  for (let count = 0; count < DOWNLOADS_PER_KEY_MAX; count += 1) expect(await status()).toBe(200)
  expect(await status()).toBe(503)
  all[0]?.destroy()
  // When the node has seen it go.
  while ((await status()) !== 200) expect(all.length).toBeLessThan(1000)
  for (const sent of all) sent.destroy()
})
