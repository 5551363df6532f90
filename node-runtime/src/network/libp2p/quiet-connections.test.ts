import { multiaddrConnectionPair } from '@libp2p/utils'
import { expect, it } from 'vitest'
import { DrivenClock } from '../../testing/driven-clock.ts'
import { PING_EVERY_MS, PING_TIMEOUT_MS, QUIET_LOOK_MS } from '../limits.ts'
import { endWhenQuiet } from './quiet-connections.ts'

const SILENCE_MS = PING_EVERY_MS + PING_TIMEOUT_MS

it('a connection on which nothing comes is ended', () => {
  const clock = new DrivenClock()
  const [near] = multiaddrConnectionPair()
  const sinceMs = clock.nowMs()
  endWhenQuiet(near, clock)
  while (clock.step());
  expect([near.status, clock.nowMs() - sinceMs]).toEqual(['aborted', SILENCE_MS + QUIET_LOOK_MS])
})

it('a connection on which something comes lasts, whatever becomes of the probes', () => {
  const clock = new DrivenClock()
  const [near] = multiaddrConnectionPair()
  endWhenQuiet(near, clock)
  for (let count = 1; count <= 10; count += 1) {
    clock.setTimer(() => near.dispatchEvent(new Event('message')), count * SILENCE_MS)
  }
  const endMs = clock.nowMs() + 10 * SILENCE_MS
  while (clock.nowMs() < endMs && clock.step());
  expect(near.status).toBe('open')
})
