import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toHex } from '../base/bytes.ts'
import { behind, END, EVERYTHING, type ItemKey, START } from './item-key.ts'
import { keyNumber, RowSet } from './item-set.fixture.ts'
import { BUCKET_MAX, decodeNode, encodeNode } from './set-node.ts'
import { SetView } from './set-view.ts'

/** Stamps and ids with long common beginnings as well as random ones: deep and wide tries. */
const digits = (length: number) =>
  fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 0, max: 400 }).map((n) => n.toString(16).padStart(length, '0')) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 15 }).map((n) => n.toString(16).repeat(length)) },
    { weight: 2, arbitrary: fc.nat().map((n) => keyNumber(n, 0n).slice(-length)) },
  )
const key = fc.tuple(digits(16), digits(48)).map(([stamp, id]): ItemKey => stamp + id)
const keys = fc.uniqueArray(key, { maxLength: 300 })
const bound = fc.oneof(
  fc.constantFrom(START, END),
  fc.tuple(key, fc.integer({ min: 1, max: 32 })).map(([k, bytes]) => k.slice(0, 2 * bytes)),
  key.map(behind),
)
const rowsOf = (set: RowSet) => [...set.rows].map(([path, row]) => `${path} ${toHex(row)}`).sort()

describe('the set of items', () => {
  test('rows depend on the keys alone, not on the order of changes or on what was there between them', () => {
    fc.assert(
      fc.property(keys, keys, fc.integer({ min: 1, max: 40 }), (wanted, others, step) => {
        const gone = others.filter((other) => !wanted.includes(other))
        const once = new RowSet(wanted)
        const stepwise = new RowSet()
        const mixed = [...wanted, ...gone].sort((a, b) => (a.slice(-9) < b.slice(-9) ? -1 : 1))
        for (let at = 0; at < mixed.length; at += step) stepwise.change(mixed.slice(at, at + step), true)
        for (let at = 0; at < gone.length; at += step) stepwise.change(gone.slice(at, at + step), false)
        expect(rowsOf(stepwise)).toEqual(rowsOf(once))
      }),
    )
  })

  test('additions and removals in one change work together', () => {
    fc.assert(
      fc.property(keys, keys, (before, after) => {
        const set = new RowSet(before)
        const leaving = before.filter((k) => !after.includes(k)).map((k) => ({ key: k, held: false }))
        set.changeAll([...after.map((k) => ({ key: k, held: true })), ...leaving])
        expect(rowsOf(set)).toEqual(rowsOf(new RowSet(after)))
      }),
    )
  })

  test('counts, keys, ranks and fingerprints of ranges are those of a sorted list', () => {
    fc.assert(
      fc.property(keys, bound, bound, fc.integer({ min: 0, max: 50 }), (all, a, b, limit) => {
        const range = a < b ? { from: a, to: b } : { from: b, to: a }
        const view = new RowSet(all).view()
        const sorted = [...all].sort()
        const inside = sorted.filter((k) => k >= range.from && k < range.to)
        const alone = new RowSet(inside).view()
        expect(view.size).toBe(all.length)
        expect(view.count(range)).toBe(inside.length)
        expect(view.keys(range, limit)).toEqual(inside.slice(0, limit))
        expect(view.summary(range)).toEqual(alone.summary(EVERYTHING))
        expect(sorted.map((_, rank) => view.at(rank))).toEqual(sorted)
        expect([view.at(-1), view.at(sorted.length)]).toEqual([undefined, undefined])
        expect(sorted.every((k) => view.has(k))).toBe(true)
        expect(view.has(keyNumber(-1 >>> 0, 7n))).toBe(false)
      }),
    )
  })

  test('different sets have different fingerprints, in any range that shows the difference', () => {
    fc.assert(
      fc.property(keys, key, bound, bound, (all, extra, a, b) => {
        fc.pre(!all.includes(extra))
        const range = a < b ? { from: a, to: b } : { from: b, to: a }
        const [less, more] = [new RowSet(all).view(), new RowSet([...all, extra]).view()]
        const shows = extra >= range.from && extra < range.to
        expect(toHex(less.summary(range).fingerprint) !== toHex(more.summary(range).fingerprint)).toBe(shows)
      }),
    )
  })

  test('a split tiles its range with parts of about equal size, none empty', () => {
    fc.assert(
      fc.property(keys, bound, bound, fc.integer({ min: 2, max: 20 }), (all, a, b, parts) => {
        const range = a < b ? { from: a, to: b } : { from: b, to: a }
        const view = new RowSet(all).view()
        const tiles = view.split(range, parts)
        const count = view.count(range)
        expect([tiles[0]?.from, tiles.at(-1)?.to]).toEqual([range.from, range.to])
        expect(tiles.slice(1).map(({ from }) => from)).toEqual(tiles.slice(0, -1).map(({ to }) => to))
        if (count < parts) return
        expect(tiles).toHaveLength(parts)
        for (const tile of tiles) expect(Math.abs(view.count(tile) - count / parts)).toBeLessThan(1)
      }),
    )
  })

  test('nodes survive their bytes; a bucket is never over its size, a branch never under it', () => {
    fc.assert(
      fc.property(keys, (all) => {
        const set = new RowSet(all)
        for (const path of set.rows.keys()) {
          const node = set.load(path)
          if (node === undefined) throw new Error('a row without a node')
          expect(decodeNode(encodeNode(node))).toEqual(node)
          if (node.kind === 'bucket') expect(node.keys.length).toBeLessThanOrEqual(BUCKET_MAX)
          else expect(node.children.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThan(BUCKET_MAX)
          if (node.kind === 'branch') expect(node.children.length).toBeGreaterThan(1)
        }
      }),
    )
  })

  test('damaged rows are named as such, and never crash the reader otherwise', () => {
    fc.assert(
      fc.property(keys, fc.nat(), fc.uint8Array({ maxLength: 60 }), (all, at, noise) => {
        const row = [...new RowSet(all).rows.values()][0] ?? new Uint8Array(1)
        const hurt = Uint8Array.from(row)
        hurt.set(noise.subarray(0, Math.max(0, hurt.length - (at % hurt.length))), at % hurt.length)
        for (const bytes of [hurt, noise, row.subarray(0, at % row.length)]) {
          try {
            decodeNode(bytes)
          } catch (error) {
            expect(error).toMatchObject({ code: 'SET_DAMAGED' })
          }
        }
      }),
    )
  })

  test('a branch has one byte form: what is left beside an odd number of digits is nothing', () => {
    const child = (digit: string) => ({ digit, count: 20, fingerprint: new Uint8Array(32).fill(1) })
    const row = encodeNode({ kind: 'branch', prefix: 'abc', children: [child('0'), child('f')] })
    expect([...row.subarray(0, 4)]).toEqual([1, 3, 0xab, 0xc0])
    row[3] = 0xc4
    expect(() => decodeNode(row)).toThrow(expect.objectContaining({ code: 'SET_DAMAGED' }))
  })

  test('one more item costs a few rows and reads, however many there are', () => {
    const all = Array.from({ length: 20_000 }, (_, index) => keyNumber(index, BigInt(index) * 50_000_000n))
    const set = new RowSet(all)
    let most = 0
    for (let index = 0; index < 200; index += 1) {
      set.change([keyNumber(1_000_000 + index, BigInt(index * 100) * 50_000_000n + 1n)], true)
      most = Math.max(most, set.written)
    }
    // A path is 5 deep; an item that makes a bucket branch writes up to 17 rows more.
    expect(most).toBeLessThanOrEqual(24)
    const view = set.view()
    view.summary({ from: keyNumber(0, 50_000_000_333n).slice(0, 14), to: keyNumber(0, 700_000_000_333n).slice(0, 14) })
    expect(view.visits).toBeLessThanOrEqual(16)
  })

  test('an author who chooses stamps and ids makes the trie no deeper than its digits', () => {
    // A comb: each key leaves the others one digit later, the worst that any choice can do.
    const comb = Array.from({ length: 63 }, (_, depth) => `${'0'.repeat(depth)}1${'0'.repeat(63 - depth)}`)
    const set = new RowSet([...comb, ...comb.map((k) => `${k.slice(0, 63)}2`)])
    const view = new SetView(set.load)
    expect(view.at(0)).toBe(comb.at(-1) ?? '')
    expect(view.visits).toBeLessThanOrEqual(64)
  })
})
