import fc from 'fast-check'
import { expect, test } from 'vitest'
import { toHex, utf8 } from '../base/bytes.ts'
import { IdMap } from './id-map.ts'

const empty = IdMap.empty<string, string>(utf8)
/** Long common prefixes are the hard case of a trie. */
const keys = fc.constantFrom('0000', '0001', '0010', '0100', '1000', '000f', 'ffff', 'fff0', 'f0ff', 'abcd', 'abce')
const commands = fc.array(fc.tuple(keys, fc.option(fc.constantFrom('x', 'y', 'z'))), { maxLength: 60 })

test('behaves as a sorted Map, and its digest depends on nothing but the content', () => {
  fc.assert(
    fc.property(commands, (steps) => {
      const model = new Map<string, string>()
      let map = empty
      for (const [key, value] of steps) {
        if (value === null) model.delete(key)
        else model.set(key, value)
        map = value === null ? map.delete(key) : map.set(key, value)
        expect(map.size).toBe(model.size)
        expect(map.get(key)).toBe(model.get(key))
        expect(map.has(key)).toBe(model.has(key))
      }
      const content = [...model].sort(([a], [b]) => (a < b ? -1 : 1))
      expect([...map]).toEqual(content)
      let fresh = empty
      for (const [key, value] of content.toReversed()) fresh = fresh.set(key, value)
      expect(toHex(map.digest())).toBe(toHex(fresh.digest()))
      expect(toHex(map.set('0000', 'other').digest())).not.toBe(toHex(map.digest()))
    }),
    { numRuns: 500 },
  )
})

test('versions do not see each other', () => {
  const one = empty.set('00', 'a').set('01', 'b')
  const two = one.set('00', 'c').delete('01')
  expect([...one.values()]).toEqual(['a', 'b'])
  expect([...two.keys()]).toEqual(['00'])
  expect(one.set('00', 'a')).toBe(one)
  expect(one.delete('ff')).toBe(one)
  const seen: string[] = []
  one.forEach((value, key) => {
    seen.push(key + value)
  })
  expect(seen).toEqual(['00a', '01b'])
})
