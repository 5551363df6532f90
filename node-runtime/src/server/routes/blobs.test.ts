// Blobs over HTTP, on two nodes that share a context.
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { appWasm } from '../../../../scripts/build-apps.ts'
import { toHex } from '../../base/bytes.ts'
import { systemClock } from '../../base/clock.ts'
import { sha256 } from '../../base/hash.ts'
import { type BlobId, idBase58, idFromBytes } from '../../base/ids.ts'
import { BLOB_CHUNK_BYTES } from '../../blobs/limits.ts'
import { RecordingLogger } from '../../testing/recording-logger.ts'
import { shareContext, TestWorld } from '../../testing/test-nodes.ts'
import { type ServedNode, serve } from '../testing/served-node.ts'

const BLOBS = '/admin-api/blobs'
const CONTENT = Buffer.alloc(2 * BLOB_CHUNK_BYTES + 3, 'content of a blob ')
const HASH = toHex(sha256(CONTENT))

const log = new RecordingLogger()
let world: TestWorld
let ada: ServedNode
let bob: ServedNode
let contextId: string

// Two real nodes take their time to meet on a busy machine.
beforeAll(async () => {
  world = await TestWorld.open({ clock: systemClock })
  const shared = await shareContext(world, await appWasm('kv-store'), ['ada', 'bob'])
  contextId = idBase58(shared.contextId)
  ada = await serve(world.get('ada').node, { log })
  bob = await serve(world.get('bob').node)
}, 60_000)

afterAll(async () => {
  await ada.close()
  await bob.close()
  await world.close()
})

interface Uploaded {
  readonly data: { readonly blob_id: string; readonly size: number }
}

async function upload(node: ServedNode, bytes: Uint8Array<ArrayBuffer>, query = ''): Promise<Uploaded['data']> {
  const response = await fetch(`${node.url}${BLOBS}${query}`, { method: 'PUT', body: bytes })
  expect(response.status).toBe(200)
  return ((await response.json()) as Uploaded).data
}

const refused = async (response: Response) => [response.status, ((await response.json()) as { error: string }).error]

describe('a blob', () => {
  test('is uploaded, listed, described, downloaded and removed', async () => {
    const { blob_id, size } = await upload(ada, CONTENT, `?hash=${HASH}`)
    expect(size).toBe(CONTENT.byteLength)
    expect((await ada.get(BLOBS)).body).toMatchObject({ data: { blobs: expect.arrayContaining([{ blob_id, size }]) } })
    const head = await fetch(`${ada.url}${BLOBS}/${blob_id}`, { method: 'HEAD' })
    const got = await fetch(`${ada.url}${BLOBS}/${blob_id}`)
    for (const { status, headers } of [head, got]) {
      expect([status, headers.get('content-length'), headers.get('x-blob-id'), headers.get('x-blob-hash')]).toEqual([
        200,
        String(size),
        blob_id,
        HASH,
      ])
      expect(headers.get('etag')).toBe(`"${HASH}"`)
    }
    expect((await head.arrayBuffer()).byteLength).toBe(0)
    for (const tag of [`"${HASH}"`, `"other", W/"${HASH}"`, '*']) {
      const known = await fetch(`${ada.url}${BLOBS}/${blob_id}`, { headers: { 'if-none-match': tag } })
      expect([known.status, known.headers.get('etag'), await known.text()]).toEqual([304, `"${HASH}"`, ''])
    }
    const other = await fetch(`${ada.url}${BLOBS}/${blob_id}`, {
      method: 'GET',
      headers: { 'if-none-match': '"other"' },
    })
    expect([other.status, (await other.arrayBuffer()).byteLength]).toEqual([200, size])
    expect(other.headers.get('x-content-type-options')).toBe('nosniff')
    expect(Buffer.compare(Buffer.from(await got.arrayBuffer()), CONTENT)).toBe(0)
    expect(await ada.ask('DELETE', `${BLOBS}/${blob_id}`)).toMatchObject({
      status: 200,
      body: { blob_id, deleted: true },
    })
    expect(await ada.ask('DELETE', `${BLOBS}/${blob_id}`)).toMatchObject({ status: 404 })
    expect((await fetch(`${ada.url}${BLOBS}/${blob_id}`)).status).toBe(404)
    expect((await fetch(`${ada.url}${BLOBS}/${blob_id}`, { method: 'HEAD' })).status).toBe(404)
  })

  test('is of the type that it begins like, and of none where a browser might run it', async () => {
    const contents: [Uint8Array<ArrayBuffer>, string][] = [
      [Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 1), 'image/png'],
      [Buffer.from('<html><script>alert(1)</script>'), 'application/octet-stream'],
    ]
    for (const [content, type] of contents) {
      const { blob_id } = await upload(ada, content)
      for (const method of ['HEAD', 'GET']) {
        const { headers } = await fetch(`${ada.url}${BLOBS}/${blob_id}`, { method })
        expect([headers.get('x-blob-mime-type'), headers.get('content-type')]).toEqual([type, type])
      }
    }
  })

  test('may be empty', async () => {
    const { blob_id, size } = await upload(ada, new Uint8Array(0))
    expect([blob_id, size]).toEqual([idBase58(idFromBytes<BlobId>(sha256())), 0])
    expect((await (await fetch(`${ada.url}${BLOBS}/${blob_id}`)).arrayBuffer()).byteLength).toBe(0)
  })

  test('may be JSON by its type: it is not read as such', async () => {
    const response = await fetch(`${ada.url}${BLOBS}`, {
      method: 'PUT',
      body: '{no json',
      headers: { 'content-type': 'application/json' },
    })
    expect([response.status, await response.json()]).toMatchObject([200, { data: { size: 8 } }])
  })

  test('of a context comes from the member that has it, when the context is named', async () => {
    const { blob_id } = await upload(ada, CONTENT, `?context_id=${contextId}`)
    expect((await fetch(`${bob.url}${BLOBS}/${blob_id}`)).status).toBe(404)
    const got = await fetch(`${bob.url}${BLOBS}/${blob_id}?context_id=${contextId}`)
    expect([got.status, got.headers.get('x-blob-hash')]).toEqual([200, HASH])
    expect(Buffer.compare(Buffer.from(await got.arrayBuffer()), CONTENT)).toBe(0)
    expect((await fetch(`${bob.url}${BLOBS}/${blob_id}`)).status).toBe(200)
  })
})

describe('what cannot be done with blobs', () => {
  test('is refused with its reason', async () => {
    const wrong = await fetch(`${ada.url}${BLOBS}?hash=${'00'.repeat(32)}`, { method: 'PUT', body: 'x' })
    expect(await refused(wrong)).toEqual([
      400,
      expect.stringContaining(`asked for blob ${'1'.repeat(32)}, the bytes are blob `),
    ])
    expect(await refused(await fetch(`${ada.url}${BLOBS}/no-id`))).toEqual([400, expect.stringContaining('base58')])
    const nobody = `${ada.url}${BLOBS}/${'1'.repeat(32)}?context_id=${contextId}`
    expect(await refused(await fetch(nobody))).toEqual([404, expect.stringContaining('Blob not found')])
    const foreign = `${ada.url}${BLOBS}?context_id=nothing`
    expect(await refused(await fetch(foreign, { method: 'PUT', body: 'x' }))).toEqual([400, expect.anything()])
  })

  test('a body that says it is too large is refused before it comes', async () => {
    const { hostname, port } = new URL(ada.url)
    const status = await new Promise((resolve, reject) => {
      const headers = { 'content-length': 2 ** 31 }
      const sent = request({ hostname, port, path: BLOBS, method: 'PUT', headers }, (response) => {
        resolve(response.statusCode)
        sent.destroy()
      })
      sent.on('error', reject)
      sent.flushHeaders()
    })
    expect(status).toBe(413)
    expect(log.entries).toContainEqual(expect.objectContaining({ message: 'Blob exceeds maximum allowed size' }))
  })

  test('the code of an installed application stays', async () => {
    const [application] = await world.get('ada').node.applications.list()
    if (!application) throw new Error('nothing is installed')
    const response = await fetch(`${ada.url}${BLOBS}/${idBase58(application.blobId)}`, { method: 'DELETE' })
    expect(await refused(response)).toEqual([403, expect.stringContaining('installed application')])
  })
})
