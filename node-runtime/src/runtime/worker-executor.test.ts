import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fromUtf8 } from '../base/bytes.ts'
import { systemClock } from '../base/clock.ts'
import { silentLogger } from '../base/log.ts'
import { systemRandom } from '../base/random.ts'
import { BlobStore } from '../blobs/blob-store.ts'
import { fileDisk } from '../blobs/file-disk.ts'
import { openLevelStore } from '../store/level.ts'
import type { Store } from '../store/store.ts'
import { executorContract } from './executor-contract.ts'
import type { GuestModule, GuestOutcome } from './guest-executor.ts'
import { call, commitTo, entry, SOURCE } from './testing/executor-fixture.ts'
import { compileGuest } from './testing/test-guests.ts'
import { type WorkerExecutorOptions, workerExecutor } from './worker-executor.ts'

async function levelHarness() {
  const location = await mkdtemp(join(tmpdir(), 'calbox-runtime-'))
  const store = await openLevelStore(location)
  const folder = join(location, 'blobs')
  const blobDisk = fileDisk(folder)
  const blobs = await BlobStore.open(blobDisk, systemRandom)
  const guestBlobs = { folder, dropStage: (run: string, kept: ReadonlySet<string>) => blobs.dropStage(run, kept) }
  return {
    location,
    store,
    blobs,
    blobDisk,
    executor: (options: Partial<WorkerExecutorOptions>) =>
      workerExecutor({ storeLocation: location, blobs: guestBlobs, clock: systemClock, log: silentLogger, ...options }),
    async close() {
      await store.close()
      await rm(location, { recursive: true })
    },
  }
}

executorContract('worker', levelHarness)

// Each test starts workers of its own, which takes long on a busy machine.
describe('worker executor, beyond the contract', { timeout: 60_000 }, () => {
  let harness: Awaited<ReturnType<typeof levelHarness>>
  let probe: GuestModule
  beforeAll(async () => {
    probe = await compileGuest('probe')
    harness = await levelHarness()
  }, 120_000)
  afterAll(() => harness.close())

  it('an endless guest fails alone: runs beside and after it end well', async () => {
    const executor = harness.executor({ timeLimitMs: 2_000, workersMax: 2 })
    const spinning = executor.run(probe, SOURCE, [call('spin')])
    const others = await Promise.all([1, 2, 3, 4].map((n) => executor.run(probe, SOURCE, [call('echo', `${n}`)])))
    expect(others.map(([outcome]) => fromUtf8(outcome?.value ?? new Uint8Array(0)))).toEqual(['1', '2', '3', '4'])
    expect((await spinning)[0]?.error?.kind).toBe('timeout')
    await executor.close()
  })

  it('the event loop goes on while a guest runs', async () => {
    const executor = harness.executor({})
    const controller = new AbortController()
    await executor.run(probe, SOURCE, [call('nothing')])
    const spinning = executor.run(probe, SOURCE, [call('spin')], { signal: controller.signal })
    let turns = 0
    while (turns < 100) turns += await new Promise<number>((resolve) => setImmediate(() => resolve(1)))
    controller.abort(new Error('stop it'))
    await expect(spinning).rejects.toThrow('stop it')
    await executor.close()
  })

  it('ends its threads for who must be alone with the store; runs that come meanwhile wait', async () => {
    const executor = harness.executor({ workersMax: 2 })
    await executor.run(probe, SOURCE, [call('nothing')])
    // Of the thread that this ends, the exit is yet to come.
    const controller = new AbortController()
    const spinning = executor.run(probe, SOURCE, [call('spin')], { signal: controller.signal })
    for (let turns = 0; turns < 20; turns += 1) await new Promise((resolve) => setImmediate(resolve))
    controller.abort(new Error('stop it'))
    await expect(spinning).rejects.toThrow('stop it')
    const order: string[] = []
    const noted = async (label: string) => {
      await executor.run(probe, SOURCE, [call('echo', label)])
      order.push(label)
    }
    const before = noted('before')
    const alone = executor.alone(async () => {
      order.push('alone')
      // Nobody else has it open: its lock is free, also for one that shares no handle with this process.
      await harness.store.close()
      const own = new ClassicLevel(harness.location, { multithreading: false })
      await own.open()
      await own.close()
      harness.store = await openLevelStore(harness.location)
      order.push('done')
    })
    await Promise.all([before, alone, noted('meanwhile')])
    expect(order).toEqual(['before', 'alone', 'done', 'meanwhile'])
    await executor.close()
  })

  it('who must be alone with the store is alone, whoever else must be', async () => {
    const executor = harness.executor({ workersMax: 1 })
    const order: string[] = []
    const alone = (label: string) =>
      executor.alone(async () => {
        order.push(`${label} begins`)
        await new Promise((resolve) => setImmediate(resolve))
        order.push(`${label} ends`)
      })
    await Promise.all([alone('one'), alone('other')])
    expect(order).toEqual(['one begins', 'one ends', 'other begins', 'other ends'])
    await executor.close()
  })

  it('where who must be alone fails, the store may be shut: nothing runs until it succeeds', async () => {
    const executor = harness.executor({ workersMax: 1 })
    const failed = executor.alone(() => Promise.reject(new Error('no room')))
    const meanwhile = executor.run(probe, SOURCE, [call('echo', 'meanwhile')])
    await expect(failed).rejects.toThrow('no room')
    const refusal = { code: 'WORKER_FAILED', message: expect.stringContaining('shut') }
    await expect(meanwhile).rejects.toMatchObject(refusal)
    await expect(executor.run(probe, SOURCE, [call('echo', 'after')])).rejects.toMatchObject(refusal)
    await executor.alone(() => Promise.resolve())
    const [outcome] = await executor.run(probe, SOURCE, [call('echo', 'again')])
    expect(outcome?.status).toBe('ok')
    await executor.close()
  })

  it('a run begins no job when its time is over, and always the first', async () => {
    const executor = harness.executor({})
    const jobs = ['a', 'b', 'c'].map((key) => call('echo', key))
    expect(await executor.run(probe, SOURCE, jobs, { budgetMs: 0 })).toHaveLength(1)
    expect(await executor.run(probe, SOURCE, jobs)).toHaveLength(3)
    await executor.close()
  })

  it('what ended before the thread was lost is whole, with the blobs that it wrote', async () => {
    const executor = harness.executor({ timeLimitMs: 4_000 })
    const told: GuestOutcome[] = []
    const jobs = [call('blob_put', 'of the one that ended', { keep: true }), call('spin')]
    const outcomes = await executor.run(probe, SOURCE, jobs, { onOutcome: (outcome) => void told.push(outcome) })
    expect(told.map(({ status }) => status)).toEqual(outcomes.map(({ status }) => status))
    expect(outcomes.map(({ error }) => error?.kind)).toEqual([undefined, 'timeout'])
    const created = outcomes[0]?.blobs?.created ?? []
    expect(created.length).toBeGreaterThan(0)
    for (const staged of created) await harness.blobs.keepStaged(staged)
    for (const { manifest } of created) expect(harness.blobs.resolve(manifest.id)).toBe(manifest.id)
    await executor.close()
  })

  it('a run that waits for a worker can be aborted', async () => {
    const executor = harness.executor({ workersMax: 1 })
    const first = new AbortController()
    const second = new AbortController()
    const spinning = executor.run(probe, SOURCE, [call('spin')], { signal: first.signal })
    const waiting = executor.run(probe, SOURCE, [call('echo')], { signal: second.signal })
    second.abort(new Error('second'))
    await expect(waiting).rejects.toThrow('second')
    first.abort(new Error('first'))
    await expect(spinning).rejects.toThrow('first')
    await executor.close()
  })

  it('more runs than workers are all served', async () => {
    const executor = harness.executor({ workersMax: 1 })
    const runs = await Promise.all(
      Array.from({ length: 20 }, (_, n) => executor.run(probe, SOURCE, [call('echo', `${n}`)])),
    )
    expect(runs.map(([outcome]) => fromUtf8(outcome?.value ?? new Uint8Array(0)))).toEqual(
      Array.from({ length: 20 }, (_, n) => `${n}`),
    )
    await executor.close()
  })

  it('a run sees every batch that was written before it', async () => {
    const executor = harness.executor({})
    for (let n = 0; n < 20; n += 1) {
      const [outcome] = await executor.run(probe, SOURCE, [call('set', entry('counter', `${n}`))])
      expect(outcome?.value && fromUtf8(outcome.value)).toBe(n === 0 ? undefined : `${n - 1}`)
      if (outcome) await commitTo(harness.store, outcome)
    }
    await executor.close()
  })

  it('idle workers end, and the next run starts one again', async () => {
    const timers: (() => void)[] = []
    let nowMs = 0
    const clock = {
      nowMs: () => nowMs,
      setTimer(fn: () => void) {
        timers.push(fn)
        return () => void timers.splice(timers.indexOf(fn), 1)
      },
    }
    const executor = harness.executor({ clock, idleMs: 1_000, workersMax: 1 })
    await executor.run(probe, SOURCE, [call('nothing')])
    expect(timers).toHaveLength(1)
    nowMs = 500
    timers.pop()?.()
    expect(timers, 'the only spare of a pool in use stays').toHaveLength(1)
    nowMs = 2_000
    timers.pop()?.()
    expect(timers).toHaveLength(0)
    const [outcome] = await executor.run(probe, SOURCE, [call('echo', 'again')])
    expect(outcome?.status).toBe('ok')
    await executor.close()
  })

  it('a store that cannot be opened fails the run, saying so', async () => {
    const executor = harness.executor({ storeLocation: join(harness.location, 'missing') })
    await expect(executor.run(probe, SOURCE, [call('echo')])).rejects.toMatchObject({ code: 'WORKER_FAILED' })
    await executor.close()
  })

  it('closing releases the store: it can be opened again', async () => {
    const location = await mkdtemp(join(tmpdir(), 'calbox-runtime-'))
    const open = async (): Promise<Store> => openLevelStore(location)
    const store = await open()
    const executor = harness.executor({ storeLocation: location })
    await executor.run(probe, SOURCE, [call('echo')])
    await executor.close()
    await store.close()
    await (await open()).close()
    await rm(location, { recursive: true })
  })
})
