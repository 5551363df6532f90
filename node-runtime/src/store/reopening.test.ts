// A store that LevelDB has given up writing, and that cannot be opened anew either: on a small file system in memory.
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { u32be } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import { RecordingLogger } from '../testing/recording-logger.ts'
import { openLevelStore } from './level.ts'
import { fillUp, smallDisk } from './small-disk.ts'
import type { Store } from './store.ts'

const KIB = 1024
const disk = await smallDisk(40)
const folder = disk?.path ?? ''
const filler = join(folder, 'filler')
const RANGE = { gte: u32be(0), lt: u32be(100) }

afterAll(() => disk?.remove())
afterEach(() => {
  if (disk !== undefined) for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true })
})

/** Timers that the test fires; whoever waits for the next one is told. */
class ManualClock implements Clock {
  readonly timers: { readonly fire: () => void; readonly delayMs: number }[] = []
  readonly #waiting: (() => void)[] = []

  nowMs(): number {
    return 0
  }

  setTimer(fn: () => void, delayMs: number): () => void {
    const timer = { fire: fn, delayMs }
    this.timers.push(timer)
    for (const told of this.#waiting.splice(0)) told()
    return () => {
      const at = this.timers.indexOf(timer)
      if (at >= 0) this.timers.splice(at, 1)
    }
  }

  get delaysMs(): number[] {
    return this.timers.map(({ delayMs }) => delayMs)
  }

  next(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
}

interface Shut {
  readonly store: Store
  readonly clock: ManualClock
  readonly log: RecordingLogger
  readonly location: string
  readonly written: readonly number[]
  /** Called at each try, before it. */
  onTry: () => Promise<void>
  /** Resolves with the next line of the log. */
  nextLine(): Promise<void>
}

/** The disk is full still. */
async function shutStore(name: string): Promise<Shut> {
  const location = join(folder, name)
  const clock = new ManualClock()
  const lines: (() => void)[] = []
  const log = new RecordingLogger([], {}, () => {
    for (const told of lines.splice(0)) told()
  })
  const alone = async (work: () => Promise<void>) => {
    await shut.onTry()
    await work()
  }
  const written: number[] = []
  const store = await openLevelStore(location, { repair: { alone, clock, log } })
  const shut: Shut = {
    ...{ store, clock, log, location, written },
    onTry: async () => void fillUp(folder),
    nextLine: () => new Promise((resolve) => lines.push(resolve)),
  }
  const write = async (n: number) => {
    const done = store.batch([{ type: 'put', key: u32be(n), value: randomBytes(100 * KIB) }])
    await done.then(
      () => written.push(n),
      (error) => expect(error).toMatchObject({ code: 'STORE_FULL' }),
    )
  }
  // As in `disk-full.test.ts`: what is in memory is about to become a table, and there is room for the next log alone.
  for (let n = 0; n < 41; n += 1) await write(n)
  fillUp(folder, 300 * KIB)
  for (let n = 41; n < 43; n += 1) await write(n)
  // LevelDB makes the table in a thread of its own, whenever that has its turn.
  await vi.waitFor(() => expect(readFileSync(join(location, 'LOG'), 'utf8')).toMatch(/No space left on device/), {
    timeout: 60_000,
    interval: 5,
  })
  rmSync(filler)
  // The first one fails in LevelDB, the second finds the disk full when the store is opened anew.
  for (let n = 43; n < 50 && log.entries.length === 0; n += 1) await write(n)
  shut.onTry = async () => {}
  return shut
}

async function tryOnce(clock: ManualClock): Promise<void> {
  const next = clock.next()
  clock.timers[0]?.fire()
  await next
}

async function expectWhole(store: Store, written: readonly number[]): Promise<void> {
  expect(written.filter((n) => store.get(u32be(n)) === undefined)).toEqual([])
}

describe.skipIf(disk === undefined)('a store that cannot be opened anew (skipped where nothing can be mounted)', () => {
  it('tries again by itself, after pauses that grow, and says once that it is shut', async () => {
    const { store, clock, log, location, written, nextLine } = await shutStore('alone')
    expect(log.entries).toMatchObject([{ level: 'error', message: expect.stringContaining('nothing can be read') }])
    const pausesMs = [...clock.delaysMs]
    for (let tries = 0; tries < 7; tries += 1) {
      await tryOnce(clock)
      pausesMs.push(...clock.delaysMs)
    }
    expect(pausesMs).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000])
    expect(log.entries).toHaveLength(1)
    rmSync(filler)
    const opened = nextLine()
    clock.timers[0]?.fire()
    await opened
    expect(log.entries.slice(1)).toMatchObject([{ level: 'warn', message: 'the store is open again' }])
    expect(clock.timers).toEqual([])
    await expectWhole(store, written)
    await store.batch([{ type: 'put', key: u32be(200), value: randomBytes(10) }])
    await store.close()
    const again = await openLevelStore(location)
    await expectWhole(again, [...written, 200])
    await again.close()
  })

  it('tries again soon when somebody reads, who is told that it is being opened', async () => {
    const { store, clock, written, nextLine } = await shutStore('read')
    for (let tries = 0; tries < 3; tries += 1) await tryOnce(clock)
    expect(clock.delaysMs).toEqual([8000])
    const refusal = { name: 'StoreError', code: 'STORE_FAILED', message: expect.stringContaining('opened anew') }
    const thrown = (read: () => unknown) => expect((async () => read())()).rejects.toMatchObject(refusal)
    await thrown(() => store.get(u32be(1)))
    await thrown(() => store.snapshot())
    await thrown(() => store.entries(RANGE)[Symbol.asyncIterator]().next())
    expect(clock.delaysMs).toEqual([8000, 1000])
    rmSync(filler)
    const opened = nextLine()
    clock.timers[1]?.fire()
    expect(clock.timers).toEqual([])
    await opened
    await expectWhole(store, written)
    await store.close()
  })

  it('closes while it tries, and tries no more', async () => {
    const shut = await shutStore('closing')
    const { store, clock, location, written } = shut
    let closing: Promise<void> | undefined
    const closed = new Promise<void>((resolve) => {
      shut.onTry = async () => {
        closing = store.close()
        void closing.then(resolve)
      }
    })
    clock.timers[0]?.fire()
    await closed
    await closing
    expect(clock.timers).toEqual([])
    expect(() => store.get(u32be(1))).toThrow('it is closed')
    rmSync(filler)
    const again = await openLevelStore(location)
    await expectWhole(again, written)
    await again.close()
  })
})
