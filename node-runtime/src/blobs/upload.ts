// A stream becomes a blob: cut, hashed and written aside chunk by chunk, then put in its place. One chunk in memory.
import { createHash } from 'node:crypto'
import { type Bytes, concat } from '../base/bytes.ts'
import { type BlobId, idBase58, idFromBytes } from '../base/ids.ts'
import type { BlobDisk, BlobFile } from './blob-disk.ts'
import { ChunkCutter } from './chunk-cutter.ts'
import type { Digest } from './digest.ts'
import { BlobError, diskError } from './errors.ts'
import { DATA, incomingOf } from './layout.ts'
import { type BlobRecord, manifestOf, tooLarge } from './manifest.ts'

export type Source = AsyncIterable<Bytes> | Iterable<Bytes>

export interface UploadParts {
  readonly disk: BlobDisk
  readonly digest: Digest
  readonly nowMs: () => number
  readonly bytesMax: number
  /** Makes the folder, whose data is written and synced, the blob. */
  readonly place: (from: string, record: BlobRecord) => Promise<void>
}

/**
 * `name` is unique among uploads. `expected`: the id, or the hash of the whole content; BLOB_MISMATCH where it is
 * neither. Nothing is left behind by one that fails.
 */
export async function upload(source: Source, name: string, parts: UploadParts, expected?: BlobId): Promise<BlobRecord> {
  const { disk, place } = parts
  const at = incomingOf(name)
  try {
    await disk.make(at)
    const record = await write(source, await disk.open(at, DATA, 'create'), parts)
    if (expected !== undefined && record.hash !== expected && record.id !== expected) {
      throw new BlobError(
        'BLOB_MISMATCH',
        `asked for blob ${idBase58(expected)}, the bytes are blob ${idBase58(record.id)}`,
        {
          data: { expected, id: record.id, hash: record.hash },
        },
      )
    }
    await place(at, record)
    return record
  } catch (cause) {
    await disk.remove(at)
    throw diskError('storing a blob', cause)
  }
}

async function write(source: Source, file: BlobFile, { digest, nowMs, bytesMax }: UploadParts): Promise<BlobRecord> {
  const whole = createHash('sha256')
  const cutter = new ChunkCutter()
  const hashes: Bytes[] = []
  let size = 0
  const add = async (chunk: Bytes) => {
    whole.update(chunk)
    hashes.push(await digest(chunk))
    await file.write(size, chunk)
    size += chunk.byteLength
  }
  try {
    for await (const piece of source) {
      for (const chunk of cutter.push(piece)) await add(chunk)
      if (size > bytesMax) throw tooLarge(size, bytesMax)
    }
    const rest = cutter.rest()
    if (rest) await add(rest)
    await file.sync()
  } finally {
    await file.close()
  }
  const manifest = manifestOf(size, concat(hashes))
  return { ...manifest, hash: idFromBytes<BlobId>(whole.digest()), addedMs: nowMs() }
}
