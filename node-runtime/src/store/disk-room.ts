// Whether the disk has room for what LevelDB writes by itself later on. A table that it cannot write ends all writing until
// the node is started again, so batches are refused before it comes to that.
import { statfs } from 'node:fs/promises'
import { StoreError } from './errors.ts'
import { DISK_LOOK_BYTES, DISK_RESERVE_BYTES } from './limits.ts'

const MIB = 1024 * 1024

export class DiskRoom {
  readonly #location: string
  /** Since the disk was looked at. */
  #written = 0

  constructor(location: string) {
    this.#location = location
  }

  /** Looks at the disk now and then. Throws STORE_FULL. */
  async reserve(bytes: number): Promise<void> {
    this.#written += bytes
    if (this.#written >= DISK_LOOK_BYTES) await this.measure()
  }

  /** Throws STORE_FULL. */
  async measure(): Promise<void> {
    // From here on each batch looks until there is room.
    this.#written = DISK_LOOK_BYTES
    const { bavail, bsize, blocks } = await statfs(this.#location)
    const free = bavail * bsize
    // Some file systems do not say.
    if (blocks > 0 && free < DISK_RESERVE_BYTES) throw this.#full(free)
    this.#written = 0
  }

  #full(free: number): StoreError {
    const [left, needed] = [(free / MIB).toFixed(1), DISK_RESERVE_BYTES / MIB]
    const message = `nothing is written to ${this.#location}: the disk has ${left} MiB left, and the store needs ${needed} MiB for its own work; make room`
    return new StoreError('STORE_FULL', message, { data: { location: this.#location, free } })
  }
}
