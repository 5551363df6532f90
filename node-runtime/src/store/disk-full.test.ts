// A disk that is really full, or really read-only: a small file system in memory, where this machine lets us mount one.
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { u32be } from '../base/bytes.ts'
import { silentLogger } from '../base/log.ts'
import { DrivenClock } from '../testing/driven-clock.ts'
import { faultyStore } from './faulty-store.ts'
import { openLevelStore } from './level.ts'
import { memoryStore } from './memory.ts'
import type { LevelRepair } from './reopening.ts'
import { fillUp, smallDisk } from './small-disk.ts'
import type { Store } from './store.ts'

const KIB = 1024
const MIB = 1024 * KIB
const disk = await smallDisk(40)
const folder = disk?.path ?? ''
const filler = join(folder, 'filler')

afterAll(() => disk?.remove())
afterEach(() => {
  if (disk !== undefined) for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true })
})

/** What LevelDB calls its next logs, as directories: none can be begun. */
function takeNextNames(location: string): string[] {
  const last = Math.max(...readdirSync(location).map((name) => Number(/^\d+/.exec(name)?.[0] ?? 0)))
  const places = Array.from({ length: 20 }, (_, n) => join(location, `${String(last + 1 + n).padStart(6, '0')}.log`))
  for (const place of places) mkdirSync(place)
  return places
}

const repairOf = (parts: Partial<LevelRepair> = {}): LevelRepair => ({
  alone: (work) => work(),
  clock: new DrivenClock(),
  log: silentLogger,
  ...parts,
})

/** Numbers that were acknowledged. */
async function writeSome(store: Store, from: number, to: number, bytes: number): Promise<number[]> {
  const written: number[] = []
  for (let n = from; n < to; n += 1) {
    const done = store.batch([{ type: 'put', key: u32be(n), value: new Uint8Array(bytes) }])
    await done.then(
      () => written.push(n),
      (error) => expect(error).toMatchObject({ code: 'STORE_FULL', message: expect.stringContaining('make room') }),
    )
  }
  return written
}

/** Nothing while no new log can be begun, all once one can. */
async function writtenOnceALogBegins(store: Store, location: string): Promise<number[]> {
  const inTheWay = takeNextNames(location)
  const meanwhile = await writeSome(store, 200, 220, 3000)
  for (const place of inTheWay) rmSync(place, { recursive: true })
  const after = await writeSome(store, 300, 320, 3000)
  expect(meanwhile).toEqual([])
  expect(after).toHaveLength(20)
  return after
}

describe.skipIf(disk === undefined)('on a file system of its own (skipped where none can be mounted)', () => {
  it('what was deleted gives its room back once its range is compacted', async () => {
    const large = await smallDisk(150)
    if (large === undefined) throw new Error('one could be mounted before')
    const store = await openLevelStore(join(large.path, 'store'))
    const used = () => {
      const { blocks, bavail, bsize } = statfsSync(large.path)
      return (blocks - bavail) * bsize
    }
    for (let n = 0; n < 20; n += 1) await store.batch([{ type: 'put', key: u32be(n), value: randomBytes(MIB) }])
    await store.batch(Array.from({ length: 20 }, (_, n) => ({ type: 'del', key: u32be(n) })))
    const before = used()
    await store.compact?.({ gte: u32be(0), lt: u32be(20) })
    const after = used()
    await store.close()
    large.remove()
    expect(before).toBeGreaterThan(10 * MIB)
    expect(after).toBeLessThan(5 * MIB)
  })

  it('a full disk refuses batches, and nothing that was acknowledged before, meanwhile or after is lost', async () => {
    const location = join(folder, 'store')
    const store = await openLevelStore(location)
    const written = await writeSome(store, 0, 100, 5000)
    fillUp(folder)
    // The first ones fail in LevelDB, half-way.
    const meanwhile = await writeSome(store, 100, 200, 5000)
    rmSync(filler)
    const after = await writeSome(store, 200, 300, 3000)
    expect(meanwhile.length).toBeLessThan(100)
    expect(after).toHaveLength(100)
    await store.close()
    const again = await openLevelStore(location)
    const lost = [...written, ...meanwhile, ...after].filter((n) => again.get(u32be(n)) === undefined)
    expect(lost).toEqual([])
    await again.close()
  })

  it('where no new log can be begun behind a torn one, nothing is acknowledged until it can', async () => {
    const location = join(folder, 'no-log')
    const store = await openLevelStore(location)
    const written = await writeSome(store, 0, 20, 5000)
    fillUp(folder)
    expect((await writeSome(store, 100, 120, 5000)).length).toBeLessThan(20)
    rmSync(filler)
    const after = await writtenOnceALogBegins(store, location)
    await store.close()
    const again = await openLevelStore(location)
    expect([...written, ...after].filter((n) => again.get(u32be(n)) === undefined)).toEqual([])
    await again.close()
  })

  it('one that is open twice in its process is not opened anew by opening it: nothing is acknowledged until a new log begins', async () => {
    const location = join(folder, 'twice')
    await (await openLevelStore(location)).close()
    // The first one, as LevelDB uses the cache of whoever opened it, and would have lost it with the other.
    const other = await openLevelStore(location, { readonlyWorker: true })
    const store = await openLevelStore(location, { repair: repairOf() })
    const written = await writeSome(store, 0, 20, 5000)
    fillUp(folder)
    await writeSome(store, 100, 120, 5000)
    rmSync(filler)
    const after = await writtenOnceALogBegins(store, location)
    await store.close()
    await other.close()
    const again = await openLevelStore(location)
    expect([...written, ...after].filter((n) => again.get(u32be(n)) === undefined)).toEqual([])
    await again.close()
  })

  it.each([
    ['alone on it goes on when there is room again, without a restart', true],
    ['whose readers cannot be ended says that a restart is due', false],
  ])('a store that LevelDB has given up writing, because others filled the disk: one %s', async (_what, isAlone) => {
    const location = join(folder, 'stuck')
    const store = await openLevelStore(location, isAlone ? { repair: repairOf() } : {})
    const written: number[] = []
    let why: unknown
    const write = async (n: number) => {
      const value = randomBytes(100 * KIB)
      await store.batch([{ type: 'put', key: u32be(n), value }]).then(
        () => written.push(n),
        (error) => {
          why = error
        },
      )
    }
    // What is in memory is about to become a table, the disk has just been looked at, and has room for the next log alone.
    for (let n = 0; n < 41; n += 1) await write(n)
    fillUp(folder, 300 * KIB)
    for (let n = 41; n < 43; n += 1) await write(n)
    rmSync(filler)
    for (let n = 43; n < 50; n += 1) await write(n)
    expect(why).toMatchObject({ code: 'STORE_FULL', message: expect.stringContaining('make room') })
    expect(written.includes(49)).toBe(isAlone)
    for (const n of written) expect(store.get(u32be(n))).toHaveLength(100 * KIB)
    await store.close()
    const again = await openLevelStore(location)
    expect(written.filter((n) => again.get(u32be(n)) === undefined)).toEqual([])
    await again.close()
  })

  it('a disk that is nearly full refuses batches, and takes them again when it is not', async () => {
    const location = join(folder, 'nearly')
    const store = await openLevelStore(location)
    fillUp(folder, 17 * MIB)
    const written = await writeSome(store, 0, 200, 5000)
    expect(written.length).toBeGreaterThan(0)
    expect(written.length).toBeLessThan(200)
    rmSync(filler)
    expect(await writeSome(store, 200, 300, 5000)).toHaveLength(100)
    await store.close()
  })
})

const roomy = await smallDisk(128)
afterAll(() => roomy?.remove())

it.skipIf(roomy === undefined)(
  'a store that grows until the disk is nearly full keeps room for its merges',
  async () => {
    const location = join(roomy?.path ?? '', 'data')
    writeFileSync(join(location, '..', 'filler'), new Uint8Array(20 * MIB))
    const store = await openLevelStore(location)
    const written: Uint8Array[] = []
    const write = async (keys: Uint8Array[], bytes: number): Promise<boolean> => {
      try {
        await store.batch(keys.map((key) => ({ type: 'put', key, value: randomBytes(bytes) })))
      } catch (error) {
        expect(error).toMatchObject({ code: 'STORE_FULL', message: expect.stringContaining('for its own work') })
        return false
      }
      written.push(...keys)
      return true
    }
    for (let refused = 0; refused < 20; ) {
      const keys = Array.from({ length: 8 }, () => randomBytes(8))
      if (!(await write(keys, 64 * 1024))) refused += 1
    }
    rmSync(join(location, '..', 'filler'))
    // A merge that goes on has the room of what it replaces, too, until it is done.
    while (!(await write([u32be(1)], 1000)));
    await store.close()
    const again = await openLevelStore(location)
    expect(written.filter((key) => again.get(key) === undefined)).toEqual([])
    await again.close()
  },
)

describe('the fault', () => {
  const refused = (code: string, text: string) =>
    faultyStore(memoryStore(), '/disk', {
      write: () => Object.assign(new Error(`${code}: ${text}, write`), { code }),
    })

  it.each([
    ['ENOSPC', 'no space left on device', 'STORE_FULL'],
    ['EROFS', 'read-only file system', 'STORE_UNWRITABLE'],
  ])('says of %s what the real store says', async (code, text, expected) => {
    const store = refused(code, text)
    const message = expect.stringContaining(` (${code}: ${text}, write); `)
    await expect(store.batch([])).rejects.toMatchObject({ code: expected, message })
    expect(store.get(u32be(1))).toBeUndefined()
  })
})
