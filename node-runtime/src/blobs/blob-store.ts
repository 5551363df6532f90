// The blobs of this node. A blob has two addresses: its id (from its chunk hashes) and the SHA-256 of its whole content;
// both are taken everywhere. Knows nothing of who wants a blob or why.
import { createHash } from 'node:crypto'
import { type Bytes, concat, toHex } from '../base/bytes.ts'
import { systemClock } from '../base/clock.ts'
import { type BlobId, idFromBytes } from '../base/ids.ts'
import type { Random } from '../base/random.ts'
import { SerialQueue } from '../base/serial-queue.ts'
import type { BlobDisk } from './blob-disk.ts'
import { BlobReader } from './blob-reader.ts'
import { type Digest, inlineDigest } from './digest.ts'
import { BlobError, diskError, isDamage, notFound } from './errors.ts'
import { fileDisk } from './file-disk.ts'
import {
  DATA,
  idsOfPartial,
  incomingOf,
  isBlob,
  isLeftover,
  isPartial,
  isStageOf,
  partialOf,
  place,
  readRecord,
  setAside,
  writeRecord,
} from './layout.ts'
import {
  BLOB_BYTES_MAX,
  BLOB_CHUNK_BYTES,
  BLOB_WHOLE_BYTES_MAX,
  OPEN_AT_ONCE,
  PARTIAL_GRACE_MS,
  UNREFERENCED_GRACE_MS,
} from './limits.ts'
import { type BlobManifest, type BlobRecord, chunkCount } from './manifest.ts'
import { PartialBlob } from './partial-blob.ts'
import { type Source, upload } from './upload.ts'

export interface BlobInfo {
  readonly id: BlobId
  readonly size: number
}

export interface StoredBlob extends BlobInfo {
  /** SHA-256 of the whole content. */
  readonly hash: BlobId
}

/** What a guest wrote, before the call that it belongs to has been committed. */
export interface StagedBlob {
  readonly folder: string
  readonly manifest: BlobManifest
  readonly hash: BlobId
}

export interface BlobStoreOptions {
  /** How chunks are hashed; on the caller's thread when absent. */
  readonly digest?: Digest
  readonly nowMs?: () => number
  /** Instead of `BLOB_BYTES_MAX`. */
  readonly bytesMax?: number
}

/** From `start` up to, not including, `end`. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** By both addresses of the blob, where the second one is known. */
type DamageListener = (id: BlobId, hash: BlobId | undefined) => void

type Entry = Omit<BlobRecord, 'chunks'>

export class BlobStore {
  readonly #disk: BlobDisk
  readonly #random: Random
  readonly #digest: Digest
  readonly #nowMs: () => number
  readonly #bytesMax: number
  readonly #blobs = new Map<BlobId, Entry>()
  readonly #idByHash = new Map<BlobId, BlobId>()
  readonly #receiving = new Set<BlobId>()
  readonly #onDamaged: DamageListener[] = []
  /** What puts a blob in its place and what takes it away, one after the other: the entry is what lies on the disk. */
  readonly #placing = new SerialQueue(Number.POSITIVE_INFINITY)

  private constructor(disk: BlobDisk, random: Random, { digest, nowMs, bytesMax }: BlobStoreOptions) {
    this.#disk = disk
    this.#random = random
    this.#digest = digest ?? inlineDigest
    this.#nowMs = nowMs ?? (() => systemClock.nowMs())
    this.#bytesMax = bytesMax ?? BLOB_BYTES_MAX
  }

  /**
   * `where`: a folder's path, or a disk. Removes what an earlier end left half-written, downloads aside. Throws
   * BLOB_STORE_UNUSABLE.
   */
  static async open(where: string | BlobDisk, random: Random, options: BlobStoreOptions = {}): Promise<BlobStore> {
    const disk = typeof where === 'string' ? fileDisk(where) : where
    const store = new BlobStore(disk, random, options)
    try {
      await disk.prepare()
      const names = await disk.folders()
      for (let start = 0; start < names.length; start += OPEN_AT_ONCE) {
        await Promise.all(names.slice(start, start + OPEN_AT_ONCE).map((name) => store.#found(name)))
      }
    } catch (cause) {
      const folder = typeof where === 'string' ? where : 'the disk'
      const message = `cannot use ${folder} for blobs: ${cause instanceof Error ? cause.message : String(cause)}`
      throw new BlobError('BLOB_STORE_UNUSABLE', message, { cause, data: { folder } })
    }
    return store
  }

  /**
   * Streams `source` to disk. The blob appears whole or not at all. Throws BLOB_TOO_LARGE, BLOB_DISK_FULL and, with
   * `expected` (either address), BLOB_MISMATCH.
   */
  async put(source: Source, expected?: BlobId): Promise<StoredBlob> {
    const parts = {
      disk: this.#disk,
      digest: this.#digest,
      nowMs: this.#nowMs,
      bytesMax: this.#bytesMax,
      place: (from: string, record: BlobRecord) => this.#place(from, record),
    }
    const record = await upload(source, toHex(this.#random.bytes(16)), parts, expected)
    return { id: record.id, size: record.size, hash: record.hash ?? record.id }
  }

  /** The id of what `address` names, where it is here. */
  resolve(address: BlobId): BlobId | undefined {
    return this.#blobs.has(address) ? address : this.#idByHash.get(address)
  }

  async info(address: BlobId): Promise<BlobInfo | undefined> {
    const entry = this.#blobs.get(this.resolve(address) ?? address)
    return entry && { id: entry.id, size: entry.size }
  }

  /** For messages. */
  get folder(): string {
    return this.#disk.placeOf('', '')
  }

  list(): BlobInfo[] {
    return [...this.#blobs.values()].map(({ id, size }) => ({ id, size }))
  }

  /** SHA-256 of the whole content. Read once where it is not known, then kept. Throws BLOB_NOT_FOUND. */
  async contentHash(address: BlobId): Promise<BlobId> {
    const record = await this.#record(address)
    if (record.hash !== undefined) return record.hash
    const whole = createHash('sha256')
    for await (const chunk of this.stream(record.id)) whole.update(chunk)
    const hash = idFromBytes<BlobId>(whole.digest())
    await this.#placing.run(async () => {
      const entry = this.#blobs.get(record.id)
      // Deleted meanwhile: what was read is told all the same.
      if (!entry) return
      const known = { ...record, hash, addedMs: entry.addedMs }
      await this.#try(`writing blob ${record.id}`, () => writeRecord(this.#disk, record.id, known))
      this.#add(known)
    })
    return hash
  }

  /** Whole and checked, for what must be whole anyway (a module to compile). Throws BLOB_NOT_FOUND, BLOB_TOO_LARGE. */
  async bytes(address: BlobId): Promise<Bytes> {
    const { size } = await this.#record(address)
    if (size > BLOB_WHOLE_BYTES_MAX) {
      throw new BlobError('BLOB_TOO_LARGE', `blob ${address} has ${size} bytes: too many to be read whole`)
    }
    const chunks: Bytes[] = []
    for await (const chunk of this.stream(address)) chunks.push(chunk)
    return concat(chunks)
  }

  /**
   * Checked, one chunk at a time. Throws BLOB_NOT_FOUND before the first, and BLOB_DAMAGED: the blob is then out of the
   * store as after `verify`.
   */
  async *stream(address: BlobId, range?: ByteRange): AsyncGenerator<Bytes> {
    const reader = await this.reader(address)
    const { start, end } = range ?? { start: 0, end: reader.manifest.size }
    try {
      for (let index = Math.floor(start / BLOB_CHUNK_BYTES); index * BLOB_CHUNK_BYTES < end; index += 1) {
        const chunk = await reader.chunk(index)
        const offset = index * BLOB_CHUNK_BYTES
        yield chunk.subarray(Math.max(0, start - offset), Math.min(chunk.byteLength, end - offset))
      }
    } catch (error) {
      if (isDamage(error)) await this.#placing.run(() => this.#takeOut(reader.manifest.id))
      throw error
    } finally {
      await reader.close()
    }
  }

  /** `listener` hears of each blob that turned out damaged and is out of the store now. */
  onDamaged(listener: DamageListener): void {
    this.#onDamaged.push(listener)
  }

  /** Close it; tell `verify` of a chunk that is damaged. Throws BLOB_NOT_FOUND, and BLOB_DAMAGED as `stream`. */
  async reader(address: BlobId): Promise<BlobReader> {
    const record = await this.#record(address)
    const open = () => BlobReader.open(this.#disk, record, this.#digest)
    const openOrTakeOut = () =>
      open().catch(async (error: unknown) => {
        if (isDamage(error)) await this.#takeOut(record.id)
        throw error
      })
    return open().catch((error: unknown) => {
      if (!isDamage(error)) throw error
      // Once more in its turn: it may just have been removed, or have come again.
      return this.#placing.run(openOrTakeOut)
    })
  }

  /** A download, begun or gone on with; close it. Throws BLOB_BUSY while the same blob is being received. */
  async receive(manifest: BlobManifest): Promise<PartialBlob> {
    const { id } = manifest
    if (this.#receiving.has(id)) throw new BlobError('BLOB_BUSY', `blob ${id} is being fetched already; retry`)
    this.#receiving.add(id)
    const onClosed = () => void this.#receiving.delete(id)
    try {
      return await PartialBlob.open(manifest, {
        disk: this.#disk,
        digest: this.#digest,
        nowMs: this.#nowMs,
        place: (from, record) => this.#place(from, record),
        onClosed,
      })
    } catch (error) {
      onClosed()
      throw error
    }
  }

  /** Puts what a guest wrote (see `guest-blobs.ts`) in its place. */
  async keepStaged({ folder, manifest, hash }: StagedBlob): Promise<void> {
    const record = { ...manifest, hash, addedMs: this.#nowMs() }
    await this.#try(`storing blob ${manifest.id}`, async () => {
      const file = await this.#disk.open(folder, DATA, 'write')
      await file.sync().finally(() => file.close())
      await this.#place(folder, record)
    })
  }

  /** Of a call that was not committed. */
  async discardStaged({ folder }: StagedBlob): Promise<void> {
    await this.#disk.remove(folder)
  }

  /** What is left of one run of guests, but for `kept`. */
  async dropStage(run: string, kept: ReadonlySet<string>): Promise<void> {
    const folders = await this.#disk.folders()
    const left = folders.filter((folder) => isStageOf(run, folder) && !kept.has(folder))
    await Promise.all(left.map((folder) => this.#disk.remove(folder)))
  }

  /** What was damaged and has not come again, and downloads that are not complete. */
  async partials(): Promise<BlobId[]> {
    return (await this.#disk.folders()).flatMap(idsOfPartial)
  }

  /** Somebody is about to refer to it: if it is here, its grace time begins anew. */
  renew(address: BlobId): void {
    const entry = this.#blobs.get(this.resolve(address) ?? address)
    if (entry) this.#blobs.set(entry.id, { ...entry, addedMs: this.#nowMs() })
  }

  /** Removes what came of a download, unless it is being gone on with. */
  async dropPartial(id: BlobId): Promise<void> {
    if (this.#receiving.has(id)) return
    this.#receiving.add(id)
    try {
      await this.#try(`removing what came of blob ${id}`, () => this.#disk.remove(partialOf(id)))
    } finally {
      this.#receiving.delete(id)
    }
  }

  /** False when it is not here. Whoever reads it at the moment reads to the end. */
  async delete(address: BlobId): Promise<boolean> {
    return this.#placing.run(async () => {
      const id = this.resolve(address)
      if (id !== undefined) await this.#remove(id)
      return id !== undefined
    })
  }

  /**
   * Reads and checks everything; returns the numbers of the damaged chunks. A damaged blob is taken out of the store,
   * its good chunks kept: the next download fetches what is missing.
   */
  async verify(address: BlobId): Promise<number[]> {
    const reader = await this.reader(address)
    const { manifest } = reader
    const bad: number[] = []
    try {
      for (let index = 0; index < chunkCount(manifest.size); index += 1) {
        await reader.chunk(index).catch((error: unknown) => {
          if (!isDamage(error)) throw error
          bad.push(index)
        })
      }
    } finally {
      await reader.close()
    }
    if (bad.length > 0) await this.#placing.run(() => this.#takeOut(manifest.id))
    return bad
  }

  /**
   * Removes blobs that are no root and came more than the grace time ago, and downloads that were given up. Returns what
   * was removed.
   */
  async collect(isRoot: (id: BlobId, hash: BlobId | undefined) => Promise<boolean>): Promise<BlobInfo[]> {
    const removed: BlobInfo[] = []
    for (const { id, size, hash } of [...this.#blobs.values()]) {
      if (!this.#isOld(id) || (await isRoot(id, hash))) continue
      await this.#placing.run(async () => {
        // It may have come again while the roots were asked, or be one by now; and as long as they are asked, somebody renews it.
        if (!this.#isOld(id) || (await isRoot(id, hash)) || !this.#isOld(id)) return
        await this.#remove(id)
        removed.push({ id, size })
      })
    }
    for (const folder of (await this.#disk.folders()).filter(isPartial)) {
      const record = await readRecord(this.#disk, folder)
      if (!record || this.#nowMs() - record.addedMs >= PARTIAL_GRACE_MS) await this.#disk.remove(folder)
    }
    return removed
  }

  /** In its turn. */
  async #takeOut(id: BlobId): Promise<void> {
    const entry = this.#blobs.get(id)
    if (!entry) return
    this.#forget(id)
    await this.#try(`setting blob ${id} aside`, () => setAside(this.#disk, id, this.#nowMs()))
    for (const listener of this.#onDamaged) listener(id, entry.hash)
  }

  /** The folder `from` becomes the blob. */
  async #place(from: string, record: BlobRecord): Promise<void> {
    await this.#placing.run(async () => {
      await place(this.#disk, from, record, !this.#blobs.has(record.id))
      this.#add(record)
    })
  }

  /** In its turn. */
  async #remove(id: BlobId): Promise<void> {
    this.#forget(id)
    await this.#try(`removing blob ${id}`, async () => {
      // Gone with one step: what a crash leaves behind is removed at the next start.
      const aside = incomingOf(`removed-${toHex(this.#random.bytes(8))}`)
      await this.#disk.rename(id, aside)
      await this.#disk.remove(aside)
    })
  }

  #isOld(id: BlobId): boolean {
    const entry = this.#blobs.get(id)
    return entry !== undefined && this.#nowMs() - entry.addedMs >= UNREFERENCED_GRACE_MS
  }

  async #record(address: BlobId): Promise<BlobRecord> {
    const id = this.resolve(address)
    const record = id && (await this.#try('reading a blob', () => readRecord(this.#disk, id)))
    if (record) return record
    if (id !== undefined) await this.#placing.run(() => this.#lookAgain(id))
    throw notFound(address)
  }

  /** In its turn. Somebody else has removed it: from now on it can be fetched again. */
  async #lookAgain(id: BlobId): Promise<void> {
    if (!(await readRecord(this.#disk, id))) this.#forget(id)
  }

  /** What lies on the disk when the node starts. */
  async #found(folder: string): Promise<void> {
    if (isLeftover(folder)) await this.#disk.remove(folder)
    const record = isBlob(folder) ? await readRecord(this.#disk, folder) : undefined
    if (record?.id === folder) this.#add(record)
  }

  #add({ id, size, hash, addedMs }: BlobRecord): void {
    this.#blobs.set(id, { id, size, hash, addedMs })
    if (hash !== undefined) this.#idByHash.set(hash, id)
  }

  #forget(id: BlobId): void {
    const hash = this.#blobs.get(id)?.hash
    if (hash !== undefined) this.#idByHash.delete(hash)
    this.#blobs.delete(id)
  }

  async #try<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (cause) {
      throw diskError(what, cause)
    }
  }
}
