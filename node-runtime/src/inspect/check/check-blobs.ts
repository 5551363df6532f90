// The blobs of a node: each chunk has the hash that its blob's id was made of, and the code of applications is there.
import { equalBytes } from '../../base/bytes.ts'
import { sha256 } from '../../base/hash.ts'
import { type BlobId, idFromBytes } from '../../base/ids.ts'
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
    const record = await readRecord(disk, folder)
    const fault = await faultOf(disk, folder, record)
    if (fault === undefined) {
      if (record?.hash !== undefined) here.add(record.hash)
      continue
    }
    here.delete(folder)
    const repair = { does: MOVE_AWAY, blob: folder }
    yield { kind: 'damage', what: 'blob', message: `blob ${folder}: ${fault}`, repair }
  }
  for await (const [, value] of store.entries(rangeOf(keyOf('application')))) {
    const code = codeOf(value)
    if (code === undefined || here.has(code)) continue
    const message = `the code ${code} of an installed application is not here; calls fail until a member gives it, or it is installed again`
    yield { kind: 'damage', what: 'blob', message }
  }
}

async function faultOf(disk: BlobDisk, folder: string, record: BlobRecord | undefined): Promise<string | undefined> {
  if (record === undefined) return 'its record cannot be read'
  if (record.id !== folder) return `its record is of ${record.id}`
  try {
    return await faultOfData(disk, record)
  } catch (error) {
    return `its bytes cannot be read (${error instanceof Error && 'code' in error ? String(error.code) : String(error)})`
  }
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
function codeOf(value: Uint8Array): string | undefined {
  try {
    return idFromBytes<BlobId>(decodeRow<ApplicationRow>('application', value).blobId)
  } catch {
    // Damaged: as above.
    return undefined
  }
}
