import { describe, expect, it } from 'vitest'
import { type Bytes, concat, fromUtf8, toHex, utf8 } from '../../base/bytes.ts'
import { encodeArtifact, mergeArtifact } from '../artifact.ts'
import type { Fragment } from '../fragment.ts'
import { memoryState } from '../memory-state.ts'
import { idOf, items, Replica, type Sent } from '../replica-fixture.ts'
import { ChangeFragment, FoundFragment, SharedValueFragment } from './shared-storage.ts'
import { NO_PARENT, nameOf, type WriterSet } from './writer-set.ts'

const id = idOf('owned')
const key = utf8('key')
const forbidden = expect.objectContaining({ code: 'CRDT_FORBIDDEN' })

describe('an authored map', () => {
  it('belongs key by key to who inserted it', () => {
    const [one, two] = [new Replica('one'), new Replica('two')]
    const base = sent(one.call((s) => s.authoredMap.insert(id, key, utf8('1'))))
    two.receive(base)
    const theirs = two.session().authoredMap
    expect(() => theirs.insert(id, key, utf8('2'))).toThrow(forbidden)
    expect(() => theirs.update(id, key, utf8('2'))).toThrow(forbidden)
    expect(() => theirs.remove(id, key)).toThrow(forbidden)
    expect([theirs.ownedByMe(id, key), toHex(theirs.ownerOf(id, key) ?? id)]).toEqual([false, toHex(one.account)])
    const mine = one.session().authoredMap
    expect(text(mine.update(id, key, utf8('2')))).toBe('1')
    expect(text(mine.remove(id, key))).toBe('2')
    expect([mine.remove(id, key), mine.len(id), mine.ownerOf(id, key)]).toEqual([undefined, 0n, undefined])
    mine.insert(id, key, utf8('3'))
    expect(items(mine.iter(id))).toEqual(['key', '3'])
  })

  it('stays with the earlier of two that claimed a key at once, also after its value is removed', () => {
    const [early, late] = [new Replica('early', 10n), new Replica('late', 20n)]
    const first = sent(early.call((s) => s.authoredMap.insert(id, key, utf8('early'))))
    const second = sent(late.call((s) => s.authoredMap.insert(id, key, utf8('late'))))
    early.receive(second)
    late.receive(first)
    expect(text(late.session().authoredMap.get(id, key))).toBe('early')
    late.receive(sent(early.call((s) => void s.authoredMap.remove(id, key))))
    expect(late.state.dump()).toEqual(early.state.dump())
    expect(late.session().authoredMap.contains(id, key)).toBe(false)
    expect(() => late.session().authoredMap.insert(id, key, utf8('again'))).toThrow(forbidden)
  })

  it('keeps the owner’s value when another writes under the key, and says that it was no right of theirs', () => {
    const [one, two] = [new Replica('one', 10n), new Replica('two', 500n)]
    const base = sent(one.call((s) => s.authoredMap.insert(id, key, utf8('1'))))
    const forged = sent(two.call((s) => s.authoredMap.insert(id, key, utf8('forged'))))
    const state = memoryState()
    expect(mergeArtifact(state, base.artifact, base)).toMatchObject({ unauthorised: 0 })
    expect(mergeArtifact(state, forged.artifact, forged)).toMatchObject({ unauthorised: 1 })
    one.state = state
    expect(text(one.session().authoredMap.get(id, key))).toBe('1')
  })

  it('cannot be claimed earlier than the delta that claims, nor earlier than the base', () => {
    const [owner, thief] = [new Replica('owner', 100n), new Replica('thief', 5n)]
    const base = sent(owner.call((s) => s.authoredMap.insert(id, key, utf8('mine'))))
    const forged = sent(thief.call((s) => s.authoredMap.insert(id, key, utf8('stolen'))))
    const state = memoryState()
    mergeArtifact(state, base.artifact, base)
    mergeArtifact(state, forged.artifact, { ...forged, hlc: 200n })
    owner.state = state
    expect(text(owner.session().authoredMap.get(id, key))).toBe('mine')
    const founded = memoryState()
    mergeArtifact(founded, base.artifact, { ...base, founding: true })
    mergeArtifact(founded, forged.artifact, forged)
    owner.state = founded
    expect(text(owner.session().authoredMap.get(id, key))).toBe('mine')
  })
})

describe('shared storage', () => {
  const [one, two, three] = [new Replica('one', 10n), new Replica('two', 20n), new Replica('three', 30n)]
  const writers = concat([one.account, two.bytes])
  const founded = sent(one.call((s) => void s.shared.newWithId(id, writers, false)))

  function nodes(): readonly [Replica, Replica, Replica] {
    const all = [new Replica('one', 10n), new Replica('two', 20n), new Replica('three', 30n)] as const
    for (const node of all) node.receive(founded)
    return all
  }

  it('is written by its writers, named by account or key, and by nobody else', () => {
    const [a, b, c] = nodes()
    expect([a, b, c].map((node) => node.session().shared.writableByMe(id))).toEqual([true, true, false])
    expect(() => c.session().shared.set(id, utf8('x'))).toThrow(forbidden)
    expect(() => c.session().shared.rotateWriters(id, c.account)).toThrow(forbidden)
    const set = sent(b.call((s) => s.shared.set(id, utf8('b'))))
    a.receive(set)
    expect(text(a.session().shared.get(id))).toBe('b')
    expect(a.session().shared.writers(id).byteLength).toBe(64)
  })

  it('does not exist before it is made, and stays as it was made when it is made again', () => {
    const missing = idOf('missing')
    const s = three.session()
    for (const wrong of [
      () => s.shared.get(missing),
      () => s.shared.writers(missing),
      () => s.shared.isFrozen(missing),
    ]) {
      expect(wrong).toThrow(expect.objectContaining({ code: 'CRDT_ARGUMENT' }))
    }
    expect(() => s.shared.new(utf8('short'), false)).toThrow(expect.objectContaining({ code: 'CRDT_ARGUMENT' }))
    const [a] = nodes()
    expect(a.call((again) => void again.shared.newWithId(id, three.account, true))).toBeUndefined()
    expect(a.session().shared.isFrozen(id)).toBe(false)
  })

  it('has no effect, and is counted, when a write is not by a writer of the set it names', () => {
    const [a, b, c] = nodes()
    const set = sent(a.call((s) => s.shared.set(id, utf8('a'))))
    const rotated = sent(a.call((s) => s.shared.rotateWriters(id, c.account)))
    for (const { artifact, hlc } of [set, rotated]) {
      const before = b.state.dump()
      expect(mergeArtifact(b.state, artifact, { author: c.publicKey, hlc })).toMatchObject({ unauthorised: 1 })
      expect(b.state.dump()).toEqual(before)
    }
  })

  it('does not follow a writer who no longer is one, in whatever order things arrive', () => {
    const [a, b, c] = nodes()
    const value = sent(a.call((s) => s.shared.set(id, utf8('a'))))
    const rotated = sent(a.call((s) => s.shared.rotateWriters(id, c.account)))
    const late = new Replica('two', 1_000_000n)
    late.receive(founded)
    const stale = sent(late.call((s) => s.shared.set(id, utf8('stale'))))
    for (const artifact of [stale, rotated, value]) b.receive(artifact)
    for (const artifact of [rotated, value, stale, rotated]) c.receive(artifact)
    expect(c.state.dump()).toEqual(b.state.dump())
    expect(text(b.session().shared.get(id))).toBe('a')
    expect(() => b.session().shared.set(id, utf8('b'))).toThrow(forbidden)
    b.receive(sent(c.call((s) => s.shared.set(id, utf8('c')))))
    expect(text(b.session().shared.get(id))).toBe('c')
  })

  it('takes the earlier of two changes of its writers, and none when it is frozen', () => {
    const [a, b] = nodes()
    const first = sent(a.call((s) => s.shared.rotateWriters(id, concat([a.account, b.account]))))
    const second = sent(b.call((s) => s.shared.rotateWriters(id, b.account)))
    a.receive(second)
    b.receive(first)
    expect(b.state.dump()).toEqual(a.state.dump())
    expect(a.session().shared.writers(id).byteLength).toBe(64)
    const fixed = a.session()
    const frozen = fixed.shared.new(a.account, true)
    expect(fixed.shared.isFrozen(frozen)).toBe(true)
    expect(() => fixed.shared.rotateWriters(frozen, b.account)).toThrow(forbidden)
  })

  it('is emptied by deleting it, by a writer', () => {
    const [a, , c] = nodes()
    c.receive(sent(a.call((s) => s.shared.set(id, utf8('a')))))
    expect(c.session().deleteCollection(id)).toBe(false)
    a.call((s) => expect(s.deleteCollection(id)).toBe(true))
    expect(a.session().shared.get(id)).toBeUndefined()
  })
})

function text(bytes: Bytes | undefined): string | undefined {
  return bytes === undefined ? undefined : fromUtf8(bytes)
}

function sent(made: Sent | undefined): Sent {
  if (made === undefined) throw new Error('a call that was to change something changed nothing')
  return made
}

it('a write under a set of writers that never was costs the same however many sets there were', () => {
  const { bytes: replica, publicKey: author } = new Replica('one')
  const rights = { frozen: false, writers: [replica] }
  const none = { stamp: 5n, replica, parent: idOf('never'), ...rights }
  const reads = [2, 200].map((sets) => {
    const state = memoryState()
    let set: WriterSet = { stamp: 1000n, replica, parent: NO_PARENT, ...rights }
    const chain: Fragment[] = [new FoundFragment({ id, stamp: 1000n, rights })]
    while (chain.length < sets) {
      const stamp = 1000n + BigInt(chain.length)
      chain.push(new ChangeFragment({ id, from: set, stamp, writers: rights.writers, value: undefined }))
      set = { stamp, replica, parent: nameOf(id, set), ...rights }
    }
    mergeArtifact(state, encodeArtifact(chain), { author, hlc: 1000n })
    let count = 0
    const get = (of: Bytes) => {
      count += 1
      return state.get(of)
    }
    const value = new SharedValueFragment({ id, under: none, stamp: 1000n, value: utf8('x') })
    const change = new ChangeFragment({ id, from: none, stamp: 1000n, writers: rights.writers, value: utf8('x') })
    const artifact = encodeArtifact([value, change])
    expect(mergeArtifact({ ...state, get }, artifact, { author, hlc: 1000n })).toMatchObject({ unauthorised: 2 })
    return count
  })
  expect(reads[1]).toBe(reads[0])
})
