// One random operation of each type, as a guest would make it: refusals are answers like any other.
import { type Bytes, concat, utf8 } from '../../base/bytes.ts'
import { CrdtError } from '../errors.ts'
import { idOf } from '../replica-fixture.ts'
import type { CrdtSession } from '../session.ts'
import type { SeededRandom } from './seeded-random.ts'

type Operation = (session: CrdtSession, random: SeededRandom, writers: readonly Bytes[]) => void

const KEYS = 2000
/** Emptying a collection costs what is in it, so it comes rarely. */
const CLEAR_ONE_IN = 4000

const id = idOf('property')
const long = utf8('k'.repeat(64))

/** Some are longer than what the index holds of a key, and begin alike. */
function key(random: SeededRandom): Bytes {
  const short = utf8(`${random.below(KEYS)}`)
  return random.oneIn(8) ? concat([long, short]) : short
}

function value(random: SeededRandom): Bytes {
  return utf8(`${random.below(1_000_000)}`)
}

function index(random: SeededRandom, length: bigint): bigint {
  // Most edits of lists and texts are at their ends.
  return random.oneIn(3) ? length : BigInt(random.below(Number(length) + 1))
}

const mapOperation =
  (name: 'map' | 'sortedMap'): Operation =>
  (session, random) => {
    if (random.oneIn(3)) session[`${name}Remove`](id, key(random))
    else session[`${name}Insert`](id, key(random), value(random))
  }

const setOperation =
  (name: 'set' | 'sortedSet'): Operation =>
  (session, random) => {
    if (random.oneIn(CLEAR_ONE_IN)) session[`${name}Clear`](id)
    else if (random.oneIn(3)) session[`${name}Remove`](id, key(random))
    else session[`${name}Insert`](id, key(random))
  }

const OPERATIONS: Readonly<Record<string, Operation>> = {
  RootDocument: (session, random) => session.persistRoot(value(random), 0n, 0n),
  UnorderedMap: mapOperation('map'),
  SortedMap: mapOperation('sortedMap'),
  UnorderedSet: setOperation('set'),
  SortedSet: setOperation('sortedSet'),
  LwwRegister: (session, random) => session.lwwSet(id, random.oneIn(5) ? undefined : value(random)),
  GCounter: (session) => session.counterIncrement(id),
  PNCounter: (session, random) => (random.oneIn(2) ? session.pnCounterIncrement(id) : session.pnCounterDecrement(id)),
  UserStorage: (session, random) => {
    if (random.oneIn(4)) session.userStorageRemove(id)
    else session.userStorageInsert(id, value(random))
  },
  FrozenStorage: (session, random) => session.frozenStorageAdd(id, value(random)),
  Vector: ({ vector }, random) => {
    const length = vector.len(id)
    const what = random.below(6)
    if (what < 3 || length === 0n) vector.insert(id, index(random, length), value(random))
    else if (what === 3) vector.update(id, BigInt(random.below(Number(length))), value(random))
    else if (what === 4) vector.remove(id, BigInt(random.below(Number(length))))
    else vector.pop(id)
  },
  ReplicatedGrowableArray: ({ text }, random) => {
    const length = text.len(id)
    if (random.oneIn(3) && length > 0n) text.delete(id, BigInt(random.below(Number(length))))
    else text.insert(id, index(random, length), utf8(random.pick(['a', 'é', '😀', 'two'])))
  },
  AuthoredMap: ({ authoredMap }, random) => {
    const [where, what] = [key(random), value(random)]
    if (random.oneIn(4)) authoredMap.remove(id, where)
    else if (authoredMap.contains(id, where)) authoredMap.update(id, where, what)
    else authoredMap.insert(id, where, what)
  },
  AuthoredVector: ({ authoredVector }, random) => {
    const length = authoredVector.len(id)
    const where = BigInt(random.below(Number(length) + 1))
    if (random.oneIn(2)) authoredVector.push(id, value(random))
    else if (random.oneIn(4)) authoredVector.tombstone(id, where)
    else authoredVector.update(id, where, value(random))
  },
  SharedStorage: ({ shared }, random, writers) => {
    shared.newWithId(id, concat(writers), false)
    // Everyone stays a writer now and then, so that it does not end with one.
    if (random.oneIn(200)) shared.rotateWriters(id, concat(random.shuffled(writers).slice(random.below(2))))
    else shared.set(id, value(random))
  },
}

export const PROPERTY_TYPES: readonly string[] = Object.keys(OPERATIONS)

/** Makes one operation of the type; what the collection refuses changes nothing. */
export function randomOperation(type: string, ...[session, random, writers]: Parameters<Operation>): void {
  const operation = OPERATIONS[type]
  if (operation === undefined) throw new Error(`no operations of type ${type}`)
  try {
    if (random.oneIn(CLEAR_ONE_IN)) session.deleteCollection(id)
    else operation(session, random, writers)
  } catch (error) {
    if (!(error instanceof CrdtError)) throw error
  }
}
