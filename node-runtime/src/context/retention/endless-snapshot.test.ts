// What a peer sends as a snapshot is bounded, and nothing of it stays once it is in vain: not on a full disk either.
import { expect, it } from 'vitest'
import { appWasm } from '../../../../scripts/build-apps.ts'
import { u32be } from '../../base/bytes.ts'
import { sweepAllGenerations } from '../../storage/generations.ts'
import { keyOf } from '../../store/keys.ts'
import { memoryStore } from '../../store/memory.ts'
import { rangeOf, type Store } from '../../store/store.ts'
import { writeError } from '../../store/write-error.ts'
import { converge, shareContext } from '../../testing/test-nodes.ts'
import { NAMES, testWorlds } from '../../testing/test-worlds.ts'
import { RECEIPT_KEPT_MS, RECEIPT_PAUSE_MS } from '../limits.ts'

const { open } = testWorlds()
const KIB = 1024
const value = new Uint8Array(KIB)

/** Nothing; or no more than deleting, or than one batch of it; or everything is written. */
type Room = 'none' | 'to delete' | 'to delete once' | 'enough'

async function stateBytes(disk: Store): Promise<number> {
  let bytes = 0
  for await (const [key, entry] of disk.entries(rangeOf(keyOf('state')))) bytes += key.byteLength + entry.byteLength
  return bytes
}

function roomyStore(inner: Store, room: () => Room, onDeleted: () => void): Store {
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
  return {
    get: (key) => inner.get(key),
    entries: (range) => inner.entries(range),
    snapshot: () => inner.snapshot(),
    close: () => inner.close(),
    batch: async (ops) => {
      const isDeleting = ops.every(({ type }) => type === 'del')
      const isTaken = room() === 'enough' || (room() !== 'none' && isDeleting)
      if (!isTaken) throw writeError('cyd', ops.length, full)
      await inner.batch(ops)
      if (isDeleting) onDeleted()
    },
  }
}

/** cyd was away for so long that it needs a snapshot; nobody is connected to it. */
async function behind() {
  const world = await open({ retention: { checkpointMin: 8, absentMs: 120_000, receiptBytes: 64 * KIB } })
  let room: Room = 'enough'
  const place = world.place('cyd')
  const onDeleted = () => {
    if (room === 'to delete once') room = 'none'
  }
  Object.assign(place, { disk: roomyStore(memoryStore(), () => room, onDeleted) })
  const { contextId } = await shareContext(world, await appWasm('kv-store'), NAMES)
  await converge(world, contextId, NAMES)
  world.network.partition([world.get('cyd').peerId])
  await world.pass(250_000)
  for (let i = 0; i < 30; i += 1) {
    await world.run(world.get(i % 2 ? 'ada' : 'bob').call(contextId, 'set', { key: `k${i % 7}`, value: `${i}` }))
  }
  await world.pass(30_000)
  const ada = await world.get('ada').context(contextId)
  const cyd = await world.get('cyd').context(contextId)
  const certified = ada.checkpoint()
  if (!certified) throw new Error('nothing is pruned')
  await cyd.acknowledge([...ada.beats(), ...[ada.beat() ?? []].flat()])
  const before = await stateBytes(world.get('cyd').disk)
  let sent = 0
  async function* entries(count: number, then: Room = 'enough') {
    for (let i = 0; i < count; i += 1) {
      if (i === count - 1) room = then
      sent += 1
      yield [[u32be(i), value] as const]
    }
  }
  const adopt = (from: string, count: number, then?: Room) => {
    sent = 0
    return world.run(cyd.adopt(certified, from, () => entries(count, then)).catch((error) => error))
  }
  const setRoom = (next: Room) => {
    room = next
  }
  const disk = () => world.get('cyd').disk
  return { world, contextId, before, adopt, setRoom, disk, sent: () => sent }
}

it('a snapshot without an end is given up at the bound, and the next one may be twice as large', async () => {
  const { world, contextId, before, adopt, disk, sent } = await behind()
  expect(await adopt('eve', 1000)).toMatchObject({ code: 'CONTEXT_BUSY' })
  expect(sent()).toBeLessThanOrEqual(64)
  expect(await stateBytes(disk())).toBe(before)
  expect(await adopt('eve', 1000)).toBe(false)
  expect(await adopt('mallory', 1000)).toMatchObject({ code: 'CONTEXT_BUSY' })
  expect(sent()).toBeGreaterThan(64)
  expect(sent()).toBeLessThanOrEqual(128)
  expect(await stateBytes(disk())).toBe(before)
  world.network.heal()
  await converge(world, contextId, NAMES)
})

it('a snapshot that fills the disk goes at once', async () => {
  const { world, contextId, before, adopt, setRoom, disk } = await behind()
  expect(await adopt('eve', 40, 'to delete')).toMatchObject({ code: 'STORE_FULL' })
  expect(await stateBytes(disk())).toBe(before)
  setRoom('enough')
  world.network.heal()
  await converge(world, contextId, NAMES)
})

it('where nothing can be written it goes a little later', async () => {
  const { world, before, adopt, setRoom, disk } = await behind()
  expect(await adopt('eve', 40, 'none')).toMatchObject({ code: 'STORE_FULL' })
  expect(await stateBytes(disk())).toBeGreaterThan(before + 30 * KIB)
  await world.pass(RECEIPT_PAUSE_MS + 1000)
  expect(await stateBytes(disk())).toBeGreaterThan(before + 30 * KIB)
  setRoom('enough')
  await world.pass(RECEIPT_PAUSE_MS + 1000)
  expect(await stateBytes(disk())).toBe(before)
})

it('what a node that is started again finds of one goes when nobody has gone on with it for long', async () => {
  const { world, before, adopt, setRoom, disk } = await behind()
  expect(await adopt('eve', 40, 'none')).toMatchObject({ code: 'STORE_FULL' })
  setRoom('enough')
  await world.run(world.get('cyd').stop())
  await world.start('cyd', { boot: [] })
  await world.pass(RECEIPT_KEPT_MS / 2)
  expect(await stateBytes(disk())).toBeGreaterThan(before + 30 * KIB)
  await world.pass(RECEIPT_KEPT_MS / 2 + 1000)
  expect(await stateBytes(disk())).toBe(before)
})

it('at the start it goes where it leaves no room, and stays to be gone on with where there is', async () => {
  const { before, adopt, setRoom, disk } = await behind()
  expect(await adopt('eve', 40, 'none')).toMatchObject({ code: 'STORE_FULL' })
  setRoom('enough')
  await sweepAllGenerations(disk())
  expect(await stateBytes(disk())).toBeGreaterThan(before + 30 * KIB)
  setRoom('none')
  await sweepAllGenerations(disk())
  expect(await stateBytes(disk())).toBeGreaterThan(before + 30 * KIB)
  setRoom('to delete')
  await sweepAllGenerations(disk())
  expect(await stateBytes(disk())).toBe(before)
})

it('a removal that a full disk cuts short is done again, and keeps no node from its start', async () => {
  const { world, before, adopt, setRoom, disk } = await behind()
  expect(await adopt('eve', 40, 'to delete once')).toMatchObject({ code: 'STORE_FULL' })
  expect(await stateBytes(disk())).toBeGreaterThan(before + 30 * KIB)
  await world.run(world.get('cyd').stop())
  await world.start('cyd', { boot: [] })
  expect(await stateBytes(disk())).toBeGreaterThan(before + 30 * KIB)
  setRoom('enough')
  await world.pass(RECEIPT_KEPT_MS / 2)
  await world.pass(RECEIPT_KEPT_MS / 2 + 1000)
  expect(await stateBytes(disk())).toBe(before)
})

it('a removal that a full disk cuts short is done again a little later', async () => {
  const { world, before, adopt, setRoom, disk } = await behind()
  expect(await adopt('eve', 40, 'to delete once')).toMatchObject({ code: 'STORE_FULL' })
  setRoom('enough')
  await world.pass(RECEIPT_PAUSE_MS + 1000)
  expect(await stateBytes(disk())).toBe(before)
})
