// Blobs as one call of a guest sees them: handles to write and to read, synchronous, on the guest's own thread. What it
// writes is staged: it becomes a blob of the node when its call is committed, and is dropped when the call fails.
import { createHash, type Hash } from 'node:crypto'
import { type Bytes, concat, EMPTY, equalBytes } from '../base/bytes.ts'
import { sha256 } from '../base/hash.ts'
import { type BlobId, idFromBytes } from '../base/ids.ts'
import type { GuestDisk } from './blob-disk.ts'
import type { StagedBlob } from './blob-store.ts'
import { ChunkCutter } from './chunk-cutter.ts'
import { damaged, diskError, withoutData } from './errors.ts'
import { DATA, partialOf, RECORD, stageOf } from './layout.ts'
import { BLOB_CHUNK_BYTES } from './limits.ts'
import { type BlobManifest, chunkCount, chunkHash, chunkLength, decodeRecord, manifestOf } from './manifest.ts'

/** An open blob. Holds one chunk of it. */
export interface GuestBlobReader {
  readonly id: BlobId
  /** Up to `length` of the next bytes, none at the end. Throws BLOB_DAMAGED. */
  read(length: number): Bytes
}

export interface GuestBlobWriter {
  /** On the disk, until the blob is in its place. */
  readonly folder: string
  /** Throws BLOB_DISK_FULL. */
  write(bytes: Bytes): void
  finish(): StagedBlob
}

/** Throws BLOB_DAMAGED where the blob was here, and has not come again yet. */
export function requireNotLost(disk: GuestDisk, id: BlobId): void {
  const aside = partialOf(id)
  if (disk.get(aside, RECORD) !== undefined) throw withoutData(id, disk.placeOf(aside, DATA))
}

/** Undefined where the blob is not on this node, and not written by this run either. */
export function openGuestBlob(
  disk: GuestDisk,
  id: BlobId,
  staged: ReadonlyMap<BlobId, StagedBlob>,
): GuestBlobReader | undefined {
  const own = staged.get(id)
  const folder = own ? own.folder : id
  const manifest = own ? own.manifest : recordOf(disk, id)
  if (!manifest) return undefined
  let position = 0
  let held: { readonly index: number; readonly bytes: Bytes } | undefined
  return {
    id,
    read(length) {
      const index = Math.floor(position / BLOB_CHUNK_BYTES)
      if (index >= chunkCount(manifest.size)) return EMPTY
      if (held?.index !== index) held = { index, bytes: checkedChunk(disk, folder, manifest, index) }
      const offset = position - index * BLOB_CHUNK_BYTES
      const bytes = held.bytes.subarray(offset, offset + length)
      position += bytes.byteLength
      return bytes
    },
  }
}

/** `run` names the run among all of the node, `index` the writer in it. */
export function createGuestBlob(disk: GuestDisk, run: string, index: number): GuestBlobWriter {
  const folder = stageOf(run, index)
  const whole: Hash = createHash('sha256')
  const cutter = new ChunkCutter()
  const hashes: Bytes[] = []
  let size = 0
  const add = (chunk: Bytes) => {
    whole.update(chunk)
    hashes.push(sha256(chunk))
    append(disk, folder, chunk)
  }
  append(disk, folder, EMPTY)
  return {
    folder,
    write(bytes) {
      size += bytes.byteLength
      for (const chunk of cutter.push(bytes)) add(chunk)
    },
    finish() {
      const rest = cutter.rest()
      if (rest) add(rest)
      return { folder, manifest: manifestOf(size, concat(hashes)), hash: idFromBytes<BlobId>(whole.digest()) }
    },
  }
}

export function hasGuestBlob(disk: GuestDisk, id: BlobId): boolean {
  return recordOf(disk, id) !== undefined
}

function append(disk: GuestDisk, folder: string, bytes: Bytes): void {
  try {
    disk.append(folder, DATA, bytes)
  } catch (cause) {
    throw diskError('storing a blob', cause)
  }
}

function recordOf(disk: GuestDisk, id: BlobId): BlobManifest | undefined {
  const bytes = disk.get(id, RECORD)
  return bytes && decodeRecord(bytes)
}

function checkedChunk(disk: GuestDisk, folder: string, manifest: BlobManifest, index: number): Bytes {
  const bytes = disk.read(folder, DATA, index * BLOB_CHUNK_BYTES, chunkLength(manifest, index))
  if (!bytes) throw withoutData(manifest.id, disk.placeOf(folder, DATA))
  if (!equalBytes(sha256(bytes), chunkHash(manifest, index))) {
    throw damaged(manifest.id, disk.placeOf(folder, DATA), index)
  }
  return bytes
}
