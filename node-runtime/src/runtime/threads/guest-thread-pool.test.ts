import { expect, it } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import { RecordingLogger } from '../../testing/recording-logger.ts'
import { GuestThreadPool } from './guest-thread-pool.ts'

const poolOf = (program: string, log: RecordingLogger) =>
  new GuestThreadPool({
    program: new URL(`data:text/javascript,${encodeURIComponent(program)}`),
    storeLocation: '/nowhere',
    clock: systemClock,
    log,
    callLimitMs: 1000,
    applyLimitMs: 1000,
    workersMax: 2,
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
