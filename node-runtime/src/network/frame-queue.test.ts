import { expect, it } from 'vitest'
import { DrivenClock } from '../testing/driven-clock.ts'
import { FrameQueue } from './frame-queue.ts'
import { STREAM_IDLE_MS, STREAM_PORTION_BYTES, STREAM_WINDOW_MAX_BYTES } from './limits.ts'
import { ReplyTime } from './reply-time.ts'

function reader(clock: DrivenClock, { idleMs = (): number => STREAM_IDLE_MS, isInbound = false } = {}) {
  const sinceMs = clock.nowMs()
  let givenUpMs: number | undefined
  const queue: FrameQueue = new FrameQueue({
    clock,
    idleMs,
    isInbound,
    highWaterBytes: 1,
    pause: () => {},
    resume: () => {},
    onIdle: (error) => {
      givenUpMs = clock.nowMs() - sinceMs
      queue.clear(error)
    },
  })
  const next = queue[Symbol.asyncIterator]().next()
  next.catch(() => undefined)
  return { queue, next, givenUpMs: () => givenUpMs }
}

it('a frame comes that takes many times the idle limit, at a portion in each', async () => {
  const clock = new DrivenClock()
  const { queue, next, givenUpMs } = reader(clock)
  const pieces = 64
  for (let piece = 1; piece <= pieces; piece += 1) {
    clock.setTimer(() => queue.came(STREAM_PORTION_BYTES), piece * (STREAM_IDLE_MS - 1))
  }
  clock.setTimer(() => queue.push(new Uint8Array(1)), pieces * (STREAM_IDLE_MS - 1))
  while (clock.step());
  expect((await next).done).toBe(false)
  expect(givenUpMs()).toBeUndefined()
})

it.each([
  ['nothing', 0],
  ['a byte a second', 1],
])('who sends %s is given up at the idle limit', async (_, bytes) => {
  const clock = new DrivenClock()
  const { queue, next, givenUpMs } = reader(clock)
  for (let second = 1; second < 100; second += 1) clock.setTimer(() => queue.came(bytes), second * 1000)
  while (clock.step());
  await expect(next).rejects.toMatchObject({ code: 'STREAM_IDLE' })
  expect(givenUpMs()).toBe(STREAM_IDLE_MS)
})

it('who is sent much has the longer to answer, as long as a window of it takes at most', async () => {
  const clock = new DrivenClock()
  const time = new ReplyTime(STREAM_IDLE_MS)
  time.sent(3 * STREAM_PORTION_BYTES)
  const { next, givenUpMs } = reader(clock, { idleMs: () => time.ms })
  while (clock.step());
  await expect(next).rejects.toMatchObject({ code: 'STREAM_IDLE' })
  expect(givenUpMs()).toBe(4 * STREAM_IDLE_MS)
  time.sent(100 * STREAM_WINDOW_MAX_BYTES)
  expect(time.ms).toBe(STREAM_IDLE_MS * (1 + STREAM_WINDOW_MAX_BYTES / STREAM_PORTION_BYTES))
  time.answered()
  expect(time.ms).toBe(STREAM_IDLE_MS)
})

it('who opened the stream has the idle limit for all of a frame, whatever comes of it', async () => {
  const clock = new DrivenClock()
  const { queue, next, givenUpMs } = reader(clock, { isInbound: true })
  for (let second = 1; second < 100; second += 1) clock.setTimer(() => queue.came(STREAM_PORTION_BYTES), second * 1000)
  while (clock.step());
  await expect(next).rejects.toMatchObject({ code: 'STREAM_IDLE' })
  expect(givenUpMs()).toBe(STREAM_IDLE_MS)
})

it('who opened the stream has the longer to begin a frame where it was sent much, and not to end it', async () => {
  const clock = new DrivenClock()
  const time = new ReplyTime(STREAM_IDLE_MS)
  time.sent(3 * STREAM_PORTION_BYTES)
  const { queue, next, givenUpMs } = reader(clock, { idleMs: () => time.ms, isInbound: true })
  const beginsMs = 3 * STREAM_IDLE_MS
  for (let second = 0; second < 100; second += 1) {
    const come = () => {
      time.answered()
      queue.came(STREAM_PORTION_BYTES)
    }
    clock.setTimer(come, beginsMs + second * 1000)
  }
  while (clock.step());
  await expect(next).rejects.toMatchObject({ code: 'STREAM_IDLE' })
  expect(givenUpMs()).toBe(beginsMs + STREAM_IDLE_MS)
})
