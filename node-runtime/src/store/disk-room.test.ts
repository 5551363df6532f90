import { expect, it } from 'vitest'
import { DiskRoom } from './disk-room.ts'

const MIB = 1024 * 1024
const GIB = 1024 * MIB
/** A disk with so much left, in blocks of 4 KiB and room for any number of files. */
const disk = (free: number) => ({
  bsize: 4096,
  frsize: 4096,
  blocks: GIB / 4096,
  bavail: free / 4096,
  files: 1_000_000,
  ffree: 900_000,
})

function roomOn(figures: () => ReturnType<typeof disk>, ownWork = 0) {
  let looks = 0
  const look = async () => {
    looks += 1
    return figures()
  }
  let time = 0
  const room = new DiskRoom({ location: '/disk', ownWork: () => ownWork, look, now: () => time })
  const pass = (ms: number) => {
    time += ms
  }
  return { room, pass, looks: () => looks }
}

const full = (text: string) => ({ code: 'STORE_FULL', message: expect.stringContaining(text) })

it('looks before the first batch, and then once in 256 KiB', async () => {
  const { room, looks } = roomOn(() => disk(GIB))
  await room.reserve(1000)
  expect(looks()).toBe(1)
  await room.reserve(200_000)
  expect(looks()).toBe(1)
  await room.reserve(100_000)
  expect(looks()).toBe(2)
})

it('looks again after a second, as others fill the disk, too', async () => {
  let free = GIB
  const { room, pass, looks } = roomOn(() => disk(free))
  await room.reserve(1)
  free = 0
  pass(999)
  await room.reserve(1)
  expect(looks()).toBe(1)
  pass(1)
  await expect(room.reserve(1)).rejects.toMatchObject(full('0.0 MiB left'))
})

it('refuses a batch whose log, table and merge the disk has no room for, and takes a smaller one', async () => {
  const { room } = roomOn(() => disk(40 * MIB))
  await expect(room.reserve(9 * MIB)).rejects.toMatchObject(full('40.0 MiB left'))
  await room.reserve(7 * MIB)
})

it('lets a batch that only deletes use half of what is kept, and looks again for the next one', async () => {
  const { room, looks } = roomOn(() => disk(10 * MIB))
  await expect(room.reserve(1000)).rejects.toMatchObject(full('10.0 MiB left'))
  await room.reserve(1000, { isFreeing: true })
  await expect(room.reserve(1000)).rejects.toMatchObject(full('10.0 MiB left'))
  expect(looks()).toBe(3)
  await expect(room.reserve(MIB, { isFreeing: true })).rejects.toMatchObject(full('10.0 MiB left'))
})

it('keeps what LevelDB may yet write by itself', async () => {
  const { room } = roomOn(() => disk(90 * MIB), 75 * MIB)
  await expect(room.reserve(1)).rejects.toMatchObject(full('needs 91.0 MiB'))
})

it('looks for each batch until there is room', async () => {
  let free = MIB
  const { room, looks } = roomOn(() => disk(free))
  await expect(room.reserve(1)).rejects.toMatchObject(full('1.0 MiB left'))
  await expect(room.reserve(1)).rejects.toMatchObject(full('1.0 MiB left'))
  free = GIB
  await room.reserve(1)
  await room.reserve(1)
  expect(looks()).toBe(3)
})

it('counts blocks in their own unit, not in the one that is best to transfer', async () => {
  const { room } = roomOn(() => ({ ...disk(MIB), bsize: MIB }))
  await expect(room.reserve(1)).rejects.toMatchObject(full('1.0 MiB left'))
})

it('refuses where there is room for bytes and none for files', async () => {
  const { room } = roomOn(() => ({ ...disk(GIB), ffree: 3 }))
  await expect(room.reserve(1)).rejects.toMatchObject(full('room for 3 files left'))
})

it('believes a disk that says nothing of its size or its files to have room', async () => {
  const { room } = roomOn(() => ({ ...disk(0), blocks: 0, files: 0, ffree: 0 }))
  await room.reserve(1)
})

it('names what it attempted where the disk cannot be looked at', async () => {
  const { room } = roomOn(() => {
    throw Object.assign(new Error('EIO: i/o error, statfs'), { code: 'EIO' })
  })
  await expect(room.reserve(1)).rejects.toMatchObject({
    code: 'STORE_FAILED',
    message: expect.stringContaining('/disk'),
  })
})
