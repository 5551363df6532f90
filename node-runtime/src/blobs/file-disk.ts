// Blobs in a folder of the file system.
import { appendFileSync, closeSync, mkdirSync, openSync, readFileSync, readSync, rmSync } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Bytes } from '../base/bytes.ts'
import type { BlobDisk, BlobFile, GuestDisk } from './blob-disk.ts'
import { DiskReserve } from './disk-reserve.ts'
import { systemCode } from './errors.ts'

const FLAGS = { read: 'r', write: 'r+', create: 'w+' } as const

export function fileDisk(path: string): BlobDisk {
  const reserve = new DiskReserve(path)
  const at = (folder: string, file: string) => join(path, folder, file)
  return {
    guest: fileGuestDisk(path),
    placeOf: at,
    prepare: async () => void (await mkdir(path, { recursive: true })),
    folders: async () =>
      (await readdir(path, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map(({ name }) => name),
    make: async (folder) => void (await mkdir(join(path, folder), { recursive: true, mode: 0o700 })),
    remove: (folder) => rm(join(path, folder), { recursive: true, force: true }),
    async rename(from, to) {
      try {
        await rename(join(path, from), join(path, to))
        return true
      } catch (cause) {
        if (systemCode(cause) !== 'ENOTEMPTY' && systemCode(cause) !== 'EEXIST') throw cause
        return false
      }
    },
    open: async (folder, file, mode) => new DiskFile(await open(at(folder, file), FLAGS[mode], 0o600), reserve),
    async put(folder, file, bytes) {
      await reserve.take(bytes.byteLength)
      const aside = at(folder, `${file}.new`)
      const handle = await open(aside, 'w', 0o600)
      try {
        await handle.writeFile(bytes)
        await handle.sync()
      } finally {
        await handle.close()
      }
      await rename(aside, at(folder, file))
    },
    async get(folder, file) {
      try {
        return await readFile(at(folder, file))
      } catch (cause) {
        if (isMissing(cause)) return undefined
        throw cause
      }
    },
    async sync() {
      const handle = await open(path, 'r')
      try {
        await handle.sync()
      } finally {
        await handle.close()
      }
    },
  }
}

/** The guests' half alone: what a worker thread opens. */
export function fileGuestDisk(path: string): GuestDisk {
  const reserve = new DiskReserve(path)
  const at = (folder: string, file: string) => join(path, folder, file)
  return {
    placeOf: at,
    get: (folder, file) => whereThere(() => readFileSync(at(folder, file))),
    read: (folder, file, position, length) =>
      whereThere(() => {
        const handle = openSync(at(folder, file), 'r')
        try {
          const into = Buffer.allocUnsafe(length)
          let filled = 0
          while (filled < length) {
            const count = readSync(handle, into, filled, length - filled, position + filled)
            if (count === 0) break
            filled += count
          }
          return into.subarray(0, filled)
        } finally {
          closeSync(handle)
        }
      }),
    append(folder, file, bytes) {
      const place = at(folder, file)
      mkdirSync(dirname(place), { recursive: true, mode: 0o700 })
      reserve.takeNow(bytes.byteLength)
      appendFileSync(place, bytes, { mode: 0o600 })
    },
    remove: (folder) => rmSync(join(path, folder), { recursive: true, force: true }),
  }
}

class DiskFile implements BlobFile {
  readonly #handle: FileHandle
  readonly #reserve: DiskReserve
  #closing: Promise<void> | undefined

  constructor(handle: FileHandle, reserve: DiskReserve) {
    this.#handle = handle
    this.#reserve = reserve
  }

  async read(position: number, length: number, head = 0): Promise<Bytes> {
    const into = Buffer.allocUnsafe(head + length)
    into.fill(0, 0, head)
    let filled = 0
    while (filled < length) {
      const { bytesRead } = await this.#handle.read(into, head + filled, length - filled, position + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return into.subarray(0, head + filled)
  }

  async write(position: number, bytes: Bytes): Promise<void> {
    await this.#reserve.take(bytes.byteLength)
    for (let at = 0; at < bytes.byteLength; ) {
      const { bytesWritten } = await this.#handle.write(bytes, at, bytes.byteLength - at, position + at)
      at += bytesWritten
    }
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size
  }

  sync(): Promise<void> {
    return this.#handle.sync()
  }

  close(): Promise<void> {
    this.#closing ??= this.#handle.close()
    return this.#closing
  }
}

function whereThere<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (cause) {
    if (isMissing(cause)) return undefined
    throw cause
  }
}

function isMissing(cause: unknown): boolean {
  return systemCode(cause) === 'ENOENT' || systemCode(cause) === 'ENOTDIR'
}
