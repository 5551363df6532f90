// Whether the disk has room for what LevelDB writes by itself later on. A table that it cannot write ends all writing until
// the store is closed and opened anew, so batches are refused before it comes to that.
import { statfs } from 'node:fs/promises'
import { StoreError } from './errors.ts'
import { DISK_LOOK_BYTES, DISK_LOOK_MS, DISK_RESERVE_BYTES, DISK_RESERVE_FREEING_BYTES } from './limits.ts'
import { writeError } from './write-error.ts'

const MIB = 1024 * 1024

/** What is written of a batch in all: its log, its table, and that table merged with others. */
const TIMES_WRITTEN = 3

interface DiskFigures {
  readonly bsize: number
  /** The unit of the blocks; 0 where the system says none but `bsize`. */
  readonly frsize: number
  readonly blocks: number
  readonly bavail: number
  readonly files: number
  readonly ffree: number
}

interface DiskRoomParts {
  readonly location: string
  /** Bytes that LevelDB may yet write for what it has. */
  readonly ownWork: () => number
  readonly look?: (location: string) => Promise<DiskFigures>
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number
}

export class DiskRoom {
  readonly #location: string
  readonly #ownWork: () => number
  readonly #look: (location: string) => Promise<DiskFigures>
  readonly #now: () => number
  /** Since the disk was looked at; it is before the first batch. */
  #written = DISK_LOOK_BYTES
  #lookedAt = Number.NEGATIVE_INFINITY

  constructor({ location, ownWork, look = statfs, now = () => performance.now() }: DiskRoomParts) {
    this.#location = location
    this.#ownWork = ownWork
    this.#look = look
    this.#now = now
  }

  /** Looks at the disk now and then. `isFreeing`: it only deletes. Throws STORE_FULL, STORE_FAILED. */
  async reserve(bytes: number, { isFreeing = false } = {}): Promise<void> {
    this.#written += bytes
    const isDue = this.#written >= DISK_LOOK_BYTES || this.#now() - this.#lookedAt >= DISK_LOOK_MS
    if (isDue) await this.measure(bytes, isFreeing ? DISK_RESERVE_FREEING_BYTES : DISK_RESERVE_BYTES)
  }

  /** Whether a batch of so many bytes has room, and `left` stays free. Throws STORE_FULL, STORE_FAILED. */
  async measure(bytes: number, left = DISK_RESERVE_BYTES): Promise<void> {
    // From here on each batch looks until there is room.
    this.#written = DISK_LOOK_BYTES
    this.#lookedAt = this.#now()
    const { bavail, bsize, frsize, blocks, files, ffree } = await this.#figures()
    const needed = left + this.#ownWork() + TIMES_WRITTEN * bytes
    const free = bavail * (frsize > 0 ? frsize : bsize)
    // Some file systems do not say, and some have as many files as they have room for.
    if (blocks > 0 && free < needed) throw this.#full(`${mib(free)} MiB left`, `${mib(needed)} MiB`, free)
    const filesNeeded = Math.ceil(needed / MIB)
    if (files > 0 && ffree < filesNeeded) throw this.#full(`room for ${ffree} files left`, `${filesNeeded}`, free)
    if (left >= DISK_RESERVE_BYTES) this.#written = 0
  }

  async #figures(): Promise<DiskFigures> {
    try {
      return await this.#look(this.#location)
    } catch (cause) {
      throw writeError(this.#location, 0, cause)
    }
  }

  #full(left: string, needed: string, free: number): StoreError {
    const message = `nothing is written to ${this.#location}: the disk has ${left}, and the store needs ${needed} for its own work; make room`
    return new StoreError('STORE_FULL', message, { data: { location: this.#location, free } })
  }
}

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(1)
}
