// The blobs of a node: each chunk has the hash that its blob's id was made of, and the code of applications is there.
import { equalBytes } from '../../base/bytes.ts'
import { sha256 } from '../../base/hash.ts'
import { type BlobId, idBase58, idFromBytes, parseHexId } from '../../base/ids.ts'
import type { BlobDisk } from '../../blobs/blob-disk.ts'
import { fileDisk } from '../../blobs/file-disk.ts'
import { DATA, isBlob, readRecord } from '../../blobs/layout.ts'
import { BLOB_CHUNK_BYTES } from '../../blobs/limits.ts'
import { type BlobRecord, chunkCount, chunkHash, chunkLength } from '../../blobs/manifest.ts'
import { keyOf } from '../../store/keys.ts'
import { rangeOf, type StoreReader } from '../../store/store.ts'
import { type ApplicationRow, decodeRow } from '../../wire/records.ts'
import { foldersOf } from '../inspect.ts'
import type { Finding } from './finding.ts'

const MOVE_AWAY = 'move it out of the blobs: members that have it give it again'

export async function* checkBlobs(store: StoreReader, blobPath: string): AsyncGenerator<Finding> {
  const disk = fileDisk(blobPath)
  const folders = (await foldersOf(blobPath)).filter(isBlob)
  // A blob is named by its id, or by the hash of the whole.
  const here = new Set(folders)
  for (const folder of folders) {
    const { hash, fault, isRead = true } = await lookAt(disk, folder)
    if (hash !== undefined) here.add(hash)
    if (fault === undefined) continue
    const found = { kind: 'damage', what: 'blob', message: `blob ${inBase58(folder)}: ${fault}` } as const
    // What cannot be read may be whole: that is of the disk, or of who reads.
    if (!isRead) {
      yield found
      continue
    }
    here.delete(folder)
    yield { ...found, repair: { does: MOVE_AWAY, blob: folder } }
  }
  for await (const [, value] of store.entries(rangeOf(keyOf('application')))) {
    const code = codeOf(value)
    if (code === undefined || here.has(code)) continue
    const message = `the code ${idBase58(code)} of an installed application is not here; calls fail until a member gives it, or it is installed again`
    yield { kind: 'damage', what: 'blob', message }
  }
}

/** As clients write it; a folder has it in hex. */
function inBase58(folder: string): string {
  return idBase58(parseHexId<BlobId>(folder))
}

interface Looked {
  /** Its other name, where it is whole. */
  readonly hash?: BlobId
  readonly fault?: string
  /** Absent: what it has was read. */
  readonly isRead?: false
}

async function lookAt(disk: BlobDisk, folder: string): Promise<Looked> {
  try {
    const record = await readRecord(disk, folder)
    const fault = record === undefined ? 'its record is damaged' : await faultOf(disk, folder, record)
    if (fault !== undefined) return { fault }
    return record?.hash === undefined ? {} : { hash: record.hash }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    // That it has no bytes at all is no error of reading.
    if (code === 'ENOENT') return { fault: 'its bytes are missing' }
    return { fault: `it cannot be read (${code}); look at the disk, and at who may read its files`, isRead: false }
  }
}

async function faultOf(disk: BlobDisk, folder: string, record: BlobRecord): Promise<string | undefined> {
  return record.id === folder ? await faultOfData(disk, record) : `its record is of ${record.id}`
}

/** One chunk at a time. */
async function faultOfData(disk: BlobDisk, record: BlobRecord): Promise<string | undefined> {
  const file = await disk.open(record.id, DATA, 'read')
  try {
    const size = await file.size()
    if (size !== record.size) return `it has ${size} bytes instead of ${record.size}`
    for (let index = 0; index < chunkCount(record.size); index += 1) {
      const bytes = await file.read(index * BLOB_CHUNK_BYTES, chunkLength(record, index))
      if (!equalBytes(sha256(bytes), chunkHash(record, index))) return `chunk ${index} has another hash`
    }
    return undefined
  } finally {
    await file.close()
  }
}

/** Undefined for a row that does not decode: said where rows are looked at. */
function codeOf(value: Uint8Array): BlobId | undefined {
  try {
    return idFromBytes<BlobId>(decodeRow<ApplicationRow>('application', value).blobId)
  } catch {
    // Damaged: as above.
    return undefined
  }
}
