import { expect, it } from 'vitest'
import { DiskReserve } from './disk-reserve.ts'
import { BLOB_CHUNK_BYTES, DISK_RESERVE_BYTES } from './limits.ts'

const MIB = 1024 * 1024

function reserveOn(disk: { free: number; all: number }) {
  let looks = 0
  const now = () => {
    looks += 1
    return { bsize: MIB, frsize: 4096, blocks: disk.all / 4096, bavail: disk.free / 4096 }
  }
  return { reserve: new DiskReserve('/blobs', { later: async () => now(), now }), looks: () => looks }
}

const full = (text: string) => ({ code: 'BLOB_DISK_FULL', message: expect.stringContaining(text) })

it('leaves room for the store, says so, and takes blobs again once there is more', async () => {
  const disk = { free: DISK_RESERVE_BYTES + MIB / 2, all: 100 * DISK_RESERVE_BYTES }
  const { reserve } = reserveOn(disk)
  await expect(reserve.take(MIB)).rejects.toMatchObject(full("are kept for the node's store"))
  expect(() => reserve.takeNow(MIB)).toThrow('make room')
  disk.free += MIB
  await reserve.take(MIB)
  reserve.takeNow(1)
})

it('looks before the first write, and then once in a chunk', async () => {
  const { reserve, looks } = reserveOn({ free: 2 * DISK_RESERVE_BYTES, all: 100 * DISK_RESERVE_BYTES })
  await reserve.take(1)
  await reserve.take(BLOB_CHUNK_BYTES - 1)
  expect(looks()).toBe(1)
  reserve.takeNow(1)
  expect(looks()).toBe(2)
})

it('keeps a part of a small disk only, and nothing of one that does not say how large it is', async () => {
  await reserveOn({ free: 11 * MIB, all: 100 * MIB }).reserve.take(MIB / 2)
  await expect(reserveOn({ free: 10 * MIB, all: 100 * MIB }).reserve.take(MIB)).rejects.toMatchObject(full('10.0 MiB'))
  await reserveOn({ free: 0, all: 0 }).reserve.take(MIB)
})
