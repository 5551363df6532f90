// A download: chunks are checked and written in any order, and what is here survives a restart. Nothing but the bytes
// says which chunks are here: at `open` they are hashed again, so a cut or damaged one is simply missing.
import { createHash } from 'node:crypto'
import { type Bytes, equalBytes } from '../base/bytes.ts'
import { type BlobId, idFromBytes } from '../base/ids.ts'
import type { BlobDisk, BlobFile } from './blob-disk.ts'
import type { Digest } from './digest.ts'
import { BlobError, diskError, isMissing } from './errors.ts'
import { DATA, partialOf, readRecord, writeRecord } from './layout.ts'
import { BLOB_CHUNK_BYTES } from './limits.ts'
import { type BlobManifest, type BlobRecord, chunkCount, chunkHash, chunkLength } from './manifest.ts'

export interface PartialParts {
  readonly disk: BlobDisk
  readonly digest: Digest
  readonly nowMs: () => number
  /** Makes the folder, whose data is written and synced, the blob. */
  readonly place: (from: string, record: BlobRecord) => Promise<void>
  /** Called once, when its files are closed. */
  readonly onClosed: () => void
}

export class PartialBlob {
  readonly manifest: BlobManifest
  readonly #parts: PartialParts
  readonly #file: BlobFile
  readonly #missing: Set<number>
  #open = true

  private constructor(manifest: BlobManifest, file: BlobFile, missing: Set<number>, parts: PartialParts) {
    this.manifest = manifest
    this.#file = file
    this.#missing = missing
    this.#parts = parts
  }

  /** Begins, or goes on where an earlier download stopped. One at a time for a blob. */
  static async open(manifest: BlobManifest, parts: PartialParts): Promise<PartialBlob> {
    const at = partialOf(manifest.id)
    try {
      if (!(await readRecord(parts.disk, at))) await begin(at, manifest, parts)
      const file = await openData(parts.disk, at)
      return new PartialBlob(manifest, file, await missingIn(file, manifest, parts.digest), parts)
    } catch (cause) {
      throw diskError(`writing blob ${manifest.id}`, cause)
    }
  }

  /** Numbers of the chunks that are not here yet, in order. */
  missing(): number[] {
    return [...this.#missing].sort((a, b) => a - b)
  }

  /** Throws BLOB_MISMATCH when `bytes` are not this chunk, BLOB_DISK_FULL. What was written before stays. */
  async write(index: number, bytes: Bytes): Promise<void> {
    const { manifest } = this
    const digest = await this.#parts.digest(bytes)
    if (bytes.byteLength !== chunkLength(manifest, index) || !equalBytes(digest, chunkHash(manifest, index))) {
      throw new BlobError('BLOB_MISMATCH', `these are not the bytes of chunk ${index} of blob ${manifest.id}`)
    }
    if (!this.#missing.has(index)) return
    try {
      await this.#file.write(index * BLOB_CHUNK_BYTES, bytes)
    } catch (cause) {
      throw diskError(`writing blob ${manifest.id}`, cause)
    }
    this.#missing.delete(index)
  }

  /**
   * Puts the blob in its place, when no chunk is missing. `expected`: the hash of the whole content; where it is another
   * one, the manifest was a lie, the download is dropped, and BLOB_MISMATCH is thrown.
   */
  async finish(expected?: BlobId): Promise<BlobRecord> {
    const { manifest } = this
    const { disk, nowMs, place } = this.#parts
    if (this.#missing.size > 0) throw new Error(`blob ${manifest.id} lacks ${this.#missing.size} chunks`)
    const at = partialOf(manifest.id)
    const hash = expected === undefined ? undefined : await this.#wholeHash()
    if (hash !== expected) {
      await disk.remove(at)
      await this.close()
      throw new BlobError('BLOB_MISMATCH', `asked for the content ${expected}, the bytes are ${hash}`)
    }
    const record = { ...manifest, hash, addedMs: nowMs() }
    try {
      await this.#file.sync()
      await place(at, record)
    } catch (cause) {
      throw diskError(`writing blob ${manifest.id}`, cause)
    } finally {
      await this.close()
    }
    return record
  }

  /** What is here stays. Idempotent. */
  async close(): Promise<void> {
    if (!this.#open) return
    this.#open = false
    try {
      await this.#file.close()
    } finally {
      this.#parts.onClosed()
    }
  }

  async #wholeHash(): Promise<BlobId> {
    const hash = createHash('sha256')
    for (let index = 0; index < chunkCount(this.manifest.size); index += 1) {
      hash.update(await readChunk(this.#file, this.manifest, index))
    }
    return idFromBytes<BlobId>(hash.digest())
  }
}

async function begin(at: string, manifest: BlobManifest, { disk, nowMs }: PartialParts): Promise<void> {
  await disk.make(at)
  const file = await disk.open(at, DATA, 'create')
  await file.close()
  await writeRecord(disk, at, { ...manifest, hash: undefined, addedMs: nowMs() })
}

/** A blob whose bytes were removed has been set aside without any. */
async function openData(disk: BlobDisk, at: string): Promise<BlobFile> {
  try {
    return await disk.open(at, DATA, 'write')
  } catch (cause) {
    if (!isMissing(cause)) throw cause
    return await disk.open(at, DATA, 'create')
  }
}

async function missingIn(file: BlobFile, manifest: BlobManifest, digest: Digest): Promise<Set<number>> {
  const missing = new Set<number>()
  const size = await file.size()
  for (let index = 0; index < chunkCount(manifest.size); index += 1) {
    const isHere =
      index * BLOB_CHUNK_BYTES < size &&
      equalBytes(await digest(await readChunk(file, manifest, index)), chunkHash(manifest, index))
    if (!isHere) missing.add(index)
  }
  return missing
}

function readChunk(file: BlobFile, manifest: BlobManifest, index: number): Promise<Bytes> {
  return file.read(index * BLOB_CHUNK_BYTES, chunkLength(manifest, index))
}
