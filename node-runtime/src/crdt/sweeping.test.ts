// Which records go with a sweep, by type and by stamp, and that no guest sees a difference.
import { expect, it } from 'vitest'
import { type Bytes, fromHex, utf8 } from '../base/bytes.ts'
import { CRDT_TYPES } from './registry.ts'
import { idOf, Replica, readsOf } from './replica-fixture.ts'
import type { CrdtSession } from './session.ts'
import { isSwept } from './sweeping.ts'

const id = idOf('instance')
const [key, value] = [utf8('k'), utf8('v')]
const ANY_STAMP = (1n << 64n) - 1n

type Call = (session: CrdtSession) => unknown

/** By type: what writes something, and what removes it again. */
const LIVES: Readonly<Record<string, readonly [Call, Call]>> = {
  UnorderedMap: [(s) => s.mapInsert(id, key, value), (s) => s.mapRemove(id, key)],
  SortedMap: [(s) => s.sortedMapInsert(id, key, value), (s) => s.sortedMapRemove(id, key)],
  UnorderedSet: [(s) => s.setInsert(id, key), (s) => s.setRemove(id, key)],
  SortedSet: [(s) => s.sortedSetInsert(id, key), (s) => s.sortedSetRemove(id, key)],
  LwwRegister: [(s) => s.lwwSet(id, value), (s) => s.lwwSet(id, undefined)],
  UserStorage: [(s) => s.userStorageInsert(id, value), (s) => s.userStorageRemove(id)],
  AuthoredMap: [(s) => s.authoredMap.insert(id, key, value), (s) => s.authoredMap.remove(id, key)],
  Vector: [(s) => s.vector.push(id, value), (s) => s.vector.pop(id)],
  ReplicatedGrowableArray: [(s) => s.text.insert(id, 0n, value), (s) => s.text.delete(id, 0n)],
}
const GOING = ['UnorderedMap', 'SortedMap', 'UnorderedSet', 'SortedSet', 'UserStorage']

function entriesOf({ state }: Replica): (readonly [Bytes, Bytes])[] {
  return state.dump().map((line) => {
    const [name = '', bytes = ''] = line.split('=')
    return [fromHex(name), fromHex(bytes)]
  })
}

const sweptIn = (replica: Replica, until = ANY_STAMP) =>
  entriesOf(replica).filter(([name, bytes]) => isSwept(name, bytes, until))

const readIn = (replica: Replica) => {
  const session = replica.session()
  return [readsOf(replica, id, [key]), session.sortedMapIter(id), session.sortedSetIter(id)]
}

it('each type says what of it goes', () => {
  expect(CRDT_TYPES.filter(({ swept }) => swept !== undefined).map(({ name }) => name)).toEqual(GOING)
})

it.each(Object.entries(LIVES))(
  '%s: what is there stays, and a removal goes where nothing hangs on it',
  (name, calls) => {
    const replica = new Replica('one')
    const [write, remove] = calls
    replica.call((session) => void write(session))
    expect(sweptIn(replica)).toEqual([])
    replica.call((session) => void remove(session))
    const swept = sweptIn(replica)
    expect(swept).toHaveLength(GOING.includes(name) ? 1 : 0)
    const before = readIn(replica)
    for (const [gone] of swept) replica.state.set(gone, null)
    expect(readIn(replica)).toEqual(before)
    replica.call((session) => void write(session))
    expect(sweptIn(replica)).toEqual([])
    expect(readIn(replica)).not.toEqual(before)
  },
)

it('a removal whose stamp is ahead of the end of the checkpoint stays until the next one', () => {
  const replica = new Replica('one', 1000n)
  replica.call((session) => void session.mapInsert(id, key, value))
  const before = replica.hlc
  replica.call((session) => void session.mapRemove(id, key))
  expect(sweptIn(replica, before)).toEqual([])
  expect(sweptIn(replica, replica.hlc)).toHaveLength(1)
})

it('what is no record of a collection is none that goes', () => {
  const removal = Uint8Array.from({ length: 41 }, (_, at) => Number(at === 40))
  for (const bytes of [new Uint8Array(0), utf8('c'), utf8('m'), Uint8Array.from({ length: 35 }, () => 99)])
    expect(isSwept(bytes, removal, ANY_STAMP)).toBe(false)
})
