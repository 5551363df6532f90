import { multiaddrConnectionPair } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import { STREAM_MESSAGE_BYTES, STREAM_MESSAGE_MS } from '../limits.ts'
import { guardedYamux } from './guarded-yamux.ts'

/** `elapsedMs`: as the clock says each time that it is asked. */
const guarded = (elapsedMs = systemClock.elapsedMs) =>
  ((options) =>
    guardedYamux(options ?? {}, { clock: { ...systemClock, ...(elapsedMs && { elapsedMs }) } })) as typeof yamux

/** What nobody catches ends a node. */
const uncaught: unknown[] = []
const onUncaught = (error: unknown) => uncaught.push(error)
let others: NodeJS.UncaughtExceptionListener[] = []

beforeEach(() => {
  uncaught.length = 0
  others = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', onUncaught)
})

afterEach(() => {
  process.off('uncaughtException', onUncaught)
  for (const other of others) process.on('uncaughtException', other)
})

/** A stream is opened on a connection that is closed before the peer hears of it. */
async function openAndClose(make: typeof yamux): Promise<string> {
  const [connection] = multiaddrConnectionPair()
  const muxer = make({})().createStreamMuxer(connection)
  const opening = muxer.createStream()
  Object.assign(connection, { writeStatus: 'closed' })
  const stream = await opening
  await new Promise((resolve) => setImmediate(resolve))
  return stream.status
}

it('a stream that is opened on a connection that has just been closed is aborted, and the node lives', async () => {
  expect(await openAndClose(guarded())).toBe('aborted')
  expect(uncaught).toEqual([])
})

/** One stream sends so many messages of a size; what came, and how many frames the receiver sent for it. */
async function transfer(make: typeof yamux, count: number, bytes: number) {
  const [near, far] = multiaddrConnectionPair()
  const sender = make({})().createStreamMuxer(near)
  const receiver = make({})().createStreamMuxer(far)
  let frames = 0
  let came = 0
  const { sendFrame } = receiver as unknown as { sendFrame: (...args: unknown[]) => void }
  Object.assign(receiver, {
    sendFrame: (...args: unknown[]) => {
      frames += 1
      sendFrame.apply(receiver, args)
    },
  })
  const whole = new Promise<void>((resolve) => {
    receiver.addEventListener('stream', ({ detail }) => {
      detail.addEventListener('message', (event) => {
        came += event.data.byteLength
        if (came === count * bytes) resolve()
      })
    })
  })
  const stream = await sender.createStream()
  for (let index = 0; index < count; index += 1) {
    if (!stream.send(new Uint8Array(bytes))) await stream.onDrain()
    await new Promise((resolve) => setImmediate(resolve))
  }
  await whole
  return { came, frames }
}

it('the peer hears of room when half of it is used, not after each message', async () => {
  const [count, bytes] = [40, 100]
  const { came, frames } = await transfer(guarded(), count, bytes)
  expect(came).toBe(count * bytes)
  // That it takes the stream, and how long the way is.
  expect(frames).toBeLessThan(count / 8)
  expect((await transfer(yamux, count, bytes)).frames).toBeGreaterThan(count / 2)
})

it('much more than the window comes whole', async () => {
  const { came, frames } = await transfer(guarded(), 60, 100_000)
  expect(came).toBe(6_000_000)
  expect(frames).toBeGreaterThan(1)
})

/** What one stream sends at once, as it comes. */
async function sizesOf(make: typeof yamux, bytes = 4 * STREAM_MESSAGE_BYTES): Promise<number[]> {
  const [near, far] = multiaddrConnectionPair()
  const sender = make({})().createStreamMuxer(near)
  const receiver = make({})().createStreamMuxer(far)
  const sizes: number[] = []
  const opened = new Promise<void>((resolve) => {
    receiver.addEventListener('stream', ({ detail }) => {
      detail.addEventListener('message', (event) => {
        sizes.push(event.data.byteLength)
        if (sizes.reduce((sum, size) => sum + size) === bytes) resolve()
      })
    })
  })
  const stream = await sender.createStream()
  stream.send(new Uint8Array(bytes))
  await opened
  return sizes
}

it('what is sent at first is cut: it is seen at the other end before all of it is there', async () => {
  expect(Math.max(...(await sizesOf(guarded())))).toBeLessThanOrEqual(STREAM_MESSAGE_BYTES)
  expect(Math.max(...(await sizesOf(yamux)))).toBeGreaterThan(STREAM_MESSAGE_BYTES)
})

it('later it is cut by what the peer took in a while, by the clock that is passed in', async () => {
  let nowMs = 0
  const slow = () => {
    nowMs += 1000 * STREAM_MESSAGE_MS
    return nowMs
  }
  const still = () => 0
  const bytes = 128 * STREAM_MESSAGE_BYTES
  expect(Math.max(...(await sizesOf(guarded(slow), bytes)))).toBeLessThanOrEqual(STREAM_MESSAGE_BYTES)
  expect(Math.max(...(await sizesOf(guarded(still), bytes)))).toBeGreaterThan(STREAM_MESSAGE_BYTES)
})

it('by itself the library would throw where nobody catches it', async () => {
  await openAndClose(yamux)
  expect(uncaught.map(String).join()).toContain('Cannot write to a stream that is closed')
})
