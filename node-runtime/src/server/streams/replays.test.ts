import { expect, test } from 'vitest'
import type { ContextId } from '../../base/ids.ts'
import { REPLAY_BYTES_MAX, REPLAY_BYTES_MAX_OVERALL, REPLAY_BYTES_PER_KEY_MAX, REPLAY_EVENTS_MAX } from './limits.ts'
import { type Replay, Replays } from './replays.ts'

const TOPIC = 'ab'.repeat(32) as ContextId
const BIG = 'x'.repeat(100_000)

const numbersOf = (replay: Replay, after = 0) => [...replay.after(after)].map(({ number }) => number)

function fill(replay: Replay, count = 2): void {
  for (let number = 1; number <= count; number += 1) replay.keep(number, BIG, TOPIC)
}

test('a session has its newest events, up to so many and so much', () => {
  const replay = new Replays().of('key')
  for (let number = 1; number <= REPLAY_EVENTS_MAX + 10; number += 1) replay.keep(number, 'e', TOPIC)
  expect(numbersOf(replay)).toHaveLength(REPLAY_EVENTS_MAX)
  expect(numbersOf(replay, REPLAY_EVENTS_MAX + 8)).toEqual([REPLAY_EVENTS_MAX + 9, REPLAY_EVENTS_MAX + 10])
  replay.keep(1000, 'x'.repeat(REPLAY_BYTES_MAX), TOPIC)
  expect(numbersOf(replay)).toEqual([])
})

test('however many sessions a key has, they keep so much together, and nothing of another key goes for it', () => {
  const replays = new Replays()
  const other = replays.of('other')
  fill(other)
  const before = replays.bytes
  const all = Array.from({ length: 100 }, () => replays.of('key'))
  for (const replay of all) fill(replay)
  expect(replays.bytes - before).toBeLessThanOrEqual(REPLAY_BYTES_PER_KEY_MAX)
  expect(replays.bytes - before).toBeGreaterThan(REPLAY_BYTES_PER_KEY_MAX - 3 * BIG.length)
  expect([numbersOf(other), numbersOf(all[0] as Replay), numbersOf(all[99] as Replay)]).toEqual([[1, 2], [], [1, 2]])
})

test('however many keys there are, all together keep so much; without keys the same', () => {
  for (const keyOf of [(index: number) => `key ${index}`, () => undefined]) {
    const replays = new Replays()
    const all = Array.from({ length: 200 }, (_, index) => replays.of(keyOf(index)))
    for (const replay of all) fill(replay)
    expect(replays.bytes).toBeLessThanOrEqual(REPLAY_BYTES_MAX_OVERALL)
    expect(replays.bytes).toBeGreaterThan(REPLAY_BYTES_MAX_OVERALL - 3 * BIG.length)
    for (const replay of all) replay.drop()
    expect(replays.bytes).toBe(0)
  }
})
