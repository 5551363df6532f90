// I1 for host CRDTs: the same set of artifacts, in any order and multiplicity, gives the same state bytes and reads.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, utf8 } from '../base/bytes.ts'
import { mergeArtifact } from './artifact.ts'
import { CrdtError } from './errors.ts'
import { memoryState } from './memory-state.ts'
import { idOf, Replica, readsOf, type Sent } from './replica-fixture.ts'
import type { CrdtSession } from './session.ts'

const ids = ['a', 'b'].map(idOf)
const long = concat([utf8('k'.repeat(70)), utf8('1')])
const keys = [utf8(''), utf8('x'), utf8('xy'), utf8('y'), long, concat([utf8('k'.repeat(70)), utf8('2')])]

const people = [0, 1, 2, 3, 4].map((n) => new Replica(`r${n}`).account)

/** Refusals are answers like any other. */
function attempt(body: () => void): void {
  try {
    body()
  } catch (error) {
    if (!(error instanceof CrdtError)) throw error
  }
}

type Op = (session: CrdtSession) => void
const id = fc.constantFrom(...ids)
const key = fc.constantFrom(...keys)
const value = fc.string({ maxLength: 2 }).map(utf8)
const number = fc.nat(60).map((n) => utf8(`n${n}`))
const op: fc.Arbitrary<Op> = fc.oneof(
  fc.tuple(id, key, value).map(
    ([i, k, v]): Op =>
      (s) =>
        s.mapInsert(i, k, v),
  ),
  fc.tuple(id, number, value).map(
    ([i, k, v]): Op =>
      (s) =>
        s.mapInsert(i, k, v),
  ),
  fc.tuple(id, key).map(
    ([i, k]): Op =>
      (s) =>
        s.mapRemove(i, k),
  ),
  fc.tuple(id, key, value).map(
    ([i, k, v]): Op =>
      (s) =>
        s.sortedMapInsert(i, k, v),
  ),
  fc.tuple(id, number).map(
    ([i, v]): Op =>
      (s) =>
        s.setInsert(i, v),
  ),
  fc.tuple(id, number).map(
    ([i, v]): Op =>
      (s) =>
        s.setRemove(i, v),
  ),
  id.map(
    (i): Op =>
      (s) =>
        s.setClear(i),
  ),
  fc.tuple(id, fc.option(value, { nil: undefined })).map(
    ([i, v]): Op =>
      (s) =>
        s.lwwSet(i, v),
  ),
  id.map(
    (i): Op =>
      (s) =>
        s.counterIncrement(i),
  ),
  fc.tuple(id, fc.boolean()).map(
    ([i, up]): Op =>
      (s) =>
        up ? s.pnCounterIncrement(i) : s.pnCounterDecrement(i),
  ),
  fc.tuple(id, value).map(
    ([i, v]): Op =>
      (s) =>
        s.userStorageInsert(i, v),
  ),
  id.map(
    (i): Op =>
      (s) =>
        s.userStorageRemove(i),
  ),
  fc.tuple(id, value).map(
    ([i, v]): Op =>
      (s) =>
        s.frozenStorageAdd(i, v),
  ),
  id.map(
    (i): Op =>
      (s) =>
        s.deleteCollection(i),
  ),
  fc.tuple(id, fc.nat(99), value).map(
    ([i, at, v]): Op =>
      (s) =>
        s.vector.insert(i, BigInt(at) % (s.vector.len(i) + 1n), v),
  ),
  fc.tuple(id, fc.nat(99), value).map(
    ([i, at, v]): Op =>
      (s) =>
        s.vector.len(i) > 0n && s.vector.update(i, BigInt(at) % s.vector.len(i), v),
  ),
  fc.tuple(id, fc.nat(99)).map(
    ([i, at]): Op =>
      (s) =>
        s.vector.remove(i, BigInt(at)),
  ),
  fc.tuple(id, fc.nat(99), fc.string({ maxLength: 6 }).map(utf8)).map(
    ([i, at, v]): Op =>
      (s) =>
        s.text.insert(i, BigInt(at) % (s.text.len(i) + 1n), v),
  ),
  fc.tuple(id, fc.nat(99)).map(
    ([i, at]): Op =>
      (s) =>
        s.text.len(i) > 0n && s.text.delete(i, BigInt(at) % s.text.len(i)),
  ),
  fc.tuple(id, value).map(
    ([i, v]): Op =>
      (s) =>
        s.authoredVector.push(i, v),
  ),
  fc.tuple(id, fc.nat(99)).map(
    ([i, at]): Op =>
      (s) =>
        s.authoredVector.ownedByMe(i, BigInt(at)) && attempt(() => s.authoredVector.tombstone(i, BigInt(at))),
  ),
  fc.tuple(id, key, value, fc.nat(2)).map(
    ([i, k, v, what]): Op =>
      ({ authoredMap }) => {
        if (!authoredMap.contains(i, k)) attempt(() => authoredMap.insert(i, k, v))
        else if (authoredMap.ownedByMe(i, k)) what === 0 ? authoredMap.remove(i, k) : authoredMap.update(i, k, v)
      },
  ),
  fc.tuple(id, value, fc.subarray(people, { minLength: 1 }), fc.nat(3)).map(
    ([i, v, writers, what]): Op =>
      ({ shared }) => {
        shared.newWithId(i, concat(people), false)
        if (!shared.writableByMe(i)) return
        if (what === 0) shared.rotateWriters(i, concat(writers))
        else shared.set(i, v)
      },
  ),
  value.map(
    (v): Op =>
      (s) =>
        s.persistRoot(v, 0n, 0n),
  ),
)

interface Step {
  readonly who: number
  readonly ops: Op[]
  /** Which earlier artifacts the replica receives first, drawn with repetition. */
  readonly receives: number[]
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    who: fc.nat(4),
    ops: fc.array(op, { minLength: 1, maxLength: 12 }),
    receives: fc.array(fc.nat(1000), { maxLength: 4 }),
  }),
  { maxLength: 16 },
)

/** Clocks far apart: nothing may depend on them. */
function replicas(): Replica[] {
  return [1000n, 5n, 1_000_000_000_000n, 1000n, 70n].map((hlc, n) => new Replica(`r${n}`, hlc))
}

function run(all: readonly Replica[], todo: readonly Step[]): Sent[] {
  const sent: Sent[] = []
  for (const { who, ops, receives } of todo) {
    const replica = all[who]
    for (const pick of receives) {
      const other = sent[pick % Math.max(1, sent.length)]
      if (other) replica?.receive(other)
    }
    const made = replica?.call((session) => {
      for (const step of ops) step(session)
    })
    if (made) sent.push(made)
  }
  return sent
}

describe('replicas of host CRDTs', () => {
  it('have the same bytes and reads once they have the same artifacts, in any order and multiplicity', () => {
    fc.assert(
      fc.property(steps, fc.infiniteStream(fc.nat()), (todo, random) => {
        const all = replicas()
        const sent = run(all, todo)
        for (const replica of all) {
          for (const extra of shuffled([...sent, ...sent.slice(0, 3)], random)) replica.receive(extra)
        }
        const [first] = all
        if (first === undefined) throw new Error('no replicas')
        for (const replica of all) {
          expect(replica.state.dump()).toEqual(first.state.dump())
          for (const instance of ids) {
            const [mine, theirs] = [readsOf(replica, instance, keys), readsOf(first, instance, keys)]
            expect({ ...Object(mine), user: 0 }).toEqual({ ...Object(theirs), user: 0 })
          }
        }
      }),
      { numRuns: 120 },
    )
  })

  it('merge associatively and idempotently: what was merged elsewhere first makes no difference', () => {
    fc.assert(
      fc.property(steps, fc.nat(16), (todo, cut) => {
        const sent = run(replicas(), todo)
        const merged = (list: readonly Sent[]) => {
          const state = memoryState()
          for (const one of list) mergeArtifact(state, one.artifact, one)
          return state.dump()
        }
        const [left, right] = [sent.slice(0, cut), sent.slice(cut)]
        const expected = merged(sent)
        expect(merged([...right, ...left])).toEqual(expected)
        expect(merged([...left, ...left, ...right, ...sent.toReversed()])).toEqual(expected)
      }),
      { numRuns: 80 },
    )
  })

  it('never let a write that was seen win over the one that replaced it, however the clocks differ', () => {
    const [ahead, behind] = [new Replica('ahead', 1_000_000n), new Replica('behind', 5n)]
    const [instance] = ids
    if (instance === undefined) throw new Error('no ids')
    const first = ahead.call((s) => {
      for (let n = 0; n < 50; n += 1) s.mapInsert(instance, utf8('k'), utf8(`${n}`))
    })
    if (first) behind.receive(first)
    const second = behind.call((s) => s.mapInsert(instance, utf8('k'), utf8('later')))
    if (second) ahead.receive(second)
    expect(ahead.session().mapGet(instance, utf8('k'))).toEqual(behind.session().mapGet(instance, utf8('k')))
    expect(Buffer.from(ahead.session().mapGet(instance, utf8('k')) ?? utf8('')).toString()).toBe('later')
  })
})

function shuffled<T>(list: readonly T[], random: Iterator<number>): T[] {
  const out = [...list]
  for (let at = out.length - 1; at > 0; at -= 1) {
    const other = Number(random.next().value) % (at + 1)
    const [a, b] = [out[at], out[other]]
    if (a !== undefined && b !== undefined) {
      out[at] = b
      out[other] = a
    }
  }
  return out
}
