// What a blob is made of: its size and the hash of each chunk, from which its id follows. Pure.
import { type Bytes, concat, EMPTY, equalBytes } from '../base/bytes.ts'
import { sha256 } from '../base/hash.ts'
import { type BlobId, ID_LENGTH, idFromBytes } from '../base/ids.ts'
import { BlobError } from './errors.ts'
import { BLOB_BYTES_MAX, BLOB_CHUNK_BYTES } from './limits.ts'

export interface BlobManifest {
  /** SHA-256 over the chunk hashes one after another. */
  readonly id: BlobId
  readonly size: number
  /** SHA-256 of each chunk, one after another. Every chunk but the last has `BLOB_CHUNK_BYTES`. */
  readonly chunks: Bytes
}

/** What a node keeps beside the manifest. */
export interface BlobRecord extends BlobManifest {
  /** SHA-256 of the whole content; undefined until somebody wanted to know. */
  readonly hash: BlobId | undefined
  /** When it came here, on this node's clock. */
  readonly addedMs: number
}

export function chunkCount(size: number): number {
  return Math.ceil(size / BLOB_CHUNK_BYTES)
}

export function chunkLength({ size }: BlobManifest, index: number): number {
  return Math.min(BLOB_CHUNK_BYTES, size - index * BLOB_CHUNK_BYTES)
}

export function chunkHash({ chunks }: BlobManifest, index: number): Bytes {
  return chunks.subarray(index * ID_LENGTH, (index + 1) * ID_LENGTH)
}

/** From a size and hashes that somebody claims. Throws BLOB_MISMATCH when they do not fit, BLOB_TOO_LARGE over the cap. */
export function manifestOf(size: number, chunks: Bytes): BlobManifest {
  if (size > BLOB_BYTES_MAX) throw tooLarge(size)
  if (!Number.isSafeInteger(size) || size < 0 || chunks.byteLength !== chunkCount(size) * ID_LENGTH) {
    throw new BlobError('BLOB_MISMATCH', `a blob of ${size} bytes cannot have ${chunks.byteLength} bytes of hashes`)
  }
  return { id: idFromBytes<BlobId>(sha256(chunks)), size, chunks }
}

export function tooLarge(size: number, maximum = BLOB_BYTES_MAX): BlobError {
  const message = `Blob exceeds maximum allowed size: ${size} bytes, a blob may have ${maximum} at most`
  return new BlobError('BLOB_TOO_LARGE', message, { data: { size, maximum } })
}

const MAGIC = Buffer.from('blob/1\0\0')
const NO_HASH = new Uint8Array(ID_LENGTH)
const HEADER_BYTES = MAGIC.byteLength + 8 + 8 + 1 + ID_LENGTH

/** Fixed header (magic, size, time, whether the hash is known, the hash), then the chunk hashes. */
export function encodeRecord(record: BlobRecord): Bytes {
  const header = Buffer.alloc(HEADER_BYTES)
  MAGIC.copy(header)
  header.writeBigUInt64BE(BigInt(record.size), 8)
  header.writeBigUInt64BE(BigInt(Math.max(0, Math.floor(record.addedMs))), 16)
  if (record.hash !== undefined) {
    header[24] = 1
    header.set(Buffer.from(record.hash, 'hex'), 25)
  }
  return concat([header, record.chunks])
}

/** Undefined for bytes that are no record: whoever reads it decides what that means. */
export function decodeRecord(bytes: Bytes): BlobRecord | undefined {
  if (bytes.byteLength < HEADER_BYTES || !equalBytes(bytes.subarray(0, MAGIC.byteLength), MAGIC)) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const chunks = bytes.byteLength === HEADER_BYTES ? EMPTY : bytes.slice(HEADER_BYTES)
  const addedMs = Number(view.getBigUint64(16))
  const hash = bytes.subarray(25, HEADER_BYTES)
  const isKnown = bytes[24] === 1
  if (!Number.isSafeInteger(addedMs) || (!isKnown && (bytes[24] !== 0 || !equalBytes(hash, NO_HASH)))) return undefined
  try {
    return {
      ...manifestOf(Number(view.getBigUint64(8)), chunks),
      hash: isKnown ? idFromBytes<BlobId>(hash) : undefined,
      addedMs,
    }
  } catch (error) {
    if (error instanceof BlobError) return undefined
    throw error
  }
}
