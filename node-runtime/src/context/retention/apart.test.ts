// What another part of the group is taken to stand on: of what was offered, what is stood on by those who say so.
import { expect, it } from 'vitest'
import { concat, u64be } from '../../base/bytes.ts'
import { type ContextId, type DeltaId, idFromBytes, type RootHash } from '../../base/ids.ts'
import { type CertifiedCheckpoint, checkpointHash } from '../../wire/checkpoint.ts'
import type { HeadsBeat } from '../../wire/gossip.ts'
import { APART_AFTER_MS, CHECKPOINTS_APART_MAX } from '../limits.ts'
import { Apart } from './apart.ts'

const idAt = <T extends ContextId | DeltaId | RootHash>(at: number) =>
  idFromBytes<T>(concat([u64be(BigInt(at)), new Uint8Array(24)]))
const endingAt = (at: number): CertifiedCheckpoint => ({
  checkpoint: {
    contextId: idAt<ContextId>(0),
    last: idAt<DeltaId>(at),
    count: 1,
    chain: new Uint8Array(32),
    root: idAt<RootHash>(0),
    heads: [],
    authors: {},
    recent: { counting: [], voids: [], lost: [] },
    governance: [],
  },
  vouches: [],
})
const hashOf = ({ checkpoint }: CertifiedCheckpoint) => checkpointHash(checkpoint)

function apart() {
  let nowMs = 1_000_000
  let beats: Pick<HeadsBeat, 'checkpoint'>[] = []
  const frontier = { beats: () => beats as HeadsBeat[] }
  return {
    apart: new Apart({ frontier, nowMs: () => nowMs }),
    standOn: (...all: CertifiedCheckpoint[]) => {
      beats = [{}, ...all.map((each) => ({ checkpoint: hashOf(each) }))]
    },
    pass: (ms: number) => {
      nowMs += ms
    },
  }
}

const [low, high] = [endingAt(5), endingAt(9)]

it('one that was offered is of another part after a while, until ours is greater', () => {
  const { apart: of, standOn, pass } = apart()
  standOn(low)
  of.add(low)
  expect([of.isEmpty, of.has(hashOf(low)), of.other]).toEqual([false, false, undefined])
  pass(APART_AFTER_MS)
  expect([of.has(hashOf(low)), of.other]).toEqual([true, low])
  of.passed(endingAt(4).checkpoint)
  expect(of.other).toBe(low)
  of.passed(endingAt(6).checkpoint)
  expect(of.isEmpty).toBe(true)
})

it('a clock that was set back makes none young again', () => {
  const { apart: of, standOn, pass } = apart()
  standOn(low)
  of.add(low)
  pass(-3_600_000)
  expect(of.other).toBe(low)
})

it('that most stand on is aimed at, and of equal ones the first', () => {
  const { apart: of, standOn, pass } = apart()
  standOn(low, high, high)
  of.add(low)
  of.add(high)
  pass(APART_AFTER_MS)
  expect(of.other).toBe(high)
  standOn(high, low)
  expect(of.other).toBe(low)
  standOn()
  expect(of.other).toBeUndefined()
})

it('who invents them has one at a time, and puts none of the others out', () => {
  const { apart: of, standOn, pass } = apart()
  standOn(low)
  of.add(low)
  of.add(high)
  for (let at = 10; at < 10 + 2 * CHECKPOINTS_APART_MAX; at += 1) {
    standOn(low, endingAt(at))
    of.add(endingAt(at))
  }
  pass(APART_AFTER_MS)
  expect(of.has(hashOf(low))).toBe(true)
  expect(of.has(hashOf(high))).toBe(false)
  expect(of.has(hashOf(endingAt(10)))).toBe(false)
})

it('many of them are no more than are remembered', () => {
  const { apart: of, standOn, pass } = apart()
  const all = Array.from({ length: CHECKPOINTS_APART_MAX + 3 }, (_, at) => endingAt(at + 1))
  standOn(...all)
  for (const each of all) of.add(each)
  pass(APART_AFTER_MS)
  expect(all.filter((each) => of.has(hashOf(each)))).toHaveLength(CHECKPOINTS_APART_MAX)
})
