// Where things lie on the disk, and the steps that make a blob appear whole or not at all.
//
//   <id>/data, <id>/record     a blob: its bytes, and its manifest
//   .partial-<id>/…            a download that is not complete: the same two files, the data with holes
//   .incoming-<name>/…         an upload under way; removed at the next start
//   .staged-<name>/…           what guests of one run write; removed with the run, or at the next start
import { type BlobId, parseHexId } from '../base/ids.ts'
import type { BlobDisk } from './blob-disk.ts'
import { type BlobRecord, decodeRecord, encodeRecord } from './manifest.ts'

export const DATA = 'data'
export const RECORD = 'record'
const PARTIAL = '.partial-'
const INCOMING = '.incoming-'
const STAGED = '.staged-'
const ID = /^[0-9a-f]{64}$/

export const partialOf = (id: BlobId) => `${PARTIAL}${id}`
export const incomingOf = (name: string) => `${INCOMING}${name}`
/** One folder for each blob of the run. */
export const stageOf = (run: string, index: number) => `${STAGED}${run}-${index}`

export const isBlob = (folder: string) => ID.test(folder)
export const isPartial = (folder: string) => folder.startsWith(PARTIAL)
/** One, or none of any other folder. */
export function idsOfPartial(folder: string): BlobId[] {
  const id = folder.slice(PARTIAL.length)
  return isPartial(folder) && isBlob(id) ? [parseHexId<BlobId>(id)] : []
}
export const isStageOf = (run: string, folder: string) => folder.startsWith(`${STAGED}${run}-`)
/** What an earlier end of the node left, of use to nobody. */
export const isLeftover = (folder: string) => folder.startsWith(INCOMING) || folder.startsWith(STAGED)

/**
 * Makes the folder `from`, whose data is written and synced, the blob: everything is on disk before the name is. Where
 * the blob is already, `from` is dropped, unless what is there `isLost`: of that nothing is left that counts.
 */
export async function place(disk: BlobDisk, from: string, record: BlobRecord, isLost: boolean): Promise<void> {
  await writeRecord(disk, from, record)
  if (isLost) await disk.remove(record.id)
  if (!(await disk.rename(from, record.id))) {
    await writeRecord(disk, record.id, record)
    await disk.remove(from)
  }
  await disk.sync()
}

/** A damaged blob becomes a download that was begun now, with what is good of it. */
export async function setAside(disk: BlobDisk, id: BlobId, nowMs: number): Promise<void> {
  const at = partialOf(id)
  await disk.remove(at)
  await disk.rename(id, at)
  const record = await readRecord(disk, at)
  if (!record) return
  await writeRecord(disk, at, { ...record, addedMs: nowMs }).catch(() => {
    // A full disk: it is only given up the sooner.
  })
}

export async function writeRecord(disk: BlobDisk, folder: string, record: BlobRecord): Promise<void> {
  await disk.put(folder, RECORD, encodeRecord(record))
}

/** Undefined where there is none, or none that can be read. */
export async function readRecord(disk: BlobDisk, folder: string): Promise<BlobRecord | undefined> {
  const bytes = await disk.get(folder, RECORD)
  return bytes && decodeRecord(bytes)
}
