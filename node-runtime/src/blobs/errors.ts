// Failures of the blob store, and what the disk says translated into them.
import { CodedError } from '../base/errors.ts'
import { type BlobId, idBase58 } from '../base/ids.ts'

export class BlobError extends CodedError<
  | 'BLOB_NOT_FOUND'
  | 'BLOB_TOO_LARGE'
  | 'BLOB_MISMATCH'
  | 'BLOB_DAMAGED'
  | 'BLOB_DISK_FULL'
  | 'BLOB_BUSY'
  | 'BLOB_STORE_UNUSABLE'
> {}

export function notFound(id: BlobId): BlobError {
  return new BlobError('BLOB_NOT_FOUND', `blob ${idBase58(id)} is not on this node`, { data: { blobId: id } })
}

/** `place`: of its bytes. */
export function damaged(id: BlobId, place: string, chunk: number): BlobError {
  const message = `chunk ${chunk} of blob ${idBase58(id)} is damaged on this node's disk (${place}); ${REMEDY}`
  return new BlobError('BLOB_DAMAGED', message, { data: { blobId: id, chunk } })
}

export function withoutData(id: BlobId, place: string): BlobError {
  const message = `the bytes of blob ${idBase58(id)} are gone from this node's disk (${place}); ${REMEDY}`
  return new BlobError('BLOB_DAMAGED', message, { data: { blobId: id } })
}

export function isDamage(error: unknown): boolean {
  return error instanceof BlobError && error.code === 'BLOB_DAMAGED'
}

const REMEDY = 'members are asked for it; where none has it, upload it again'

/** `what` was attempted. Our own errors pass unchanged, and so does what the disk did not say. */
export function diskError(what: string, cause: unknown): unknown {
  const code = systemCode(cause)
  if (code === undefined || !(cause instanceof Error)) return cause
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') {
    const message = `${what}: the disk is full; free space, what was stored before is whole`
    return new BlobError('BLOB_DISK_FULL', message, { cause, data: { code } })
  }
  return new BlobError('BLOB_STORE_UNUSABLE', `${what}: ${cause.message}`, { cause, data: { code } })
}

export function isMissing(cause: unknown): boolean {
  return systemCode(cause) === 'ENOENT'
}

/** Of an error of the operating system. */
export function systemCode(cause: unknown): string | undefined {
  if (!(cause instanceof Error) || !('code' in cause) || !('syscall' in cause)) return undefined
  return typeof cause.code === 'string' ? cause.code : undefined
}
