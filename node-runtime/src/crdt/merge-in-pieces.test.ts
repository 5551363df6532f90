// A merge that is long can be held up for others after each piece of it, and comes to the same.
import { describe, expect, it } from 'vitest'
import { type Bytes, u32be, utf8 } from '../base/bytes.ts'
import { mergeArtifact, mergeInPieces } from './artifact.ts'
import type { CrdtState } from './crdt-state.ts'
import { MERGE_PIECE } from './limits.ts'
import { memoryState } from './memory-state.ts'
import { idOf, Replica, type Sent } from './replica-fixture.ts'
import type { CrdtSession } from './session.ts'

const id = idOf('large')
const COUNT = 2000
/** What one element may read and write: a path down an index, and its records. */
const STEPS_EACH = 100

const many = (work: (index: number) => void) => {
  for (let index = 0; index < COUNT; index += 1) work(index)
}

const KINDS: Readonly<Record<string, (session: CrdtSession) => void>> = {
  'entries of a map': (session) => many((index) => session.mapInsert(id, u32be(index), utf8('value'))),
  'sets of one element': (session) => many((index) => session.setInsert(idOf(`${index}`), utf8('element'))),
  'elements of a vector': (session) => many((index) => session.vector.push(id, u32be(index))),
  'characters of a text': (session) => session.text.insert(id, 0n, utf8('x'.repeat(COUNT))),
  'texts of few characters': (session) => many((index) => session.text.insert(idOf(`${index % 200}`), 0n, utf8('abc'))),
}

/** The steps of each piece. */
function merged(state: CrdtState, { artifact, ...meta }: Sent): number[] {
  let steps = 0
  const counted: CrdtState = {
    get(key: Bytes) {
      steps += 1
      return state.get(key)
    },
    set(key, value) {
      steps += 1
      state.set(key, value)
    },
  }
  const pieces: number[] = []
  for (const _ of mergeInPieces(counted, artifact, meta)) {
    pieces.push(steps)
    steps = 0
  }
  return [...pieces, steps]
}

function written(work: (session: CrdtSession) => void, by = new Replica('author')): Sent {
  const sent = by.call(work)
  if (sent === undefined) throw new Error('nothing was written')
  return sent
}

describe('an artifact of many changes', () => {
  it.each(Object.entries(KINDS))('%s: merges piece by piece, to the same state', (_, work) => {
    const sent = written(work)
    const [whole, pieced] = [memoryState(), memoryState()]
    mergeArtifact(whole, sent.artifact, sent)
    const pieces = merged(pieced, sent)
    expect(pieced.dump()).toEqual(whole.dump())
    expect(pieces.length).toBeGreaterThanOrEqual(COUNT / MERGE_PIECE)
    expect(Math.max(...pieces)).toBeLessThan(STEPS_EACH * MERGE_PIECE)
  })

  it('that brings many to their place, which have waited for one element, places them piece by piece', () => {
    const author = new Replica('author')
    const first = written((session) => session.vector.push(id, utf8('first')), author)
    const others = written((session) => many((index) => session.vector.push(id, u32be(index))), author)
    const [whole, pieced] = [memoryState(), memoryState()]
    for (const sent of [others, first]) mergeArtifact(whole, sent.artifact, sent)
    merged(pieced, others)
    const pieces = merged(pieced, first)
    expect(pieced.dump()).toEqual(whole.dump())
    expect(pieces.length).toBeGreaterThanOrEqual(COUNT / MERGE_PIECE)
    expect(Math.max(...pieces)).toBeLessThan(STEPS_EACH * MERGE_PIECE)
  })

  it('is not cut where they are few', () => {
    const few = written((session) => {
      for (let index = 0; index < MERGE_PIECE; index += 1) session.mapInsert(id, u32be(index), utf8('value'))
    })
    expect(merged(memoryState(), few)).toHaveLength(1)
  })
})
