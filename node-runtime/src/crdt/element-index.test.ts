import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Bytes, compareBytes, toHex } from '../base/bytes.ts'
import { ElementIndex } from './element-index.ts'
import { type MemoryState, memoryState } from './memory-state.ts'

const prefix = Uint8Array.of(1, 2)
// Few distinct bytes and short keys: shared beginnings, keys that begin other keys, and the empty key.
const keys = fc.array(fc.constantFrom(0, 1, 0x10, 0x61, 0xff), { maxLength: 4 }).map((bytes) => Uint8Array.from(bytes))
const steps = fc.array(
  fc.tuple(
    fc.nat(2).map((n) => n > 0),
    keys,
  ),
  { maxLength: 600 },
)

function built(model: Iterable<Bytes>): MemoryState {
  const state = memoryState()
  const index = new ElementIndex(state, prefix)
  for (const key of model) index.add(key)
  return state
}

describe('the element index', () => {
  it('is the sorted set of its keys, in bytes that depend on the set alone', () => {
    fc.assert(
      fc.property(steps, fc.boolean(), (todo, emptied) => {
        const state = memoryState()
        const index = new ElementIndex(state, prefix)
        const model = new Map<string, Bytes>()
        for (const [add, key] of todo) {
          const name = toHex(key)
          if (add === model.has(name)) continue
          add ? index.add(key) : index.delete(key)
          add ? model.set(name, key) : model.delete(name)
        }
        const sorted = [...model.values()].sort(compareBytes)
        expect([...index.keys()].map(toHex)).toEqual(sorted.map(toHex))
        expect(state.dump()).toEqual(built(sorted.toReversed()).dump())
        if (!emptied) return
        for (const key of sorted) index.delete(key)
        expect(state.dump()).toEqual([])
      }),
      { numRuns: 200 },
    )
  })

  it('gives the keys of any range in either direction, and knows which it has', () => {
    const bound = fc.option(keys, { nil: undefined })
    fc.assert(
      fc.property(
        fc.uniqueArray(keys, { selector: toHex, maxLength: 300 }),
        bound,
        bound,
        fc.boolean(),
        (all, gte, lt, reverse) => {
          const index = new ElementIndex(built(all), prefix)
          const sorted = all.toSorted(compareBytes)
          const inside = sorted.filter(
            (key) => (!gte || compareBytes(key, gte) >= 0) && (!lt || compareBytes(key, lt) < 0),
          )
          const range = { ...(gte && { gte }), ...(lt && { lt }), reverse }
          expect([...index.keys(range)].map(toHex)).toEqual((reverse ? inside.reverse() : inside).map(toHex))
          for (const key of [gte, lt, ...all])
            if (key) expect(index.has(key)).toBe(sorted.some((one) => toHex(one) === toHex(key)))
        },
      ),
      { numRuns: 200 },
    )
  })

  it.each(['shared-', ''])(
    'has the shape of its size at every size on the way down (keys begin with "%s")',
    (begin) => {
      const keysIn = Array.from({ length: 80 }, (_, n) => Buffer.from(`${begin}${(n * 37) % 80}`))
      const state = built(keysIn)
      const index = new ElementIndex(state, prefix)
      while (keysIn.length > 0) {
        index.delete(keysIn.shift() ?? prefix)
        expect(state.dump()).toEqual(built(keysIn).dump())
      }
    },
  )

  it('keeps an inner node beside few keys, and lifts it when those are gone', () => {
    const many = Array.from({ length: 40 }, (_, n) => Buffer.from(`many-${n}`))
    const few = ['many-', 'm', 'x', 'xy', 'many-1']
      .map((key) => Buffer.from(key))
      .filter((key) => !many.some((k) => k.equals(key)))
    const state = built([...many, ...few])
    const index = new ElementIndex(state, prefix)
    while (few.length > 0) {
      index.delete(few.pop() ?? prefix)
      expect(state.dump()).toEqual(built([...many, ...few]).dump())
    }
  })

  it('changes one record for most keys that come or go, however many there are', () => {
    const state = built(Array.from({ length: 20_000 }, (_, n) => Buffer.from(`key-${n}`)))
    const before = state.writes
    const index = new ElementIndex(state, prefix)
    for (let n = 0; n < 100; n += 1) index.add(Buffer.from(`key-${n * 131}x`))
    for (let n = 0; n < 100; n += 1) index.delete(Buffer.from(`key-${n * 131}x`))
    expect(state.writes - before).toBeLessThanOrEqual(220)
  })

  it.each(['', '03', '01', '010001', '01000102', '0005'])('reports the damaged node %s as corrupt', (hex) => {
    const state = memoryState()
    state.set(Buffer.from('010200', 'hex'), Buffer.from(hex, 'hex'))
    const index = new ElementIndex(state, prefix)
    expect(() => [...index.keys()]).toThrow(expect.objectContaining({ code: 'CRDT_STATE_CORRUPT' }))
  })
})
