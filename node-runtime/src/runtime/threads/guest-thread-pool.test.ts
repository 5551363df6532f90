import { expect, it } from 'vitest'
import { type Clock, systemClock } from '../../base/clock.ts'
import { DrivenClock } from '../../testing/driven-clock.ts'
import { RecordingLogger } from '../../testing/recording-logger.ts'
import { GuestThreadPool } from './guest-thread-pool.ts'

const poolOf = (program: string, log: RecordingLogger, clock: Clock = systemClock) =>
  new GuestThreadPool({
    program: new URL(`data:text/javascript,${encodeURIComponent(program)}`),
    storeLocation: '/nowhere',
    clock,
    log,
    callLimitMs: 1000,
    applyLimitMs: 1000,
    workersMax: 1,
    idleMs: 60_000,
  })

it('a worker that is ended while it starts, because the pool ends, is no error', async () => {
  const log = new RecordingLogger()
  const pool = poolOf('setInterval(() => {}, 1000)', log)
  await pool.use(undefined, async () => {})
  await pool.end()
  expect(log.entries).toEqual([])
})

it('a worker that cannot start while the pool is in use is an error', async () => {
  const log = new RecordingLogger()
  const pool = poolOf('throw new Error("no store here")', log)
  await pool.use(undefined, (thread) => thread.ready.catch(() => {}))
  await pool.end()
  expect(log.entries[0]).toMatchObject({ level: 'error', message: 'a guest worker did not start' })
})

it('the end of the pool waits for a thread that was being ended already', async () => {
  const log = new RecordingLogger()
  const pool = poolOf('setInterval(() => {}, 1000)', log)
  let isGone = false
  await pool.use(undefined, async (thread) => {
    thread.onLost(() => {
      isGone = true
    })
    // As a time limit or an abort does.
    void thread.terminate()
  })
  await pool.end()
  expect(isGone).toBe(true)
})

it('the end of the pool waits for a thread that was idle for too long', async () => {
  const clock = new DrivenClock()
  const pool = poolOf('setInterval(() => {}, 1000)', new RecordingLogger(), clock)
  let isGone = false
  await pool.use(undefined, async (thread) => {
    thread.onLost(() => {
      isGone = true
    })
  })
  while (clock.step());
  await pool.end()
  expect(isGone).toBe(true)
})
