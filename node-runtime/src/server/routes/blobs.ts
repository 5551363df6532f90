// Blobs: streamed up and down, never whole in memory.
import { Type } from 'typebox'
import { type Bytes, concat, toHex } from '../../base/bytes.ts'
import { type BlobId, idBase58, idBytes } from '../../base/ids.ts'
import type { BlobInfo, BlobStore } from '../../blobs/blob-store.ts'
import { isDamage } from '../../blobs/errors.ts'
import { SyncError } from '../../sync/errors.ts'
import { ServerError } from '../errors.ts'
import { blobHashOf, blobIdOf, contextIdOf } from '../formats/encodings.ts'
import { ANY_BYTES, BEGINNING_BYTES, mimeTypeOf } from '../formats/mime-types.ts'
import { Base58, Count } from '../formats/shapes.ts'
import type { NodeServices } from '../ports.ts'
import { RawResponse } from '../routing/raw-response.ts'
import { Data, NoBody, NoFields, type Route, route, StreamResponse } from '../routing/route.ts'

const ById = Type.Object({ id: Type.String() })
const OfContext = Type.Object({ context_id: Type.Optional(Type.String()) })
const SHOWN_HEADERS = 'Content-Length, Content-Type, ETag, X-Blob-ID, X-Blob-Hash, X-Blob-MIME-Type'

export const blobRoutes: readonly Route[] = [
  route({
    method: 'PUT',
    url: '/admin-api/blobs',
    summary: 'Upload a blob: the body is its bytes',
    permission: 'blob:add:stream',
    forOtherMembers: true,
    params: NoFields,
    query: Type.Object({ hash: Type.Optional(Type.String()), context_id: Type.Optional(Type.String()) }),
    body: NoBody,
    response: Data(Type.Object({ blob_id: Base58, size: Count })),
    streams: true,
    failures: [507],
    handle: async ({ node, log }, { query, stream }) => {
      const contextId = query.context_id === undefined ? undefined : contextIdOf(query.context_id)
      const expected = query.hash === undefined ? undefined : blobHashOf(query.hash)
      const { id, size } = await node.ports.blobs.put(stream, expected)
      if (contextId !== undefined) {
        if (node.namespaces.list().some((namespace) => namespace.mayRead(contextId, node.identity.publicKey))) {
          await node.blobReferences.add(contextId, id)
          node.blobExchange.announce(contextId, id)
        } else {
          log.warn({ contextId }, 'Skipping announce: node is not a member of the requested context')
        }
      }
      return { data: { blob_id: idBase58(id), size } }
    },
  }),
  route({
    method: 'GET',
    url: '/admin-api/blobs',
    summary: 'All blobs of this node',
    permission: 'blob:list',
    params: NoFields,
    query: NoFields,
    body: NoBody,
    response: Data(Type.Object({ blobs: Type.Array(Type.Object({ blob_id: Base58, size: Count })) })),
    handle: async ({ node }) => ({
      data: { blobs: node.ports.blobs.list().map(({ id, size }) => ({ blob_id: idBase58(id), size })) },
    }),
  }),
  // Before GET: otherwise one is made of it that reads the whole blob.
  route({
    method: 'HEAD',
    url: '/admin-api/blobs/:id',
    summary: 'Size and hash of a blob of this node',
    permission: 'blob:get[:id]',
    params: ById,
    query: NoFields,
    body: NoBody,
    handle: async ({ node }, { params }) => new StreamResponse(await headersOf(node, blobIdOf(params.id))),
  }),
  route({
    method: 'GET',
    url: '/admin-api/blobs/:id',
    summary: 'The bytes of a blob; with `context_id` fetched from members of the context where it is not here',
    permission: 'blob:get[:id]',
    params: ById,
    query: OfContext,
    body: NoBody,
    response: ANY_BYTES,
    handle: async ({ node }, { params, query, signal, headers }) => {
      const id = blobIdOf(params.id)
      if (query.context_id !== undefined && node.ports.blobs.resolve(id) === undefined) {
        await fetchBlob(node, id, { contextId: query.context_id, signal })
      }
      const about = await headersOf(node, id)
      if (!isKnown(headers['if-none-match'], about.ETag)) return new StreamResponse(about, node.ports.blobs.stream(id))
      // The client has it already.
      const { 'Content-Length': _length, 'Content-Type': type, ...rest } = about
      return new RawResponse(304, '', { ...rest, 'content-type': type })
    },
  }),
  route({
    method: 'DELETE',
    url: '/admin-api/blobs/:id',
    summary: 'Remove a blob from this node; the code of installed applications stays',
    permission: 'blob:remove[:id]',
    forOtherMembers: true,
    params: ById,
    query: NoFields,
    body: NoBody,
    response: Type.Object({ blob_id: Base58, deleted: Type.Boolean() }),
    handle: async ({ node }, { params }) => {
      const { blobs } = node.ports
      const id = blobs.resolve(blobIdOf(params.id))
      if (id === undefined) throw missing(params.id)
      const applications = await node.applications.list()
      if (applications.some(({ blobId }) => blobs.resolve(blobId) === id)) {
        throw new ServerError(
          'FORBIDDEN',
          `blob ${params.id} is the code of an installed application; uninstall it first`,
        )
      }
      if (!(await blobs.delete(id))) throw missing(params.id)
      await node.blobReferences.drop(id)
      return { blob_id: idBase58(id), deleted: true }
    },
  }),
]

async function fetchBlob(
  node: NodeServices,
  id: BlobId,
  { contextId, signal }: { readonly contextId: string; readonly signal: AbortSignal },
): Promise<void> {
  try {
    await node.blobExchange.fetchOfContext(contextIdOf(contextId), id, { signal })
  } catch (cause) {
    if (!(cause instanceof SyncError) || cause.code !== 'SYNC_NO_PEER') throw cause
    throw new ServerError('NOT_FOUND', `Blob not found: ${cause.message}`, { cause })
  }
}

/** `*`, or a list of tags, weak ones too. */
function isKnown(asked: string | undefined, tag: string): boolean {
  const tags = (asked ?? '').split(',').map((each) => each.trim().replace(/^W\//, ''))
  return tags.includes(tag) || tags.includes('*')
}

async function headersOf(node: NodeServices, address: BlobId) {
  const { blobs } = node.ports
  const info = await blobs.info(address)
  if (!info) throw missing(idBase58(address))
  const hash = toHex(idBytes(await blobs.contentHash(info.id)))
  const type = await typeOf(blobs, info)
  return {
    'Content-Length': String(info.size),
    'Content-Type': type,
    ETag: `"${hash}"`,
    'Cache-Control': 'private, no-cache',
    'X-Blob-ID': idBase58(info.id),
    'X-Blob-Hash': hash,
    'X-Blob-MIME-Type': type,
    'Access-Control-Expose-Headers': SHOWN_HEADERS,
  }
}

/** Of a blob that is here. */
async function typeOf(blobs: BlobStore, { id, size }: BlobInfo): Promise<string> {
  try {
    const parts: Bytes[] = []
    for await (const part of blobs.stream(id, { start: 0, end: Math.min(size, BEGINNING_BYTES) })) parts.push(part)
    return mimeTypeOf(concat(parts))
  } catch (cause) {
    // Out of the store from now on.
    if (isDamage(cause)) throw missing(idBase58(id))
    throw cause
  }
}

function missing(id: string): ServerError {
  return new ServerError('NOT_FOUND', `Blob not found: ${id.slice(0, 80)} is not on this node`)
}
