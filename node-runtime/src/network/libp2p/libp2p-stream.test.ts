// The sending side over a link that takes little at a time.
import type { Stream } from '@libp2p/interface'
import { expect, it } from 'vitest'
import { DrivenClock } from '../../testing/driven-clock.ts'
import { framePrefix } from '../frame-codec.ts'
import { STREAM_IDLE_MS, STREAM_PORTION_BYTES } from '../limits.ts'
import { Libp2pFrameStream } from './libp2p-stream.ts'

const FRAME_BYTES = 64 * STREAM_PORTION_BYTES

/** What the library makes of a stream whose peer takes so much each second. */
class Draining extends EventTarget {
  status = 'open'
  readableEnded = false
  writeBufferLength = 0
  writableNeedsDrain = false

  constructor(clock: DrivenClock, bytesPerSecond: number) {
    super()
    const drain = () => {
      if (this.status !== 'open') return
      this.writeBufferLength = Math.max(0, this.writeBufferLength - bytesPerSecond)
      this.writableNeedsDrain = this.writeBufferLength > 0
      this.dispatchEvent(new Event('drain'))
      if (this.writableNeedsDrain) clock.setTimer(drain, 1000)
    }
    clock.setTimer(drain, 1000)
  }

  send(data: Uint8Array): boolean {
    this.writeBufferLength += data.byteLength
    this.writableNeedsDrain = true
    return false
  }

  abort(): void {
    this.status = 'aborted'
  }
}

async function sending(bytesPerSecond: number): Promise<{ outcome: unknown; tookMs: number }> {
  const clock = new DrivenClock()
  const sinceMs = clock.nowMs()
  const stream = new Draining(clock, bytesPerSecond) as unknown as Stream
  let outcome: unknown
  const sent = new Libp2pFrameStream(stream, 'peer', clock).send(new Uint8Array(FRAME_BYTES)).then(
    () => 'sent',
    (error) => error.code,
  )
  sent.then((value) => {
    outcome = value
  })
  do await clock.rest()
  while (outcome === undefined && clock.step())
  return { outcome, tookMs: clock.nowMs() - sinceMs }
}

it('a frame is sent whose taking lasts many times the idle limit', async () => {
  const { outcome, tookMs } = await sending(STREAM_PORTION_BYTES / 16)
  expect([outcome, tookMs]).toEqual(['sent', 1000 * 16 * 64 + 1000])
})

it.each([
  ['nothing', 0],
  ['a byte a second', 1],
])('a peer that takes %s is given up at the idle limit', async (_, bytesPerSecond) => {
  expect(await sending(bytesPerSecond)).toEqual({ outcome: 'STREAM_IDLE', tookMs: STREAM_IDLE_MS })
})

/** After how long a stream is given up on which a portion of one frame comes each second. */
async function receiving(isInbound: boolean): Promise<unknown> {
  const clock = new DrivenClock()
  const sinceMs = clock.nowMs()
  const source = new Draining(clock, 0)
  const frames = new Libp2pFrameStream(source as unknown as Stream, 'peer', clock, { isInbound }).frames
  let outcome: unknown
  frames[Symbol.asyncIterator]()
    .next()
    .then(
      ({ value }) => {
        outcome = value?.byteLength
      },
      (error) => {
        outcome = [error.code, clock.nowMs() - sinceMs]
      },
    )
  const come = (data: Uint8Array) => source.dispatchEvent(Object.assign(new Event('message'), { data }))
  come(framePrefix(FRAME_BYTES))
  for (let second = 1; second <= FRAME_BYTES / STREAM_PORTION_BYTES; second += 1) {
    clock.setTimer(() => come(new Uint8Array(STREAM_PORTION_BYTES)), 1000 * second)
  }
  do await clock.rest()
  while (outcome === undefined && clock.step())
  return outcome
}

it('a frame comes that takes many times the idle limit where we opened the stream, and not where the peer did', async () => {
  expect(await receiving(false)).toBe(FRAME_BYTES)
  expect(await receiving(true)).toEqual(['STREAM_IDLE', STREAM_IDLE_MS])
})
