import { describe, expect, it } from 'vitest'
import type { Bytes } from '../base/bytes.ts'
import { type DeltaId, ID_LENGTH, idBytes } from '../base/ids.ts'
import { decodeDelta, encodeDelta, sealUnsigned, signDeltas, type UnsignedDelta, verifyDelta } from './delta.ts'
import { isPath, rootOver, treeOf } from './delta-tree.ts'
import { TREE_DEPTH_MAX } from './limits.ts'
import { alice, bob, delta, groupKey, idOf, payload, plain } from './messages.fixture.ts'

const ids = (count: number) => Array.from({ length: count }, (_, index) => idOf<DeltaId>(`delta ${index}`))
const random = { bytes: (length: number) => new Uint8Array(length), float: () => 0 }

function unsigned(count: number): UnsignedDelta[] {
  const { id: _id, sealed: _sealed, signature: _signature, ...header } = delta
  return Array.from({ length: count }, (_, index) => {
    return sealUnsigned({ header: { ...header, hlc: header.hlc + BigInt(index) }, payload, groupKey, random })
  })
}

describe('the tree above the deltas of a batch', () => {
  it.each([2, 3, 4, 5, 7, 8, 33, 64])('of %i has one root, to which the path of each leads', (count) => {
    const all = ids(count)
    const { root, paths } = treeOf(all)
    expect(new Set(paths.map((path) => path.byteLength))).toEqual(
      new Set([1 + Math.ceil(Math.log2(count)) * ID_LENGTH]),
    )
    all.forEach((id, index) => {
      const path = paths[index] ?? new Uint8Array(0)
      expect(isPath(path)).toBe(true)
      expect(rootOver(id, path)).toEqual(root)
    })
  })

  it('leads elsewhere from another id, another place, and with another hash', () => {
    const [first, second] = ids(2)
    const { root, paths } = treeOf(ids(5))
    const [path] = paths
    if (!first || !second || !path) throw new Error('no tree')
    expect(rootOver(second, path)).not.toEqual(root)
    const changes = [0, 1, path.byteLength - 1].map((at) => {
      const changed = Uint8Array.from(path)
      changed[at] = (changed[at] ?? 0) ^ 1
      return rootOver(first, changed)
    })
    for (const changed of changes) expect(changed).not.toEqual(root)
  })

  it('has no path of another form', () => {
    const path = (depth: number, index: number, more = 0): Bytes => {
      const bytes = new Uint8Array(1 + depth * ID_LENGTH + more)
      bytes[0] = index
      return bytes
    }
    expect([path(1, 1), path(2, 3), path(TREE_DEPTH_MAX, 63)].map(isPath)).toEqual([true, true, true])
    const others = [path(0, 0), path(1, 2), path(2, 4), path(TREE_DEPTH_MAX + 1, 0), path(1, 0, 1)]
    expect(others.map(isPath)).toEqual(others.map(() => false))
    expect(isPath(new Uint8Array(0))).toBe(false)
  })
})

describe('deltas that are signed together', () => {
  it('share a signature, and each is genuine and travels without the others', () => {
    const signed = signDeltas(unsigned(5), alice)
    expect(new Set(signed.map(({ signature }) => Buffer.from(signature).toString('hex'))).size).toBe(1)
    for (const each of signed) {
      const received = decodeDelta(encodeDelta(each))
      expect(plain(received)).toEqual(plain(each))
      expect(verifyDelta(received)).toBe(true)
    }
  })

  it('have none where there is only one: its signature is over its id', () => {
    const [only] = signDeltas(unsigned(1), alice)
    expect(only?.path).toBeUndefined()
    expect(only && verifyDelta(only)).toBe(true)
    expect(signDeltas([], alice)).toEqual([])
  })

  it('are not genuine with the path of another, without one, or under another author', () => {
    const [first, second] = signDeltas(unsigned(2), alice)
    if (!first?.path || !second?.path) throw new Error('not signed together')
    expect(verifyDelta({ ...first, path: second.path })).toBe(false)
    const { path: _path, ...without } = first
    expect(verifyDelta(without)).toBe(false)
    expect(verifyDelta({ ...first, author: bob.publicKey })).toBe(false)
    // The signature of one alone does not stand for a tree.
    expect(verifyDelta({ ...delta, path: first.path })).toBe(false)
    expect(verifyDelta({ ...first, id: idOf<DeltaId>('forged') })).toBe(false)
  })

  it('are refused with a signature that is wrong, again and again, whatever is remembered of the right one', () => {
    const [first] = signDeltas(unsigned(2), alice)
    if (!first) throw new Error('not signed')
    const signature = Uint8Array.from(first.signature)
    signature[5] = (signature[5] ?? 0) ^ 1
    for (const right of [false, true, false]) {
      expect(verifyDelta(right ? first : { ...first, signature })).toBe(right)
    }
  })

  it('are not decoded with a path that no tree has', () => {
    const [first] = signDeltas(unsigned(2), alice)
    if (!first?.path) throw new Error('not signed together')
    const path = Uint8Array.from(first.path)
    path[0] = 2
    expect(() => decodeDelta(encodeDelta({ ...first, path }))).toThrow(/no tree/)
  })

  it('are all of who signs', () => {
    expect(() => signDeltas(unsigned(2), bob)).toThrow(/by its author/)
    expect(idBytes(delta.id)).toHaveLength(ID_LENGTH)
  })
})
