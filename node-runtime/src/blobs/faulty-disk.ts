// A disk that takes no writes as long as somebody says so, for tests of what a node makes of it. What guests write on their
// own threads does not pass here.
import type { BlobDisk, BlobFile } from './blob-disk.ts'

/** `refusal`: what the system would say of a write now, with its `code`; undefined where it would take it. */
export function faultyDisk(inner: BlobDisk, refusal: () => Error | undefined): BlobDisk {
  const check = () => {
    const error = refusal()
    if (error !== undefined) throw error
  }
  const guarded = (file: BlobFile): BlobFile => ({
    read: (position, length, head) => file.read(position, length, head),
    size: () => file.size(),
    sync: () => file.sync(),
    close: () => file.close(),
    write: async (position, bytes) => {
      check()
      await file.write(position, bytes)
    },
  })
  return {
    placeOf: (folder, file) => inner.placeOf(folder, file),
    prepare: () => inner.prepare(),
    folders: () => inner.folders(),
    remove: (folder) => inner.remove(folder),
    rename: (from, to) => inner.rename(from, to),
    get: (folder, file) => inner.get(folder, file),
    sync: () => inner.sync(),
    guest: inner.guest,
    make: async (folder) => {
      check()
      await inner.make(folder)
    },
    open: async (folder, file, mode) => {
      if (mode === 'read') return inner.open(folder, file, mode)
      check()
      return guarded(await inner.open(folder, file, mode))
    },
    put: async (folder, file, bytes) => {
      check()
      await inner.put(folder, file, bytes)
    },
  }
}
