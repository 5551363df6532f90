// Repairs what a check found and can be made or fetched again. Every row is written down before it is removed, and every
// blob is moved, not deleted: the folder with both is all that is needed to take a repair back.
import { type FileHandle, mkdir, open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { type Bytes, toHex } from '../base/bytes.ts'
import type { Store } from '../store/store.ts'
import type { Repair } from './check/finding.ts'
import { InspectError } from './errors.ts'
import { REPAIR_BATCH_ROWS } from './limits.ts'

export interface RepairParts {
  readonly store: Store
  readonly blobPath: string
  /** Made with the first repair; must not be there. */
  readonly backup: string
}

export class Repairs {
  readonly #parts: RepairParts
  #keys = new Map<string, Bytes>()
  #rows: FileHandle | undefined
  /** Rows removed and blobs moved. */
  done = 0

  constructor(parts: RepairParts) {
    this.#parts = parts
  }

  /** While a check goes on: what it reads is as it was when it began to read. */
  async add({ keys = [], blob }: Repair): Promise<void> {
    for (const key of keys) this.#keys.set(toHex(key), key.slice())
    if (blob !== undefined) await this.#moveBlob(blob)
    if (this.#keys.size >= REPAIR_BATCH_ROWS) await this.#flush()
  }

  /** Always: also after a failure. */
  async close(): Promise<void> {
    try {
      await this.#flush()
    } finally {
      await this.#rows?.close()
      this.#rows = undefined
    }
  }

  async #flush(): Promise<void> {
    const { store, backup } = this.#parts
    const keys = [...this.#keys.values()]
    this.#keys = new Map()
    const lines = keys.flatMap((key) => {
      const value = store.get(key)
      return value === undefined ? [] : [`${JSON.stringify({ key: toHex(key), value: toHex(value) })}\n`]
    })
    if (lines.length === 0) return
    this.#rows ??= await this.#started(() => open(join(backup, 'rows.ndjson'), 'wx', 0o600))
    await this.#rows.writeFile(lines.join(''))
    await this.#rows.sync()
    await store.batch(keys.map((key) => ({ type: 'del', key })))
    this.done += lines.length
  }

  async #moveBlob(folder: string): Promise<void> {
    const { blobPath, backup } = this.#parts
    await this.#started(async () => {
      await mkdir(join(backup, 'blobs'), { recursive: true, mode: 0o700 })
      await rename(join(blobPath, folder), join(backup, 'blobs', folder))
    })
    this.done += 1
  }

  async #started<T>(work: () => Promise<T>): Promise<T> {
    const { backup } = this.#parts
    try {
      await mkdir(backup, { recursive: true, mode: 0o700 })
      return await work()
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new InspectError('REPAIR_FAILED', `nothing more was repaired, as ${backup} cannot be written: ${why}`, {
        cause,
      })
    }
  }
}
