import { describe, expect, it } from 'vitest'
import { type Bytes, fromUtf8, toHex, utf8 } from '../base/bytes.ts'
import { sha256 } from '../base/hash.ts'
import { KEY_BYTES_MAX, STAMP_LEAD_MAX } from './limits.ts'
import { memoryState } from './memory-state.ts'
import { idOf, items, Replica } from './replica-fixture.ts'
import { CrdtSession } from './session.ts'

const id = idOf('instance')
const text = (bytes: Bytes | undefined): string | undefined => (bytes === undefined ? undefined : fromUtf8(bytes))
const session = (): CrdtSession => new Replica('one').session()

/** Both replicas make a call on the same state, then receive each other's. */
function concurrently(
  first: (s: CrdtSession) => void,
  second: (s: CrdtSession) => void,
  before: (s: CrdtSession) => void = () => undefined,
): CrdtSession {
  const [one, two] = [new Replica('one', 1000n), new Replica('two', 2000n)]
  const base = one.call(before)
  if (base) two.receive(base)
  const [a, b] = [one.call(first), two.call(second)]
  if (a) two.receive(a)
  if (b) one.receive(b)
  expect(one.state.dump()).toEqual(two.state.dump())
  return one.session()
}

describe('maps', () => {
  it.each(['map', 'sortedMap'] as const)('%s: insert answers the old value, remove the removed one', (type) => {
    const s = session()
    expect(s[`${type}Insert`](id, utf8('k'), utf8('1'))).toBeUndefined()
    expect(text(s[`${type}Insert`](id, utf8('k'), utf8('2')))).toBe('1')
    expect(text(s[`${type}Get`](id, utf8('k')))).toBe('2')
    expect(s[`${type}Contains`](id, utf8('k'))).toBe(true)
    expect(text(s[`${type}Remove`](id, utf8('k')))).toBe('2')
    expect(s[`${type}Remove`](id, utf8('k'))).toBeUndefined()
    expect(s[`${type}Get`](id, utf8('k'))).toBeUndefined()
    expect(s[`${type}Contains`](id, utf8('k'))).toBe(false)
    s[`${type}Insert`](id, utf8('k'), utf8('3'))
    expect(items(s[`${type}Iter`](id))).toEqual(['k', '3'])
  })

  it('iterate in byte order of the keys, long ones and the empty one included', () => {
    const s = session()
    const keys = ['', 'a', 'aa', 'b', `c${'x'.repeat(100)}1`, `c${'x'.repeat(100)}2`, 'd']
    for (const key of keys.toReversed()) s.mapInsert(id, utf8(key), utf8('v'))
    expect(items(s.mapIter(id)).filter((_, n) => n % 2 === 0)).toEqual(keys)
    expect(toHex(session().mapIter(id))).toBe('00000000')
  })

  it('keep the later of a set and a remove that ran at once', () => {
    const insert = (s: CrdtSession) => void s.mapInsert(id, utf8('k'), utf8('new'))
    const remove = (s: CrdtSession) => void s.mapRemove(id, utf8('k'))
    const old = (s: CrdtSession) => void s.mapInsert(id, utf8('k'), utf8('old'))
    expect(concurrently(insert, remove, old).mapContains(id, utf8('k'))).toBe(false)
    expect(text(concurrently(remove, insert, old).mapGet(id, utf8('k')))).toBe('new')
  })

  it('nest by id: a value names another instance, which two nodes may fill at once', () => {
    const inner = idOf('inner')
    const s = concurrently(
      (one) => void one.counterIncrement(inner),
      (two) => void two.counterIncrement(inner),
      (base) => void base.mapInsert(id, utf8('visits'), inner),
    )
    expect(s.counterValue(s.mapGet(id, utf8('visits')) ?? id)).toBe(2n)
  })
})

describe('sorted maps and sets', () => {
  const long = 'k'.repeat(80)
  const keys = ['', 'a', 'b', 'k', long.slice(0, 64), `${long}1`, `${long}2`, `${long}2x`, `${long}3`, 'l', '\u00ff']

  it('give ranges, the first and the last in byte order, also among long keys that begin alike', () => {
    const s = session()
    expect([s.sortedMap.first(id), s.sortedSet.last(id)]).toEqual([undefined, undefined])
    for (const key of keys.toReversed()) {
      s.sortedMapInsert(id, utf8(key), utf8(`=${key.length}`))
      s.sortedSetInsert(id, utf8(key))
    }
    expect(items(s.sortedSetIter(id))).toEqual(keys)
    for (const [from, gte] of keys.entries()) {
      for (const [to, lt] of keys.entries()) {
        const range = { gte: utf8(gte), lt: utf8(lt) }
        expect(items(s.sortedSet.range(id, range))).toEqual(keys.slice(from, to))
        expect(items(s.sortedSet.range(id, { ...range, reverse: true }))).toEqual(keys.slice(from, to).reverse())
      }
    }
    expect(items(s.sortedMap.range(id, { gte: utf8('b'), limit: 2 }))).toEqual(['b', '=1', 'k', '=1'])
    expect(s.sortedMap.last(id)?.map(text)).toEqual(['\u00ff', '=1'])
    expect(s.sortedSet.first(id)?.map(text)).toEqual([''])
  })
})

describe('sets', () => {
  it.each(['set', 'sortedSet'] as const)('%s: insert, remove, len, iter and clear answer what they changed', (type) => {
    const s = session()
    expect(s[`${type}Clear`](id)).toBe(false)
    expect(s[`${type}Insert`](id, utf8('b'))).toBe(true)
    expect(s[`${type}Insert`](id, utf8('b'))).toBe(false)
    expect(s[`${type}Insert`](id, utf8('a'))).toBe(true)
    expect(s[`${type}Len`](id)).toBe(2n)
    expect(items(s[`${type}Iter`](id))).toEqual(['a', 'b'])
    expect(s[`${type}Remove`](id, utf8('b'))).toBe(true)
    expect(s[`${type}Remove`](id, utf8('b'))).toBe(false)
    expect(s[`${type}Contains`](id, utf8('a'))).toBe(true)
    expect(s[`${type}Clear`](id)).toBe(true)
    expect(s[`${type}Len`](id)).toBe(0n)
  })

  it('keep what was inserted beside a clear that did not see it', () => {
    const s = concurrently(
      (one) => void one.setInsert(id, utf8('new')),
      (two) => void two.setClear(id),
      (base) => void base.setInsert(id, utf8('old')),
    )
    expect(items(s.setIter(id))).toEqual(['new'])
  })
})

describe('registers', () => {
  it('answer whether they changed, and hold nothing when emptied', () => {
    const s = session()
    expect(s.lwwGet(id)).toBeUndefined()
    expect(s.lwwTimestamp(id)).toBeUndefined()
    expect(s.lwwSet(id, undefined)).toBe(false)
    expect(s.lwwSet(id, utf8('1'))).toBe(true)
    expect(s.lwwSet(id, utf8('1'))).toBe(false)
    expect(text(s.lwwGet(id))).toBe('1')
    expect(s.lwwTimestamp(id)?.byteLength).toBe(24)
    expect(s.lwwSet(id, undefined)).toBe(true)
    expect(s.lwwGet(id)).toBeUndefined()
  })

  it('tell the time of the write in NTP seconds and fraction', () => {
    const s = new Replica('one', 1_700_000_000_500_000_000n - 1n).session()
    s.lwwSet(id, utf8('1'))
    const view = Buffer.from(s.lwwTimestamp(id) ?? utf8(''))
    expect(view.readBigUInt64LE()).toBe((1_700_000_000n << 32n) | 0x8000_0000n)
  })
})

describe('counters', () => {
  it('add up what every replica counted, each once', () => {
    const s = concurrently(
      (one) => {
        one.counterIncrement(id)
        one.counterIncrement(id)
      },
      (two) => void two.counterIncrement(id),
    )
    expect(s.counterValue(id)).toBe(3n)
    expect(s.counterGetExecutorCount(id, undefined)).toBe(2n)
    expect(s.counterGetExecutorCount(id, new Replica('two').bytes)).toBe(1n)
    expect(s.counterGetExecutorCount(id, idOf('nobody'))).toBe(0n)
  })

  it('lose by deletion what it saw, not a concurrent increment, and count on from there', () => {
    const one = new Replica('one')
    one.call((s) => {
      for (let n = 0; n < 3; n += 1) s.counterIncrement(id)
    })
    const other = concurrently(
      (s) => void s.deleteCollection(id),
      (s) => void s.counterIncrement(id),
      (s) => void s.counterIncrement(id),
    )
    expect(other.counterValue(id)).toBe(1n)
    one.call((s) => expect(s.deleteCollection(id)).toBe(true))
    expect(one.session().counterValue(id)).toBe(0n)
    one.call((s) => s.counterIncrement(id))
    expect(one.session().counterValue(id)).toBe(1n)
  })
})

describe('counters that go down, too', () => {
  it('add up what every replica counted either way, each once, below zero as well', () => {
    const s = concurrently(
      (one) => {
        one.pnCounterDecrement(id)
        one.pnCounterDecrement(id)
      },
      (two) => void two.pnCounterIncrement(id),
    )
    expect(s.pnCounterValue(id)).toBe(-1n)
    expect(s.pnCounterGetExecutorCount(id, undefined)).toBe(-2n)
    expect(s.pnCounterGetExecutorCount(id, new Replica('two').bytes)).toBe(1n)
    expect(s.counterValue(id)).toBe(0n)
  })

  it('lose by deletion what it saw of both directions', () => {
    const s = concurrently(
      (one) => void one.deleteCollection(id),
      (two) => void two.pnCounterDecrement(id),
      (base) => {
        base.pnCounterIncrement(id)
        base.pnCounterDecrement(id)
        base.pnCounterIncrement(id)
      },
    )
    expect(s.pnCounterValue(id)).toBe(-1n)
  })
})

describe('user and frozen storage', () => {
  it('hold one value per account, which only its owner writes', () => {
    const [one, two] = [new Replica('one'), new Replica('two')]
    const sent = one.call((s) => {
      expect(s.userStorageInsert(id, utf8('1'))).toBeUndefined()
      expect(text(s.userStorageInsert(id, utf8('2')))).toBe('1')
    })
    if (sent) two.receive(sent)
    two.call((s) => {
      expect(s.userStorageContains(id)).toBe(false)
      expect(text(s.userStorageGetForUser(id, one.account))).toBe('2')
      expect(s.userStorageContainsUser(id, two.account)).toBe(false)
      expect(s.deleteCollection(id)).toBe(false)
      s.userStorageInsert(id, utf8('mine'))
      expect(text(s.userStorageRemove(id))).toBe('mine')
      expect(s.userStorageRemove(id)).toBeUndefined()
    })
    expect(text(two.session().userStorageGetForUser(id, one.account))).toBe('2')
  })

  it('find frozen values by their hash and keep them', () => {
    const s = session()
    const hash = s.frozenStorageAdd(id, utf8('value'))
    expect(toHex(hash)).toBe(toHex(sha256(utf8('value'))))
    expect(toHex(s.frozenStorageAdd(id, utf8('value')))).toBe(toHex(hash))
    expect(text(s.frozenStorageGet(id, hash))).toBe('value')
    expect(s.frozenStorageContains(id, idOf('other'))).toBe(false)
    expect(s.deleteCollection(id)).toBe(false)
    expect(s.frozenStorageContains(id, hash)).toBe(true)
  })
})

describe('the root document', () => {
  it('is the last one written, and storing it unchanged overrides nothing', () => {
    const s = concurrently(
      (one) => one.persistRoot(utf8('changed'), 1n, 2n),
      (two) => {
        two.persistRoot(utf8('base'), 1n, 3n)
        two.counterIncrement(id)
      },
      (base) => base.persistRoot(utf8('base'), 1n, 1n),
    )
    expect(text(s.readRoot())).toBe('changed')
    expect(s.counterValue(id)).toBe(1n)
  })
})

describe('a session', () => {
  it('has no artifact before anything changed, and afterwards always the whole', () => {
    const s = session()
    expect(s.mapRemove(s.mapNew(), utf8('k'))).toBeUndefined()
    expect(s.takeArtifact()).toBeUndefined()
    s.persistRoot(utf8('a'), 0n, 0n)
    const first = s.takeArtifact()
    s.counterIncrement(id)
    expect((s.takeArtifact()?.byteLength ?? 0) > (first?.byteLength ?? 0)).toBe(true)
  })

  it('answers a new id, or the given one, and refuses ids that are none', () => {
    const s = session()
    expect(s.mapNew().byteLength).toBe(32)
    expect(toHex(s.setNew())).not.toBe(toHex(s.setNew()))
    expect(toHex(s.mapNewWithId(id))).toBe(toHex(id))
    for (const bad of [utf8(''), utf8('short')]) {
      expect(() => s.mapNewWithId(bad)).toThrow(expect.objectContaining({ code: 'CRDT_ARGUMENT' }))
      expect(() => s.counterIncrement(bad)).toThrow(expect.objectContaining({ code: 'CRDT_ARGUMENT' }))
      expect(() => s.mapGet(bad, utf8('k'))).toThrow(expect.objectContaining({ code: 'CRDT_ARGUMENT' }))
    }
    const huge = new Uint8Array(KEY_BYTES_MAX + 1)
    expect(() => s.setInsert(id, huge)).toThrow(expect.objectContaining({ code: 'CRDT_ARGUMENT' }))
  })

  it('deletes what is under an id, whatever its type, once', () => {
    const s = session()
    expect(s.deleteCollection(id)).toBe(false)
    expect(s.deleteCollection(s.mapNew())).toBe(true)
    s.mapInsert(id, utf8('k'), utf8('v'))
    s.lwwSet(id, utf8('v'))
    s.setInsert(id, utf8('v'))
    expect(s.deleteCollection(id)).toBe(true)
    expect(s.deleteCollection(id)).toBe(false)
    expect([s.mapContains(id, utf8('k')), s.lwwGet(id), s.setLen(id)]).toEqual([false, undefined, 0n])
  })

  it('keeps its own copy of what the guest handed over', () => {
    const one = new Replica('one')
    const [key, value] = [utf8('key'), utf8('value')]
    one.call((s) => {
      s.mapInsert(id, key, value)
      key.fill(0)
      value.fill(0)
    })
    expect(text(one.session().mapGet(id, utf8('key')))).toBe('value')
  })
})

it('what a call writes so late by its own clock that nobody would merge it is refused at once', () => {
  const { bytes: replica, account } = new Replica('late')
  const at = (ahead: bigint) =>
    new CrdtSession(memoryState(), { replica, account, hlc: 1000n, now: () => 1000n + ahead, newId: () => id })
  expect(at(STAMP_LEAD_MAX / 2n).setInsert(id, utf8('e'))).toBe(true)
  expect(() => at(STAMP_LEAD_MAX / 2n + 1n).setInsert(id, utf8('e'))).toThrow(/ahead of the clock/)
})
