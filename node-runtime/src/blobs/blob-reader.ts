// An open blob: chunks by number. It goes on reading what was removed meanwhile, and closes its file.
import { type Bytes, equalBytes } from '../base/bytes.ts'
import type { BlobDisk, BlobFile } from './blob-disk.ts'
import type { Digest } from './digest.ts'
import { damaged, diskError, isMissing, notFound, withoutData } from './errors.ts'
import { DATA, readRecord } from './layout.ts'
import { BLOB_CHUNK_BYTES } from './limits.ts'
import { type BlobManifest, chunkCount, chunkHash, chunkLength } from './manifest.ts'

export class BlobReader {
  readonly manifest: BlobManifest
  readonly #file: BlobFile
  readonly #place: string
  readonly #digest: Digest

  private constructor(manifest: BlobManifest, file: BlobFile, place: string, digest: Digest) {
    this.manifest = manifest
    this.#file = file
    this.#place = place
    this.#digest = digest
  }

  /** Throws BLOB_NOT_FOUND, and BLOB_DAMAGED where only its record is there. */
  static async open(disk: BlobDisk, manifest: BlobManifest, digest: Digest): Promise<BlobReader> {
    const { id } = manifest
    const place = disk.placeOf(id, DATA)
    try {
      return new BlobReader(manifest, await disk.open(id, DATA, 'read'), place, digest)
    } catch (cause) {
      if (!isMissing(cause)) throw diskError(`reading blob ${id}`, cause)
      throw (await readRecord(disk, id)) ? withoutData(id, place) : notFound(id)
    }
  }

  get chunks(): number {
    return chunkCount(this.manifest.size)
  }

  /** Checked, behind `head` zero bytes. Throws BLOB_DAMAGED. */
  async chunk(index: number, head = 0): Promise<Bytes> {
    const { manifest } = this
    const length = chunkLength(manifest, index)
    const bytes = await this.#file.read(index * BLOB_CHUNK_BYTES, length, head).catch((cause) => {
      throw diskError(`reading blob ${manifest.id}`, cause)
    })
    if (bytes.byteLength !== head + length) throw damaged(manifest.id, this.#place, index)
    const digest = await this.#digest(head === 0 ? bytes : bytes.subarray(head))
    if (!equalBytes(digest, chunkHash(manifest, index))) throw damaged(manifest.id, this.#place, index)
    return bytes
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}
