// Content-addressed files: a blob's name is the SHA-256 of its bytes. Knows nothing of who wants them or why.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Bytes, toHex } from '../base/bytes.ts'
import { CodedError } from '../base/errors.ts'
import { type BlobId, idFromBytes } from '../base/ids.ts'
import type { Random } from '../base/random.ts'
import { BLOB_BYTES_MAX, BLOB_CHUNK_BYTES } from './limits.ts'

export class BlobError extends CodedError<
  'BLOB_NOT_FOUND' | 'BLOB_TOO_LARGE' | 'BLOB_MISMATCH' | 'BLOB_STORE_UNUSABLE'
> {}

export interface BlobInfo {
  readonly id: BlobId
  readonly size: number
}

const TEMPORARY = '.incoming-'

export class BlobStore {
  readonly #folder: string
  readonly #random: Random

  private constructor(folder: string, random: Random) {
    this.#folder = folder
    this.#random = random
  }

  /** Makes the folder and removes what an earlier crash left half-written. */
  static async open(folder: string, random: Random): Promise<BlobStore> {
    try {
      await mkdir(folder, { recursive: true })
      for (const name of await readdir(folder)) {
        if (name.startsWith(TEMPORARY)) await rm(join(folder, name), { force: true })
      }
    } catch (cause) {
      const message = `cannot use ${folder} for blobs: ${cause instanceof Error ? cause.message : String(cause)}`
      throw new BlobError('BLOB_STORE_UNUSABLE', message, { cause, data: { folder } })
    }
    return new BlobStore(folder, random)
  }

  /**
   * Streams `chunks` to disk and returns the content address. The blob appears whole or not at all. Throws BlobError
   * when it grows over the cap or, with `expected`, when its hash is another.
   */
  async put(chunks: AsyncIterable<Bytes> | Iterable<Bytes>, expected?: BlobId): Promise<BlobInfo> {
    const temporary = join(this.#folder, `${TEMPORARY}${toHex(this.#random.bytes(16))}`)
    const hash = createHash('sha256')
    let size = 0
    try {
      const file = await open(temporary, 'wx', 0o600)
      try {
        for await (const chunk of chunks) {
          size += chunk.byteLength
          if (size > BLOB_BYTES_MAX) {
            throw new BlobError('BLOB_TOO_LARGE', `a blob may have ${BLOB_BYTES_MAX} bytes at most`, { data: { size } })
          }
          hash.update(chunk)
          await file.writeFile(chunk)
        }
        await file.sync()
      } finally {
        await file.close()
      }
      const id = idFromBytes<BlobId>(hash.digest())
      if (expected !== undefined && id !== expected) {
        throw new BlobError('BLOB_MISMATCH', `asked for blob ${expected}, the bytes are blob ${id}`)
      }
      await rename(temporary, this.#path(id))
      return { id, size }
    } catch (cause) {
      await rm(temporary, { force: true })
      throw cause
    }
  }

  async info(id: BlobId): Promise<BlobInfo | undefined> {
    try {
      return { id, size: (await stat(this.#path(id))).size }
    } catch (cause) {
      if (isMissing(cause)) return undefined
      throw cause
    }
  }

  /** Whole, for what must be whole anyway (a module to compile). Throws BLOB_NOT_FOUND. */
  async bytes(id: BlobId): Promise<Bytes> {
    try {
      return await readFile(this.#path(id))
    } catch (cause) {
      if (isMissing(cause)) throw notFound(id)
      throw cause
    }
  }

  /** In chunks of `BLOB_CHUNK_BYTES`. Throws BLOB_NOT_FOUND before the first. */
  async *stream(id: BlobId): AsyncGenerator<Bytes> {
    if (!(await this.info(id))) throw notFound(id)
    for await (const chunk of createReadStream(this.#path(id), { highWaterMark: BLOB_CHUNK_BYTES }))
      yield chunk as Bytes
  }

  #path(id: BlobId): string {
    return join(this.#folder, id)
  }
}

function notFound(id: BlobId): BlobError {
  return new BlobError('BLOB_NOT_FOUND', `blob ${id} is not on this node`, { data: { blobId: id } })
}

function isMissing(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
}
