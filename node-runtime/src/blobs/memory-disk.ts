// A disk of blobs in memory, for the simulator and tests: no file system, whose answers come in no fixed order. It
// outlives the store that uses it, may be full, and may be damaged.
import { type Bytes, EMPTY } from '../base/bytes.ts'
import type { BlobDisk, BlobFile, GuestDisk } from './blob-disk.ts'

interface Content {
  bytes: Buffer
  length: number
}

type Folder = Map<string, Content>

export interface MemoryDisk extends BlobDisk {
  /** Another disk with the same content. */
  copy(): MemoryDisk
  /** Of all files together; what would make it more fails with ENOSPC. */
  capacityBytes: number
  /** Bytes of a file as they are, to be looked at and damaged. */
  content(folder: string, file: string): Bytes | undefined
}

export function memoryDisk(): MemoryDisk {
  return diskOf(new Map())
}

function diskOf(root: Map<string, Folder>): MemoryDisk {
  const find = (folder: string, file: string) => root.get(folder)?.get(file)
  const create = (folder: string, file: string) => {
    const content = { bytes: Buffer.alloc(0), length: 0 }
    const inside = root.get(folder) ?? new Map()
    root.set(folder, inside.set(file, content))
    return content
  }
  const used = () =>
    [...root.values()].reduce((sum, folder) => [...folder.values()].reduce((all, file) => all + file.length, sum), 0)
  const write = (content: Content, position: number, bytes: Bytes) => {
    const end = position + bytes.byteLength
    if (disk.capacityBytes !== Number.POSITIVE_INFINITY) {
      if (used() - content.length + Math.max(end, content.length) > disk.capacityBytes) throw failure('ENOSPC', 'write')
    }
    if (end > content.bytes.byteLength) {
      const grown = Buffer.alloc(Math.max(end, content.bytes.byteLength * 2))
      grown.set(content.bytes.subarray(0, content.length))
      content.bytes = grown
    }
    content.bytes.set(bytes, position)
    content.length = Math.max(content.length, end)
  }
  const get = (folder: string, file: string) => {
    const content = find(folder, file)
    return content && Uint8Array.from(content.bytes.subarray(0, content.length))
  }
  const placeOf = (folder: string, file: string) => ['memory', folder, file].filter(Boolean).join('/')
  const guest: GuestDisk = {
    placeOf,
    get,
    read(folder, file, position, length) {
      const content = find(folder, file)
      return content && readOf(content, position, length, 0)
    },
    append(folder, file, bytes) {
      const content = find(folder, file) ?? create(folder, file)
      write(content, content.length, bytes)
    },
    remove: (folder) => void root.delete(folder),
  }
  const disk: MemoryDisk = {
    guest,
    placeOf,
    capacityBytes: Number.POSITIVE_INFINITY,
    content(folder, file) {
      const found = find(folder, file)
      return found?.bytes.subarray(0, found.length)
    },
    copy: () =>
      diskOf(
        new Map(
          [...root].map(([name, folder]) => [
            name,
            new Map([...folder].map(([file, { bytes, length }]) => [file, { bytes: Buffer.from(bytes), length }])),
          ]),
        ),
      ),
    prepare: async () => {},
    folders: async () => [...root.keys()].sort(),
    async make(folder) {
      if (!root.has(folder)) root.set(folder, new Map())
    },
    async remove(folder) {
      root.delete(folder)
    },
    async rename(from, to) {
      if (root.has(to)) return false
      const folder = root.get(from)
      if (!folder) throw failure('ENOENT', 'rename')
      root.delete(from)
      root.set(to, folder)
      return true
    },
    async open(folder, file, mode) {
      const content = mode === 'create' ? create(folder, file) : find(folder, file)
      if (!content) throw failure('ENOENT', 'open')
      return fileOf(content, write)
    },
    async put(folder, file, bytes) {
      if (!root.has(folder)) throw failure('ENOENT', 'open')
      const content = { bytes: Buffer.alloc(0), length: 0 }
      write(content, 0, bytes)
      root.get(folder)?.set(file, content)
    },
    get: async (folder, file) => get(folder, file),
    sync: async () => {},
  }
  return disk
}

function fileOf(content: Content, write: (content: Content, position: number, bytes: Bytes) => void): BlobFile {
  return {
    read: async (position, length, head = 0) => readOf(content, position, length, head),
    write: async (position, bytes) => write(content, position, bytes),
    size: async () => content.length,
    sync: async () => {},
    close: async () => {},
  }
}

function readOf(content: Content, position: number, length: number, head: number): Bytes {
  const end = Math.min(content.length, position + length)
  const found = position < end ? content.bytes.subarray(position, end) : EMPTY
  const into = new Uint8Array(head + found.byteLength)
  into.set(found, head)
  return into
}

function failure(code: string, syscall: string): Error {
  return Object.assign(new Error(`${code}: ${syscall}`), { code, syscall })
}
