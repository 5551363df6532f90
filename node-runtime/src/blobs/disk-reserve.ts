// What blobs leave free on the disk: the node's store lies beside them, and LevelDB never writes again once it could not write a
// table. Blobs can wait; what the store acknowledges cannot.
import { statfsSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { BlobError } from './errors.ts'
import { BLOB_CHUNK_BYTES, DISK_RESERVE_BYTES, DISK_RESERVE_SHARE } from './limits.ts'

const MIB = 1024 * 1024

interface DiskFigures {
  readonly bsize: number
  /** The unit of the blocks; absent or 0 where the system says none but `bsize`. */
  readonly frsize?: number
  readonly blocks: number
  readonly bavail: number
}

interface Looks {
  later(path: string): Promise<DiskFigures>
  now(path: string): DiskFigures
}

const SYSTEM: Looks = { later: statfs, now: statfsSync }

export class DiskReserve {
  readonly #path: string
  readonly #looks: Looks
  /** Since the disk was looked at; it is before the first write. */
  #written = BLOB_CHUNK_BYTES

  constructor(path: string, looks: Looks = SYSTEM) {
    this.#path = path
    this.#looks = looks
  }

  /** Before so many bytes are written. Looks at the disk once in a chunk. Throws BLOB_DISK_FULL. */
  async take(bytes: number): Promise<void> {
    if (this.#isDue(bytes)) this.#judge(await this.#looks.later(this.#path), bytes)
  }

  takeNow(bytes: number): void {
    if (this.#isDue(bytes)) this.#judge(this.#looks.now(this.#path), bytes)
  }

  #isDue(bytes: number): boolean {
    this.#written += bytes
    return this.#written >= BLOB_CHUNK_BYTES
  }

  #judge({ bsize, frsize = 0, blocks, bavail }: DiskFigures, bytes: number): void {
    // Until there is room each write looks.
    this.#written = BLOB_CHUNK_BYTES
    const unit = frsize > 0 ? frsize : bsize
    const [all, free] = [blocks * unit, bavail * unit]
    // Some file systems do not say.
    const reserve = Math.min(DISK_RESERVE_BYTES, all * DISK_RESERVE_SHARE)
    if (blocks > 0 && free - bytes < reserve) {
      const message = `nothing is written to ${this.#path}: the disk has ${mib(free)} MiB left, and ${mib(reserve)} MiB of it are kept for the node's store; make room, what was stored before is whole`
      throw new BlobError('BLOB_DISK_FULL', message, { data: { free, reserve } })
    }
    this.#written = 0
  }
}

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(1)
}
