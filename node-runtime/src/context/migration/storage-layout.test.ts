// Records of the storage layer of Calimero's SDK, as those of two releases lie in the states of applications.
import { describe, expect, it } from 'vitest'
import { type Bytes, concat, toHex, utf8 } from '../../base/bytes.ts'
import { sha256 } from '../../base/hash.ts'
import { converted, isConvertible, ROOT_RECORD_KEY } from './storage-layout.ts'

const id = (fill: number) => new Uint8Array(32).fill(fill)
const byte = (...values: number[]) => Uint8Array.from(values)
const u32 = (value: number) => byte(value, 0, 0, 0)
const times = (made: number) => concat([byte(made, 0, 0, 0, 0, 0, 0, 0), byte(9, 0, 0, 0, 0, 0, 0, 0)])
const indexKey = (of: Bytes) => sha256(concat([byte(0), of]))
const entryKey = (of: Bytes) => sha256(concat([byte(1), of]))

const CONTEXT = id(0xc0)
const ROOT = id(0x76)
const MAP = id(0x11)
const entryOf = (key: string, of: Bytes) => concat([u32(key.length), utf8(key), u32(1), utf8('v'), of])
const before = (key: string) => sha256(concat([MAP, utf8(key)]))
const after = (key: string) => sha256(concat([MAP, utf8('__calimero_entry__'), utf8(key)]))

interface Record {
  readonly of: Bytes
  readonly parent?: Bytes
  readonly children?: readonly { readonly of: Bytes; readonly hash: Bytes; readonly made: number }[]
  readonly full: Bytes
  readonly own: Bytes
  readonly made: number
}

/** `more`: what follows each set of times and kind. */
function record({ of, parent, children, full, own, made }: Record, more: Bytes): Bytes {
  const listed = children?.flatMap((child) => [child.of, child.hash, times(child.made), byte(0), more]) ?? []
  return concat([
    of,
    parent ? concat([byte(1), parent]) : byte(0),
    children ? concat([byte(1), u32(children.length), ...listed]) : byte(0),
    full,
    own,
    times(made),
    byte(0),
    more,
    byte(0),
  ])
}

function stateOf(idOf: (key: string) => Bytes, more: Bytes): (readonly [Bytes, Bytes])[] {
  const keys = ['a', 'b']
  const entries = keys.map((key) => entryOf(key, idOf(key)))
  const owns = entries.map((entry) => sha256(entry))
  const fulls = owns.map((own) => sha256(own))
  const mapOwn = sha256(MAP)
  const children = keys.map((key, at) => ({ of: idOf(key), hash: fulls[at] ?? MAP, made: at + 1 }))
  const map = { of: MAP, parent: CONTEXT, children, full: sha256(concat([mapOwn, ...fulls])), own: mapOwn, made: 1 }
  const rootEntry = concat([MAP, ROOT])
  const rootOwn = sha256(rootEntry)
  const root = { of: ROOT, parent: CONTEXT, full: sha256(rootOwn), own: rootOwn, made: 2 }
  return [
    [indexKey(ROOT), record(root, more)],
    [entryKey(ROOT), rootEntry],
    [indexKey(MAP), record(map, more)],
    [entryKey(MAP), MAP],
    ...keys.flatMap((key, at) => {
      const own = owns[at] ?? MAP
      const facts = { of: idOf(key), parent: MAP, full: sha256(own), own, made: at + 1 }
      return [[indexKey(idOf(key)), record(facts, more)] as const, [entryKey(idOf(key)), entries[at] ?? MAP] as const]
    }),
  ]
}

const EARLIER = stateOf(before, byte())
const LATER = stateOf(after, byte(0, 0))

function applied(state: readonly (readonly [Bytes, Bytes])[]): Map<string, string> {
  const all = new Map(state.map(([key, value]) => [toHex(key), toHex(value)]))
  for (const { key, value } of converted(state) ?? []) {
    if (value === null) all.delete(toHex(key))
    else all.set(toHex(key), toHex(value))
  }
  return all
}

describe('records of the earlier layout', () => {
  it('become what the later one would have written: other ids of entries, other hashes, room for types', () => {
    expect(applied(EARLIER)).toEqual(new Map(LATER.map(([key, value]) => [toHex(key), toHex(value)])))
  })

  it('are told by the record of the root object, from what the later application has made', () => {
    const rootOf = (state: typeof EARLIER) => state.find(([key]) => toHex(key) === toHex(ROOT_RECORD_KEY))?.[1]
    expect(isConvertible(rootOf(EARLIER), rootOf(LATER))).toBe(true)
    expect(isConvertible(rootOf(EARLIER), rootOf(EARLIER))).toBe(false)
    expect(isConvertible(rootOf(LATER), rootOf(LATER))).toBe(false)
    expect(isConvertible(undefined, rootOf(LATER))).toBe(false)
  })

  it('are left alone where one is not of it, or has an owner', () => {
    expect(converted([...EARLIER, ...LATER.slice(4)])).toBe(undefined)
    const owned = EARLIER.map(([key, value]): readonly [Bytes, Bytes] => {
      const changed = new Uint8Array(value)
      if (toHex(key) === toHex(ROOT_RECORD_KEY)) changed[changed.byteLength - 2] = 1
      return [key, changed]
    })
    expect(converted(owned)).toBe(undefined)
  })

  it('are left alone where one is beneath itself', () => {
    const [own, full] = [sha256(MAP), sha256(MAP)]
    const children = [{ of: MAP, hash: full, made: 1 }]
    const circle = record({ of: MAP, parent: CONTEXT, children, full, own, made: 1 }, byte())
    expect(converted([...EARLIER.slice(0, 2), [indexKey(MAP), circle], [entryKey(MAP), MAP]])).toBe(undefined)
  })

  it('of any depth are rewritten, and in whatever order they are read', () => {
    const deep: (readonly [Bytes, Bytes])[] = []
    const idAt = (at: number) => sha256(utf8(`element ${at}`))
    for (let at = 0; at < 6_000; at += 1) {
      const children = [{ of: idAt(at + 1), hash: id(1), made: 1 }]
      const facts = { of: idAt(at), parent: CONTEXT, children, full: id(1), own: id(2), made: 1 }
      deep.push([indexKey(idAt(at)), record(facts, byte())])
    }
    const [there, back] = [deep, deep.toReversed()].map((rows) => converted([...EARLIER, ...rows]))
    expect(there?.length).toBeGreaterThan(6_000)
    const written = (all = there) =>
      toHex(sha256(concat(all?.flatMap(({ key, value }) => [key, value ?? byte()]) ?? [])))
    expect(written(back)).toBe(written())
  })
})
