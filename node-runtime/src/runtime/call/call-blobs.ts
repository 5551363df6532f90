// The blobs of one call: its handles, what it wrote, what it announced. Reading is of what this node has at the moment,
// so it belongs to calls only: an apply must come out the same everywhere, whoever has which blob (I1).
import { type Bytes, concat } from '../../base/bytes.ts'
import { type BlobId, type ContextId, idBase58, idBytes, idFromBytes } from '../../base/ids.ts'
import type { GuestDisk } from '../../blobs/blob-disk.ts'
import type { StagedBlob } from '../../blobs/blob-store.ts'
import { BlobError } from '../../blobs/errors.ts'
import {
  createGuestBlob,
  type GuestBlobReader,
  type GuestBlobWriter,
  hasGuestBlob,
  openGuestBlob,
  requireNotLost,
} from '../../blobs/guest-blobs.ts'
import type { GuestBlobs } from '../guest-executor.ts'
import { LIMITS } from '../limits.ts'
import { checkLimit, GuestFault } from './guest-fault.ts'

/** What the guests of one run may do with blobs. */
export interface BlobAccess {
  readonly disk: GuestDisk
  /** Names the run among all of the node. */
  readonly run: string
  isOfContext(id: BlobId): boolean
  /** Some context of this node refers to it. */
  isClaimed(id: BlobId): boolean
  /** A number that no other writer of the run has. */
  nextIndex(): number
}

type Handle =
  | { readonly kind: 'write'; readonly writer: GuestBlobWriter }
  | { readonly kind: 'read'; readonly id: BlobId; readonly reader: GuestBlobReader | undefined }

export class CallBlobs {
  readonly #access: BlobAccess | undefined
  readonly #isApply: boolean
  /** Of the call: an upload that it names may be opened. */
  readonly #input: Bytes
  #inputText: string | undefined
  readonly #handles = new Map<bigint, Handle>()
  readonly #created = new Map<BlobId, StagedBlob>()
  readonly #announced: { blobId: BlobId; contextId: ContextId }[] = []
  readonly #folders: string[] = []
  #nextHandle = 1n
  #writtenBytes = 0

  constructor(access: BlobAccess | undefined, isApply: boolean, input: Bytes) {
    this.#access = access
    this.#isApply = isApply
    this.#input = input
  }

  create(): bigint {
    const { disk, run, nextIndex } = this.#usable('blob_create')
    const writer = mended(() => createGuestBlob(disk, run, nextIndex()))
    this.#folders.push(writer.folder)
    return this.#add({ kind: 'write', writer })
  }

  write(handle: bigint, bytes: Bytes): number {
    this.#usable('blob_write')
    const found = this.#find(handle)
    if (found.kind !== 'write') throw new GuestFault('host_error', `blob handle ${handle} is open for reading`)
    checkLimit('bytes of a write to a blob', bytes.byteLength, LIMITS.blobWriteBytes)
    this.#writtenBytes += bytes.byteLength
    checkLimit('bytes written to blobs by a call', this.#writtenBytes, LIMITS.blobTotalBytes)
    mended(() => found.writer.write(bytes))
    return bytes.byteLength
  }

  /** The 32 bytes of the id. A written blob can be opened from now on, in this call. */
  close(handle: bigint): Bytes {
    this.#usable('blob_close')
    const found = this.#find(handle)
    this.#handles.delete(handle)
    if (found.kind === 'read') return idBytes(found.id)
    const staged = mended(() => found.writer.finish())
    this.#created.set(staged.manifest.id, staged)
    return idBytes(staged.manifest.id)
  }

  /** A blob that was never here gives a handle too; reading from it gives nothing. */
  open(idGiven: Bytes): bigint {
    const { disk } = this.#usable('blob_open')
    const id = idFromBytes<BlobId>(idGiven)
    const reader = this.#isOpenable(id) ? mended(() => openGuestBlob(disk, id, this.#created)) : undefined
    // What the context refers to was here: that it is gone must not look like an empty blob.
    if (!reader && this.#access?.isOfContext(id)) mended(() => requireNotLost(disk, id))
    return this.#add({ kind: 'read', id, reader })
  }

  /** As many of the next bytes as there are, up to `length`; none at the end. */
  read(handle: bigint, length: number): Bytes {
    this.#usable('blob_read')
    const found = this.#find(handle)
    if (found.kind !== 'read') throw new GuestFault('host_error', `blob handle ${handle} is open for writing`)
    checkLimit('bytes of a read from a blob', length, LIMITS.blobWriteBytes)
    const parts: Bytes[] = []
    for (let left = length; left > 0; ) {
      const part = mended(() => found.reader?.read(left))
      if (!part || part.byteLength === 0) break
      parts.push(part)
      left -= part.byteLength
    }
    return concat(parts)
  }

  announce(blobIdGiven: Bytes, contextIdGiven: Bytes): void {
    const { disk } = this.#usable('blob_announce_to_context')
    const blobId = idFromBytes<BlobId>(blobIdGiven)
    const isKnown = this.#created.has(blobId) || (this.#isOpenable(blobId) && hasGuestBlob(disk, blobId))
    if (!isKnown) throw new GuestFault('host_error', `blob ${blobId} is not on this node and cannot be announced`)
    checkLimit('blobs announced by a call', this.#announced.length + 1, LIMITS.blobAnnouncements)
    this.#announced.push({ blobId, contextId: idFromBytes<ContextId>(contextIdGiven) })
  }

  /** What the call leaves behind when it ended well. Writers that were never closed are no blobs. */
  take(): GuestBlobs | undefined {
    const kept = new Set([...this.#created.values()].map(({ folder }) => folder))
    this.#remove(this.#folders.filter((folder) => !kept.has(folder)))
    if (kept.size === 0 && this.#announced.length === 0) return undefined
    return { created: [...this.#created.values()], announced: this.#announced }
  }

  /** Of a call that failed nothing stays (I6). */
  drop(): void {
    this.#remove(this.#folders)
  }

  #usable(name: string): BlobAccess {
    if (this.#isApply) {
      throw new GuestFault(
        'unsupported',
        `${name} is for calls: applying a delta must not depend on who has which blob`,
      )
    }
    if (!this.#access) throw new GuestFault('unsupported', `${name} is not supported: this node has no blobs`)
    return this.#access
  }

  /**
   * Its context's, written by this call, or an upload that no context has yet and that who calls names: a guest that has
   * learned of an id elsewhere finds nothing.
   */
  #isOpenable(id: BlobId): boolean {
    if (this.#created.has(id) || !this.#access) return this.#created.has(id)
    return this.#access.isOfContext(id) || (!this.#access.isClaimed(id) && this.#isNamed(id))
  }

  /** As bytes, hex, base58 or a JSON list of numbers: the forms in which clients pass ids. */
  #isNamed(id: BlobId): boolean {
    const raw = Buffer.from(idBytes(id))
    if (Buffer.from(this.#input.buffer, this.#input.byteOffset, this.#input.byteLength).includes(raw)) return true
    this.#inputText ??= Buffer.from(this.#input).toString('latin1').replaceAll(/\s/g, '')
    const text = this.#inputText
    return text.toLowerCase().includes(id) || text.includes(idBase58(id)) || text.includes(raw.join())
  }

  #add(handle: Handle): bigint {
    checkLimit('open blob handles of a call', this.#handles.size + 1, LIMITS.blobHandles)
    const number = this.#nextHandle
    this.#nextHandle += 1n
    this.#handles.set(number, handle)
    return number
  }

  #find(handle: bigint): Handle {
    const found = this.#handles.get(handle)
    if (!found) throw new GuestFault('host_error', `there is no blob handle ${handle}`)
    return found
  }

  #remove(folders: readonly string[]): void {
    for (const folder of folders) this.#access?.disk.remove(folder)
  }
}

/** A full disk or a damaged blob ends the call, not the run. */
function mended<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof BlobError) throw new GuestFault('host_error', error.message, damagedOf(error))
    throw error
  }
}

function damagedOf({ code, data }: BlobError): BlobId | undefined {
  return code === 'BLOB_DAMAGED' && typeof data.blobId === 'string' ? (data.blobId as BlobId) : undefined
}
