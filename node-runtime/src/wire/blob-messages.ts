// Messages of the stream on which one node fetches a blob from another. The first byte of a frame says what follows: a
// message, or the bytes of a chunk as they are on disk, so that a MiB is not copied to be wrapped.
import { type Bytes, concat } from '../base/bytes.ts'
import type { BlobId, ContextId, NamespaceId } from '../base/ids.ts'
import { message } from './codec.ts'
import { WireError } from './errors.ts'
import { BLOB_CHUNK_BYTES_MAX, BLOB_CHUNKS_MAX, BLOB_HASHES_BYTES_MAX, BLOB_MESSAGE_BYTES_MAX } from './limits.ts'
import { bytes, id, oneOf, record, type Shape, text, uint, union } from './shape.ts'
import type { RefusalCode } from './sync-messages.ts'

/** For whom it is asked: members of a namespace may have its applications, of a context's group what it refers to. */
export type BlobScope =
  | { readonly t: 'namespace'; readonly id: NamespaceId }
  | { readonly t: 'context'; readonly id: ContextId }

export type BlobRequest =
  /** The first one of a stream. */
  | { readonly t: 'open'; readonly scope: BlobScope; readonly blobId: BlobId }
  | { readonly t: 'chunk'; readonly index: number }

export type BlobAnswer =
  /** `chunks`: the SHA-256 of each chunk, one after another. */
  | { readonly t: 'manifest'; readonly size: number; readonly chunks: Bytes }
  | { readonly t: 'refused'; readonly code: RefusalCode; readonly message: string }

export type BlobFrame = BlobAnswer | { readonly t: 'chunk'; readonly bytes: Bytes }

const scope: Shape<BlobScope> = union<'t', BlobScope>('t', {
  namespace: record({ id: id<NamespaceId>() }),
  context: record({ id: id<ContextId>() }),
})

export const blobRequestMessage = message<BlobRequest>(
  'blob-request/1',
  union<'t', BlobRequest>('t', {
    open: record({ scope, blobId: id<BlobId>() }),
    chunk: record({ index: uint(BLOB_CHUNKS_MAX) }),
  }),
  BLOB_MESSAGE_BYTES_MAX,
)

const answerMessage = message<BlobAnswer>(
  'blob-answer/1',
  union<'t', BlobAnswer>('t', {
    manifest: record({ size: uint(Number.MAX_SAFE_INTEGER), chunks: bytes(BLOB_HASHES_BYTES_MAX) }),
    refused: record({ code: oneOf(['unknown', 'not_a_member', 'not_found', 'busy']), message: text(1024) }),
  }),
  BLOB_MESSAGE_BYTES_MAX,
)

const MESSAGE = Uint8Array.of(0)
const CHUNK = 1

export function encodeBlobAnswer(answer: BlobAnswer): Bytes {
  return concat([MESSAGE, answerMessage.encode(answer)])
}

/** `chunk` has one byte of room before its content, which becomes the frame's first. No copy is made. */
export function chunkFrame(chunk: Bytes): Bytes {
  chunk[0] = CHUNK
  return chunk
}

/** Throws WireError. The bytes of a chunk share the frame's memory. */
export function decodeBlobFrame(frame: Bytes): BlobFrame {
  const rest = frame.subarray(1)
  if (frame[0] === MESSAGE[0]) return answerMessage.decode(rest)
  if (frame[0] !== CHUNK) throw new WireError('WIRE_KIND', 'a blob frame begins with 0 or 1')
  if (rest.byteLength > BLOB_CHUNK_BYTES_MAX) {
    throw new WireError('WIRE_TOO_LARGE', `a chunk of ${rest.byteLength} bytes; ${BLOB_CHUNK_BYTES_MAX} is the most`)
  }
  return { t: 'chunk', bytes: rest }
}
