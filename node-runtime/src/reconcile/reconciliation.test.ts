// Two sets, compared through the very bytes of the messages.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Bytes, toHex, u64be } from '../base/bytes.ts'
import { type ContextId, idFromBytes } from '../base/ids.ts'
import { compareSets } from '../testing/compare-sets.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import type { Codec } from '../wire/codec.ts'
import { WireError } from '../wire/errors.ts'
import { syncFrameMessage, syncRequestMessage } from '../wire/sync-messages.ts'
import { type Answer, answerProbes, keysOfWants, type Want } from './answer.ts'
import { type Bound, type ItemKey, idOfKey, packKeys } from './item-key.ts'
import { keyNumber, RowSet } from './item-set.fixture.ts'
import { FANOUT, LACKS_MAX, LIST_MAX, PROBES_MAX, ROUNDS_MAX } from './limits.ts'
import { Reconciliation } from './reconciliation.ts'
import { EMPTY_FINGERPRINT } from './set-view.ts'

const contextId = idFromBytes<ContextId>(new Uint8Array(32))
const SECOND = 1_000_000_000n

/** What `there` has and `here` lacks, and the other way, as a fetch of the wants would bring it. */
function differences(here: RowSet, there: RowSet, floors: { here?: Bound; there?: Bound } = {}) {
  const { found, rounds, bytes } = compareSets(here, there, { contextId, floors })
  return { ...found, fetched: allOf(there, found.wants), rounds, bytes }
}

const allOf = (set: RowSet, wants: readonly Want[]) =>
  keysOfWants(set.view(), wants, { limit: Number.MAX_SAFE_INTEGER, visitsMax: Number.MAX_SAFE_INTEGER }).keys

const without = (all: readonly ItemKey[], gone: readonly ItemKey[]) => {
  const set = new Set(gone)
  return all.filter((key) => !set.has(key)).sort()
}
const history = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => keyNumber(from + index, BigInt(from + index) * (SECOND / 20n)))

describe('two sets compared', () => {
  const key = fc.tuple(fc.integer({ min: 0, max: 3 }), fc.nat({ max: 5000 })).map(([kind, n]) => {
    // One stamp for many ids, few stamps, and stamps that are all different.
    const stamp = [7n, BigInt(n % 10), BigInt(n) * SECOND, BigInt(n)][kind] ?? 0n
    return keyNumber(n, stamp)
  })
  const sets = fc.record({
    common: fc.uniqueArray(key, { maxLength: 600 }),
    here: fc.uniqueArray(key, { maxLength: 200 }),
    there: fc.uniqueArray(key, { maxLength: 200 }),
  })

  test('each side learns exactly what it lacks, whatever the sets', () => {
    fc.assert(
      fc.property(sets, ({ common, here, there }) => {
        const ours = [...new Set([...common, ...here])]
        const theirs = [...new Set([...common, ...there])]
        const found = differences(new RowSet(ours), new RowSet(theirs))
        // A range that is wanted whole has nothing of ours.
        expect(found.fetched).toEqual(without(theirs, ours))
        expect(found.lacks).toEqual(without(ours, theirs))
        expect([found.complete, found.lacksMore]).toEqual([true, false])
      }),
      { numRuns: 150 },
    )
  })

  test('equal sets are known as equal after one frame', () => {
    for (const count of [0, 1, 40, 8_000]) {
      const set = new RowSet(history(count))
      const { wants, lacks, rounds, bytes } = differences(set, new RowSet([...history(count)].reverse()))
      expect({ wants, lacks, rounds }).toEqual({ wants: [], lacks: [], rounds: 1 })
      expect(bytes).toBeLessThan(800)
    }
  })

  test('who is behind learns it in one frame; so does a new one, without a list of ids', () => {
    const all = history(8_000)
    const behind = differences(new RowSet(all.slice(0, -15)), new RowSet(all))
    expect([behind.fetched, behind.rounds]).toEqual([all.slice(-15), 1])
    const far = differences(new RowSet(all.slice(0, 5000)), new RowSet(all))
    expect([far.fetched.length, far.wants.length, far.rounds]).toEqual([3_000, 1, 1])
    const fresh = differences(new RowSet(), new RowSet(all))
    expect([fresh.fetched.length, fresh.rounds]).toEqual([8_000, 1])
    expect(fresh.bytes).toBeLessThan(250)
  })

  test('one old difference among 8,000 takes four frames and a few kilobytes, on either side', () => {
    const all = history(8_000)
    const set = new RowSet(all)
    for (const index of [0, 1, 777, 5_999, 3_000, 7_700, 7_998]) {
      const gone = all.slice(index, index + 1)
      const less = new RowSet(without(all, gone))
      const lacking = differences(less, set)
      const offering = differences(set, less)
      expect([lacking.fetched, lacking.lacks]).toEqual([gone, []])
      expect([offering.fetched, offering.lacks]).toEqual([[], gone])
      for (const { rounds, bytes } of [lacking, offering]) {
        expect(rounds).toBeLessThanOrEqual(4)
        expect(bytes).toBeLessThan(6_000)
      }
    }
  })

  test('sets without anything in common, and one inside the other', () => {
    const [left, right] = [history(3_000), history(3_000, 3_000)]
    const apart = differences(new RowSet(left), new RowSet(right))
    expect(apart.fetched).toEqual(right)
    expect([apart.lacks.length, apart.lacksMore]).toEqual([LACKS_MAX, true])
    const woven = history(4_000)
    const even = woven.filter((_, index) => index % 2 === 0)
    const inside = differences(new RowSet(even), new RowSet(woven))
    expect(inside.fetched).toEqual(without(woven, even))
  })

  test('many ids under one stamp are told apart', () => {
    const all = Array.from({ length: 5_000 }, (_, index) => keyNumber(index, 42n))
    const gone = [all[17], all[4_000]].filter((k) => k !== undefined)
    const found = differences(new RowSet(without(all, gone)), new RowSet(all))
    expect(found.fetched).toEqual([...gone].sort())
    expect(found.rounds).toBeLessThanOrEqual(4)
  })

  test('what either side has pruned is not compared', () => {
    const all = history(2_000)
    const floorOf = (index: number) => toHex(u64be(BigInt(index) * (SECOND / 20n)))
    const [old, gone] = [all.slice(500), all[1_500] ?? '']
    const pruned = new RowSet(old)
    const whole = new RowSet(without(all, [gone]))
    const asking = differences(pruned, whole, { here: floorOf(500) })
    expect([asking.fetched, asking.lacks]).toEqual([[], [gone]])
    const answering = differences(whole, pruned, { there: floorOf(500) })
    expect([answering.fetched, answering.lacks]).toEqual([[gone], []])
    expect(answering.rounds).toBeLessThanOrEqual(5)
  })

  test('an item that arrives between two frames is not wanted any more, and nothing is missed', () => {
    const all = history(5_000)
    const here = new RowSet(without(all, all.slice(1_000, 1_003)))
    const there = new RowSet(all)
    const { found } = compareSets(here, there, {
      contextId,
      afterRound: (round) => round === 1 && here.change(all.slice(1_001, 1_002), true),
    })
    expect(allOf(there, found.wants)).toEqual([all[1_000], all[1_002]])
  })

  test('an answer that would read too much puts ranges off; they are asked again', () => {
    const all = history(6_000)
    const gone = all.filter((_, index) => index % 40 === 0)
    const there = new RowSet(all)
    const found = compareSets(new RowSet(without(all, gone)), there, { contextId, visitsMax: 400 })
    expect(allOf(there, found.found.wants)).toEqual(gone)
    expect(found.laterSeen).toBe(true)
  })

  test.each(['item', 'range'] as const)(
    'wants of which nothing is here, each one %s, cost no more than a page',
    (t) => {
      const there = new RowSet(history(6_000))
      const wants = Array.from({ length: 2_000 }, (_, index): Want => {
        const key = keyNumber(10_000 + index, (BigInt(index) * SECOND) / 7n + 1n)
        return t === 'item' ? { t, key } : { t, from: key, to: `${key}00` }
      })
      const view = there.view()
      expect(keysOfWants(view, wants, { limit: 10, visitsMax: 400 })).toEqual({ keys: [], isCut: true })
      expect(view.visits).toBeLessThan(420)
      // What is here and asked for behind some of these is found with the next request.
      const [some = ''] = history(6_000)
      expect(keysOfWants(there.view(), [{ t: 'item', key: some }, ...wants], { limit: 10, visitsMax: 400 })).toEqual({
        keys: [some],
        isCut: true,
      })
    },
  )

  test('frames stay small, whatever differs', () => {
    const random = seededRandom(11)
    const all = history(10_000)
    const some = all.filter(() => random.float() < 0.5)
    const { frames, found, largest } = compareSets(new RowSet(some), new RowSet(all), { contextId })
    expect(Math.max(...frames.map((frame) => frame.length))).toBeLessThanOrEqual(PROBES_MAX)
    expect(largest).toBeLessThan(1024 * 1024)
    expect(found.complete).toBe(true)
  })
})

describe('a hostile answer', () => {
  const set = new RowSet(history(1_000))
  const asking = (answersOf: (count: number) => readonly Answer[]) => {
    const reconciliation = new Reconciliation(set.read)
    reconciliation.take(answersOf(reconciliation.probes().length), '')
  }
  const fill = (answer: Answer) => (count: number) => Array.from({ length: count }, () => answer)
  const part = (to: Bound) => ({ to, count: 9, fingerprint: EMPTY_FINGERPRINT })

  test.each<[string, (count: number) => readonly Answer[]]>([
    ['fewer answers than probes', (count) => fill({ t: 'same' })(count - 1)],
    ['more answers than probes', (count) => fill({ t: 'same' })(count + 1)],
    ['items outside of the range', fill({ t: 'items', keys: new Uint8Array(32).fill(255) })],
    ['items out of order', fill({ t: 'items', keys: new Uint8Array(64) })],
    ['one part only', fill({ t: 'parts', parts: [part('g')] })],
    ['parts that end elsewhere', fill({ t: 'parts', parts: [part('00'), part('01')] })],
    ['parts out of order', fill({ t: 'parts', parts: [part('05'), part('01'), part('g')] })],
    ['too many parts', fill({ t: 'parts', parts: Array.from({ length: FANOUT + 1 }, (_, i) => part(`0${i}`)) })],
    ['everything put off', fill({ t: 'later' })],
  ])('%s is refused', (_, answersOf) => {
    expect(() => asking(answersOf)).toThrow(expect.objectContaining({ code: 'ANSWER_INVALID' }))
  })

  test('a peer that never stops splitting is left after a bounded number of frames', () => {
    const reconciliation = new Reconciliation(set.read)
    let rounds = 0
    for (let probes = reconciliation.probes(); probes.length > 0; probes = reconciliation.probes()) {
      rounds += 1
      const answers = probes.map(({ from, to }): Answer => {
        const middle = between(from, to)
        return middle === undefined ? { t: 'same' } : { t: 'parts', parts: [part(middle), part(to)] }
      })
      reconciliation.take(answers, '')
    }
    expect(rounds).toBeLessThanOrEqual(ROUNDS_MAX)
  })

  test('random answers of the right form are taken or refused, nothing else, and the sets stay as they were', () => {
    const known = history(1_200)
    const hash = fc.uint8Array({ minLength: 32, maxLength: 32 })
    const anyBound = fc.oneof(fc.constant('g'), fc.uint8Array({ minLength: 1, maxLength: 41 }).map(toHex))
    const answer: fc.Arbitrary<Answer> = fc.oneof(
      fc.constantFrom<Answer>({ t: 'same' }, { t: 'all' }, { t: 'later' }),
      fc.array(fc.nat({ max: 1_200 }), { maxLength: LIST_MAX }).map((numbers): Answer => {
        return { t: 'items', keys: packKeys(known.filter((_, index) => numbers.includes(index))) }
      }),
      fc
        .array(fc.record({ to: anyBound, count: fc.nat(), fingerprint: hash }), { minLength: 2, maxLength: FANOUT })
        .map((parts): Answer => ({ t: 'parts', parts: parts.sort((a, b) => (a.to < b.to ? -1 : 1)) })),
    )
    fc.assert(
      fc.property(fc.array(fc.array(answer, { minLength: 1, maxLength: 20 }), { maxLength: 5 }), (frames) => {
        const reconciliation = new Reconciliation(set.read)
        try {
          for (const frame of frames) {
            const probes = reconciliation.probes()
            const answers = probes.map((_, index) => frame[index % frame.length] ?? { t: 'same' as const })
            reconciliation.take(answers, '')
          }
        } catch (error) {
          expect(error).toMatchObject({ code: 'ANSWER_INVALID' })
        }
        for (const want of reconciliation.differences().wants) {
          if (want.t === 'item') expect(set.view().has(want.key)).toBe(false)
          else expect(set.view().count(want) === 0 || want.from < want.to).toBe(true)
        }
      }),
    )
  })

  test('any probe is answered, within the work that a frame may cost', () => {
    const anyBound = fc.oneof(fc.constant('g'), fc.uint8Array({ maxLength: 41 }).map(toHex))
    fc.assert(
      fc.property(fc.array(fc.tuple(anyBound, anyBound), { minLength: 1, maxLength: 60 }), (pairs) => {
        const view = set.view()
        const probes = pairs.map(([from, to]) => ({ from, to, fingerprint: EMPTY_FINGERPRINT }))
        expect(answerProbes(view, probes, { visitsMax: 50 })).toHaveLength(probes.length)
        // The last probe that was looked at may go over, by what one probe can cost.
        expect(view.visits).toBeLessThan(50 + 16 * 3 * FANOUT)
      }),
    )
  })
})

describe('the bytes of frames', () => {
  const all = history(400)
  const { frames, answers } = compareSets(new RowSet(all.slice(0, 300)), new RowSet(all.slice(50)), { contextId })
  const first = frames[0] ?? []
  const samples = [
    syncRequestMessage.encode({ t: 'compare', contextId, probes: first }),
    ...answers.map((each) => syncFrameMessage.encode({ t: 'answers', floor: '', answers: each })),
    syncRequestMessage.encode({
      t: 'fetch',
      contextId,
      wants: [
        { t: 'item', key: all[0] ?? '' },
        { t: 'range', from: '01', to: 'g' },
      ],
    }),
    syncRequestMessage.encode({ t: 'lacking', contextId, keys: all.slice(0, 2), more: true }),
  ]

  test('mutated frames are refused with a wire error, or read as another frame of the same form', () => {
    const cut = fc.record({ sample: fc.nat(), at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }), length: fc.nat() })
    fc.assert(
      fc.property(fc.array(cut, { minLength: 1, maxLength: 4 }), (cuts) => {
        const sample = samples[(cuts[0]?.sample ?? 0) % samples.length] ?? new Uint8Array(1)
        const bytes = Uint8Array.from(sample)
        for (const { at, byte } of cuts) bytes[at % bytes.length] = byte
        for (const each of [bytes, bytes.subarray(0, (cuts[0]?.length ?? 0) % bytes.length)]) {
          for (const again of [encodedAgain(syncRequestMessage, each), encodedAgain(syncFrameMessage, each)]) {
            expect(again).toBe(again === undefined ? undefined : toHex(each))
          }
        }
      }),
      { numRuns: 2_000 },
    )
  })

  test('an id is found in its key', () => {
    const id = all[3] ?? ''
    expect(idOfKey(id)).toBe(id)
  })
})

/** Undefined where the bytes are refused. */
function encodedAgain<T>(codec: Codec<T>, bytes: Bytes): string | undefined {
  let value: T
  try {
    value = codec.decode(bytes)
  } catch (error) {
    if (error instanceof WireError) return undefined
    throw error
  }
  return toHex(codec.encode(value))
}

function between(from: Bound, to: Bound): Bound | undefined {
  const middle = `${from}80`
  return middle.length <= 82 && middle > from && middle < to ? middle : undefined
}
