import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { concat } from '../base/bytes.ts'
import { sha256 } from '../base/hash.ts'
import { type BlobId, idFromBytes } from '../base/ids.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import type { BlobDisk } from './blob-disk.ts'
import { BlobStore } from './blob-store.ts'
import { threadDigest } from './digest.ts'
import { fileDisk } from './file-disk.ts'
import { BLOB_BYTES_MAX, BLOB_CHUNK_BYTES, PARTIAL_GRACE_MS, UNREFERENCED_GRACE_MS } from './limits.ts'
import { decodeRecord, encodeRecord } from './manifest.ts'
import { memoryDisk } from './memory-disk.ts'

const folders: string[] = []

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'calbox-blobs-'))
  folders.push(folder)
  return folder
}

const random = seededRandom('blobs')

function content(size: number, seed = 7): Uint8Array {
  const bytes = Buffer.alloc(size)
  for (let at = 0; at < size; at += 4096) bytes.fill(String(at + seed), at, Math.min(size, at + 16))
  return bytes
}

/** In pieces whose ends are not those of chunks. */
function* pieces(bytes: Uint8Array, size = 300_001) {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size)
}

async function collectBytes(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of stream) parts.push(Uint8Array.from(part))
  return concat(parts)
}

const disks: readonly (readonly [string, () => Promise<BlobDisk>])[] = [
  ['files', async () => fileDisk(await newFolder())],
  ['memory', async () => memoryDisk()],
]

describe.each(disks)('blobs on %s', (_, makeDisk) => {
  async function opened(options = {}) {
    const disk = await makeDisk()
    return { disk, store: await BlobStore.open(disk, random, options) }
  }

  test('have the id that follows from their chunks, and come back as they were', async () => {
    const { store } = await opened({ digest: threadDigest })
    const bytes = content(2 * BLOB_CHUNK_BYTES + 5)
    const { id, size, hash } = await store.put(pieces(bytes))
    const chunkHashes = [0, 1, 2].map((n) => sha256(bytes.subarray(n * BLOB_CHUNK_BYTES, (n + 1) * BLOB_CHUNK_BYTES)))
    expect(id).toBe(idFromBytes<BlobId>(sha256(concat(chunkHashes))))
    expect(hash).toBe(idFromBytes<BlobId>(sha256(bytes)))
    expect(size).toBe(bytes.byteLength)
    expect(Buffer.compare(await store.bytes(id), bytes)).toBe(0)
    expect(store.list()).toEqual([{ id, size }])
  })

  test.each([0, 1, BLOB_CHUNK_BYTES - 1, BLOB_CHUNK_BYTES, BLOB_CHUNK_BYTES + 1])(
    'of %i bytes are whole',
    async (size) => {
      const { store } = await opened()
      const bytes = content(size)
      const { id } = await store.put(pieces(bytes))
      const chunkHash = size === 0 ? new Uint8Array(0) : sha256(bytes.subarray(0, BLOB_CHUNK_BYTES))
      if (size <= BLOB_CHUNK_BYTES) expect(id).toBe(idFromBytes<BlobId>(sha256(chunkHash)))
      expect(Buffer.compare(await collectBytes(store.stream(id)), bytes)).toBe(0)
    },
  )

  test('are found by the hash of their content, also after a restart', async () => {
    const { disk, store } = await opened()
    const { id, hash } = await store.put([content(10)])
    expect(store.resolve(hash)).toBe(id)
    const again = await BlobStore.open(disk, random)
    expect(again.resolve(hash)).toBe(id)
    expect(await again.contentHash(id)).toBe(hash)
    expect(again.list()).toEqual([{ id, size: 10 }])
  })

  test('are read in part', async () => {
    const { store } = await opened()
    const bytes = content(2 * BLOB_CHUNK_BYTES + 5)
    const { id } = await store.put([bytes])
    for (const [start, end] of [
      [0, 1],
      [BLOB_CHUNK_BYTES - 1, BLOB_CHUNK_BYTES + 1],
      [BLOB_CHUNK_BYTES, bytes.byteLength],
      [5, 5],
    ] as const) {
      const part = await collectBytes(store.stream(id, { start, end }))
      expect([start, end, Buffer.compare(part, bytes.subarray(start, end))]).toEqual([start, end, 0])
    }
  })

  test('that are not what was expected are not kept', async () => {
    const { disk, store } = await opened()
    const other = idFromBytes<BlobId>(sha256(content(1)))
    await expect(store.put([content(2)], other)).rejects.toMatchObject({ code: 'BLOB_MISMATCH' })
    expect(store.list()).toEqual([])
    expect(await disk.folders()).toEqual([])
  })

  test('over the cap are refused while they come in, and leave nothing', async () => {
    const { disk, store } = await opened({ bytesMax: 2 * BLOB_CHUNK_BYTES })
    let given = 0
    function* endless() {
      for (;;) {
        given += 1
        yield content(BLOB_CHUNK_BYTES)
      }
    }
    await expect(store.put(endless())).rejects.toMatchObject({ code: 'BLOB_TOO_LARGE' })
    expect(given).toBe(3)
    expect(await disk.folders()).toEqual([])
  })

  test('whose source breaks leave nothing', async () => {
    const { disk, store } = await opened()
    function* broken() {
      yield content(BLOB_CHUNK_BYTES + 1)
      throw new Error('the client went away')
    }
    await expect(store.put(broken())).rejects.toThrow('the client went away')
    expect(await disk.folders()).toEqual([])
  })

  test('that come twice are one', async () => {
    const { disk, store } = await opened()
    const first = await store.put([content(100)])
    const second = await store.put(pieces(content(100), 7))
    expect(second).toEqual(first)
    expect(await disk.folders()).toEqual([first.id])
  })

  test('are gone when they are deleted, and who reads them reads to the end', async () => {
    const { disk, store } = await opened()
    const bytes = content(3 * BLOB_CHUNK_BYTES)
    const { id, hash } = await store.put([bytes])
    const reading = store.stream(id)
    await reading.next()
    expect(await store.delete(id)).toBe(true)
    expect(Buffer.compare(await collectBytes(reading), bytes.subarray(BLOB_CHUNK_BYTES))).toBe(0)
    expect(store.resolve(hash)).toBeUndefined()
    expect(await store.delete(id)).toBe(false)
    expect(await disk.folders()).toEqual([])
    await expect(store.bytes(id)).rejects.toMatchObject({ code: 'BLOB_NOT_FOUND' })
  })

  test('half-written by an earlier end are removed at the start, downloads are not', async () => {
    const { disk } = await opened()
    for (const folder of ['.incoming-1', '.staged-x-0', '.partial-1']) await disk.make(folder)
    await BlobStore.open(disk, random)
    expect(await disk.folders()).toEqual(['.partial-1'])
  })

  test('that nothing refers to are collected after the grace time, and only those', async () => {
    let nowMs = 1_000
    const { store } = await opened({ nowMs: () => nowMs })
    const kept = await store.put([content(1)])
    const lost = await store.put([content(2)])
    const isRoot = async (id: BlobId) => id === kept.id
    expect(await store.collect(isRoot)).toEqual([])
    nowMs += UNREFERENCED_GRACE_MS
    const fresh = await store.put([content(3)])
    expect(await store.collect(isRoot)).toEqual([{ id: lost.id, size: 2 }])
    expect(store.list().map(({ id }) => id)).toEqual([kept.id, fresh.id])
  })

  test('that come again while their roots are looked for are not collected', async () => {
    let nowMs = 1_000
    const { store } = await opened({ nowMs: () => nowMs })
    const { id } = await store.put([content(1)])
    nowMs += UNREFERENCED_GRACE_MS
    const isRoot = async () => {
      await store.put([content(1)])
      return false
    }
    expect(await store.collect(isRoot)).toEqual([])
    expect(Buffer.compare(await store.bytes(id), content(1))).toBe(0)
  })

  test('that are deleted while they come again are whole or gone, on the disk as in the list', async () => {
    const { disk, store } = await opened()
    const bytes = content(10)
    const { id } = await store.put([bytes])
    for (let turn = 0; turn < 20; turn += 1) {
      const again = store.put([bytes])
      for (let wait = 0; wait < turn; wait += 1) await Promise.resolve()
      await Promise.all([again, store.delete(id)])
      const listed = store.list().map((blob) => blob.id)
      expect(await disk.folders()).toEqual(listed)
      for (const each of listed) expect(await store.bytes(each)).toHaveLength(10)
    }
  })
})

describe('a download', () => {
  async function source(size: number) {
    const store = await BlobStore.open(memoryDisk(), random)
    const bytes = content(size)
    const { id, hash } = await store.put([bytes])
    const reader = await store.reader(id)
    return { id, hash, bytes, manifest: reader.manifest, chunk: (index: number) => reader.chunk(index) }
  }

  test('takes checked chunks in any order and goes on after a restart', async () => {
    const folder = await newFolder()
    const { id, bytes, manifest, chunk } = await source(4 * BLOB_CHUNK_BYTES + 9)
    const first = await (await BlobStore.open(folder, random)).receive(manifest)
    expect(first.missing()).toEqual([0, 1, 2, 3, 4])
    await first.write(3, await chunk(3))
    await first.write(1, await chunk(1))
    await expect(first.write(2, await chunk(1))).rejects.toMatchObject({ code: 'BLOB_MISMATCH' })
    // As after a kill: nothing is closed.
    const store = await BlobStore.open(folder, random)
    expect(store.list()).toEqual([])
    const second = await store.receive(manifest)
    expect(second.missing()).toEqual([0, 2, 4])
    for (const index of second.missing()) await second.write(index, await chunk(index))
    await second.finish()
    await first.close()
    expect(Buffer.compare(await store.bytes(id), bytes)).toBe(0)
    expect(await readdir(folder)).toEqual([id])
  })

  test('takes a chunk that was cut short on the disk for missing', async () => {
    const folder = await newFolder()
    const { manifest, chunk } = await source(3 * BLOB_CHUNK_BYTES)
    const store = await BlobStore.open(folder, random)
    const first = await store.receive(manifest)
    for (const index of [0, 1, 2]) await first.write(index, await chunk(index))
    await first.close()
    await truncate(join(folder, `.partial-${manifest.id}`, 'data'), 2 * BLOB_CHUNK_BYTES + 17)
    const second = await store.receive(manifest)
    expect(second.missing()).toEqual([2])
    await second.close()
  })

  test('on a full disk fails by name, keeps what it has, and goes on when there is room', async () => {
    const disk = memoryDisk()
    const store = await BlobStore.open(disk, random)
    const { id, bytes, manifest, chunk } = await source(3 * BLOB_CHUNK_BYTES)
    const kept = await store.put([content(100, 1)])
    const partial = await store.receive(manifest)
    disk.capacityBytes = 2 * BLOB_CHUNK_BYTES
    await partial.write(0, await chunk(0))
    await expect(partial.write(1, await chunk(1))).rejects.toMatchObject({ code: 'BLOB_DISK_FULL' })
    await expect(store.put([content(2 * BLOB_CHUNK_BYTES, 2)])).rejects.toMatchObject({ code: 'BLOB_DISK_FULL' })
    expect(await disk.folders()).toEqual([`.partial-${id}`, kept.id].sort())
    expect(await store.bytes(kept.id)).toHaveLength(100)
    await expect(store.receive(manifest)).rejects.toMatchObject({ code: 'BLOB_BUSY' })
    disk.capacityBytes = Number.POSITIVE_INFINITY
    expect(partial.missing()).toEqual([1, 2])
    for (const index of partial.missing()) await partial.write(index, await chunk(index))
    await partial.finish()
    expect(Buffer.compare(await store.bytes(id), bytes)).toBe(0)
  })

  test('whose content is not what its manifest promised is dropped', async () => {
    const disk = memoryDisk()
    const store = await BlobStore.open(disk, random)
    const { hash, manifest, chunk } = await source(10)
    const other = idFromBytes<BlobId>(sha256(content(11)))
    const lie = await store.receive(manifest)
    await lie.write(0, await chunk(0))
    await expect(lie.finish(other)).rejects.toMatchObject({ code: 'BLOB_MISMATCH' })
    expect(await disk.folders()).toEqual([])
    const truth = await store.receive(manifest)
    await truth.write(0, await chunk(0))
    await truth.finish(hash)
    expect(store.resolve(hash)).toBe(manifest.id)
  })
})

describe('a damaged blob', () => {
  test('is an error that names the chunk, and only that chunk has to come again', async () => {
    const folder = await newFolder()
    const store = await BlobStore.open(folder, random)
    const bytes = content(3 * BLOB_CHUNK_BYTES)
    const { id } = await store.put([bytes])
    const good = await store.reader(id)
    const chunk = await good.chunk(1)
    const data = join(folder, id, 'data')
    const broken = Buffer.from(bytes)
    broken[BLOB_CHUNK_BYTES + 5] = (broken[BLOB_CHUNK_BYTES + 5] ?? 0) ^ 1
    await writeFile(data, broken)
    await expect(store.bytes(id)).rejects.toMatchObject({ code: 'BLOB_DAMAGED', data: { blobId: id, chunk: 1 } })
    expect(store.list()).toEqual([])
    const partial = await store.receive(good.manifest)
    expect(partial.missing()).toEqual([1])
    await partial.write(1, chunk)
    await partial.finish()
    await good.close()
    expect(await store.verify(id)).toEqual([])
  })

  test('whose bytes are gone is an error that says where they were, is out of the store, and comes again', async () => {
    const folder = await newFolder()
    const store = await BlobStore.open(folder, random)
    const bytes = content(2 * BLOB_CHUNK_BYTES)
    const { id, hash } = await store.put([bytes])
    const good = await store.reader(id)
    const heard: unknown[] = []
    store.onDamaged((...blob) => void heard.push(blob))
    await rm(join(folder, id, 'data'))
    await expect(store.bytes(hash)).rejects.toMatchObject({
      code: 'BLOB_DAMAGED',
      message: expect.stringContaining(join(folder, id, 'data')),
    })
    expect([store.list(), heard]).toEqual([[], [[id, hash]]])
    // As after a restart, too.
    const again = await BlobStore.open(folder, random)
    expect(again.list()).toEqual([])
    const partial = await again.receive(good.manifest)
    expect(partial.missing()).toEqual([0, 1])
    for (const index of partial.missing()) await partial.write(index, await good.chunk(index))
    await partial.finish(hash)
    await good.close()
    expect(Buffer.compare(await again.bytes(hash), bytes)).toBe(0)
  })

  test('whose record is damaged, too, is replaced as a whole by what comes', async () => {
    const folder = await newFolder()
    const { id } = await (await BlobStore.open(folder, random)).put([content(10)])
    await writeFile(join(folder, id, 'record'), 'none')
    await rm(join(folder, id, 'data'))
    const store = await BlobStore.open(folder, random)
    expect(store.list()).toEqual([])
    await store.put([content(10)])
    expect(Buffer.compare(await store.bytes(id), content(10))).toBe(0)
    expect(await readdir(folder)).toEqual([id])
  })

  test('is kept as a download that was begun when it was found, however old it is', async () => {
    const disk = memoryDisk()
    let nowMs = 1_000
    const store = await BlobStore.open(disk, random, { nowMs: () => nowMs })
    const { id } = await store.put([content(10)])
    nowMs += 2 * PARTIAL_GRACE_MS
    const data = disk.content(id, 'data') ?? expect.unreachable()
    data[0] = 255
    expect(await store.verify(id)).toEqual([0])
    await store.collect(async () => true)
    expect(await store.partials()).toEqual([id])
    nowMs += PARTIAL_GRACE_MS
    await store.collect(async () => true)
    expect(await store.partials()).toEqual([])
  })

  test('that was cut short is found by the check, and set aside', async () => {
    const folder = await newFolder()
    const store = await BlobStore.open(folder, random)
    const { id } = await store.put([content(3 * BLOB_CHUNK_BYTES)])
    await truncate(join(folder, id, 'data'), BLOB_CHUNK_BYTES)
    expect(await store.verify(id)).toEqual([1, 2])
    expect(await readdir(folder)).toEqual([`.partial-${id}`])
    await expect(store.verify(id)).rejects.toMatchObject({ code: 'BLOB_NOT_FOUND' })
  })
})

test('a folder that cannot be used is named', async () => {
  const file = join(await newFolder(), 'file')
  await writeFile(file, 'x')
  await expect(BlobStore.open(file, random)).rejects.toMatchObject({
    code: 'BLOB_STORE_UNUSABLE',
    message: expect.stringContaining(file),
  })
})

test('a record that is none is not taken for one', () => {
  const record = { id: idFromBytes<BlobId>(sha256()), size: 0, chunks: new Uint8Array(0), hash: undefined, addedMs: 5 }
  expect(decodeRecord(encodeRecord(record))).toMatchObject({ id: record.id, size: 0, addedMs: 5 })
  expect(decodeRecord(new Uint8Array(0))).toBeUndefined()
  expect(decodeRecord(encodeRecord({ ...record, size: 1 }))).toBeUndefined()
  expect(decodeRecord(encodeRecord({ ...record, size: BLOB_BYTES_MAX + 1 }))).toBeUndefined()
})
