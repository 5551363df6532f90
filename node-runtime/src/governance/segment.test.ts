// A segment that grows gives at each step what its rules give from the beginning, and costs what it grows by.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareCanonical } from '../base/causal.ts'
import type { DeltaId, KeyId } from '../base/ids.ts'
import type { OpBody, Operation } from '../base/operations.ts'
import { Governance } from './governance.ts'
import { NamespaceSnapshot } from './namespace-snapshot.ts'
import type { NamespaceState } from './namespace-state.ts'
import { revokedBy } from './rules/table.ts'
import { type JudgedOp, Segment } from './segment.ts'
import { games, longGames, openGroups, play, wordGames } from './testing/games.fixture.ts'
import { naiveFold } from './testing/naive-segment.fixture.ts'
import { Paper } from './testing/paper.fixture.ts'
import {
  alice,
  bob,
  carol,
  contextBy,
  contexted,
  dave,
  described,
  idOf,
  namespaceId,
  nodeWith,
  operation,
  type Person,
  removed,
  roled,
  team,
} from './testing/world.fixture.ts'

const empty = NamespaceSnapshot.empty(namespaceId)
const hash = (state: NamespaceState) => state.groupStateHash(namespaceId)

function judged(ops: readonly Operation[]): JudgedOp[] {
  const paper = new Paper(ops)
  return ops.map((op) => {
    const revokes = revokedBy(paper.stateAt(op.parents), op)
    return revokes === undefined ? { op } : { op, revokes }
  })
}

/** Parents first, otherwise by chance. */
function anOrder(ops: readonly JudgedOp[], picks: readonly number[]): JudgedOp[] {
  const waiting = [...ops].sort((a, b) => compareCanonical(a.op, b.op))
  const done = new Set<string>()
  const order: JudgedOp[] = []
  for (let i = 0; waiting.length > 0; i += 1) {
    const free = waiting.filter(({ op }) => op.parents.every((id) => done.has(id)))
    const next = free[(picks[i % picks.length] ?? 0) % free.length]
    if (next === undefined) throw new Error('a parent is not there')
    waiting.splice(waiting.indexOf(next), 1)
    done.add(next.op.id)
    order.push(next)
  }
  return order
}

describe('a growing segment', () => {
  test.each([
    ['all kinds of operations', () => games.map((turns) => play(turns).accepted)],
    ['what witnesses say', () => wordGames.map((turns) => play(turns, openGroups()).accepted)],
  ])('is at each step what the fold from the beginning gives: %s', (_what, made) => {
    fc.assert(
      fc.property(made(), fc.array(fc.nat(50), { minLength: 5 }), fc.nat(3), (accepted, picks, portion) => {
        const segment = new Segment(empty)
        const order = anOrder(judged(accepted), picks)
        for (let at = 0; at < order.length; at += portion + 1) {
          segment.add(order.slice(at, at + portion + 1))
          const now = order.slice(0, at + portion + 1).sort((a, b) => compareCanonical(a.op, b.op))
          expect(hash(segment.state())).toBe(hash(naiveFold(empty, now)))
        }
      }),
      { numRuns: 20 },
    )
  })

  test('in a log that is asked after each operation it is the same, however long nobody merges', () => {
    const seen = { apart: 0 }
    fc.assert(
      fc.property(longGames, (turns) => {
        const { accepted } = play(turns)
        const node = nodeWith([])
        accepted.forEach((op, i) => {
          node.receive(op)
          seen.apart = Math.max(seen.apart, node.heads().length)
          const state = node.state()
          if (i % 9 > 0 && i < accepted.length - 1) return
          const now = judged(accepted.slice(0, i + 1)).sort((a, b) => compareCanonical(a.op, b.op))
          expect(hash(state)).toBe(hash(naiveFold(empty, now)))
        })
      }),
      { numRuns: 2 },
    )
    expect(seen.apart).toBeGreaterThan(1)
  })
})

/** How often operations are looked into by what `work` does. */
class Looks {
  count = 0

  counted(op: Operation): Operation {
    const { body, ...facts } = op
    const look = () => {
      this.count += 1
      return body
    }
    return Object.defineProperty({ ...facts } as Operation, 'body', { get: look, enumerable: true })
  }
}

type Branch = readonly [Person, (i: number) => OpBody]

/** Two branches of `length` operations each, their stamps by turns, behind what revokes something in one of them. */
function branches(length: number, [one, two]: readonly [Branch, Branch]): Operation[] {
  const { ops, tip } = team()
  const sides = [
    [operation({ by: alice, on: [tip], body: roled(dave, 'ReadOnly'), hlc: 50n })],
    [operation({ by: bob, on: [tip], body: removed(dave), hlc: 51n })],
  ]
  for (let i = 0; i < length; i += 1) {
    for (const [at, [by, body]] of [one, two].entries()) {
      const side = sides[at] ?? []
      side.push(operation({ by, on: side.slice(-1), body: body(i), hlc: BigInt(100 + 2 * i + at) }))
    }
  }
  return [...ops, ...sides.flat().sort(compareCanonical)]
}

const names: readonly [Branch, Branch] = [
  [alice, (i) => described(`a ${i}`)],
  [bob, (i) => described(`b ${i}`)],
]

/** Looks into operations while all of them come, the state asked after each. */
function looksFor(ops: readonly Operation[]): number {
  const looks = new Looks()
  const node = new Governance(namespaceId)
  for (const op of ops) {
    node.receive(looks.counted(op))
    node.state()
  }
  expect(node.heads().length).toBeGreaterThan(1)
  return looks.count
}

describe('an operation between concurrent heads', () => {
  test('costs what it changes, not what they have apart', () => {
    const [few, many] = [100, 400].map((length) => looksFor(branches(length, names)))
    expect(many).toBeLessThan(4.4 * (few ?? 0))
    expect(many).toBeLessThan(800 * 80)
  })

  test('nor where both cite each other all the time, and nothing is common to all that comes later', () => {
    const crossing = (length: number) => {
      const { ops, tip } = team()
      let [a, b] = [roled(dave, 'ReadOnly'), removed(dave)].map((body, i) =>
        operation({ by: i === 0 ? alice : bob, on: [tip], body, hlc: BigInt(50 + i) }),
      ) as [Operation, Operation]
      const all = [...ops, a, b]
      for (let i = 0; i < length; i += 1) {
        const on = [a, b]
        a = operation({ by: alice, on, body: described(`a ${i}`), hlc: BigInt(100 + 2 * i) })
        b = operation({ by: bob, on, body: described(`b ${i}`), hlc: BigInt(101 + 2 * i) })
        all.push(a, b)
      }
      return all
    }
    const [few, many] = [100, 400].map((length) => looksFor(crossing(length)))
    expect(many).toBeLessThan(4.6 * (few ?? 0))
  })

  test('nor with a thousand heads, as when all make a new key at once', () => {
    const many = (length: number) => {
      const { ops, tip } = team()
      const out = operation({ by: alice, on: [tip], body: removed(dave) })
      const covers = nodeWith([...ops, out])
        .state()
        .removalsDigest(namespaceId)
      const rotations = Array.from({ length }, (_, i) => {
        const body: OpBody = { kind: 'key_rotated', groupId: namespaceId, keyId: idOf<KeyId>(`key ${i}`), covers }
        return operation({ by: i % 2 === 0 ? bob : carol, on: [out], body, hlc: BigInt(100 + i) })
      })
      const lowered = operation({ by: alice, on: [out], body: roled(carol, 'Member'), hlc: 99n })
      return [...ops, out, lowered, ...rotations]
    }
    const [few, all] = [100, 400].map((length) => looksFor(many(length)))
    expect(all).toBeLessThan(4.6 * (few ?? 0))
  })

  test('nor where witnesses have said much', () => {
    const said = (length: number) => {
      const { ops, tip } = team()
      const x = contextBy(alice, 'x')
      const made = operation({ by: alice, on: [tip], body: contexted(alice, 'x') })
      const left = operation({ by: dave, on: [made], body: removed(dave) })
      const words = Array.from({ length }, (_, i) => {
        const body: OpBody = {
          kind: 'removal_pinned',
          account: dave.account,
          removal: left.id,
          pinned: { [x]: [idOf<DeltaId>(`head ${i}`)] },
        }
        return operation({ by: bob, on: [left], body, hlc: BigInt(100 + i) })
      })
      return [...ops, made, left, ...words]
    }
    const [few, many] = [100, 400].map((length) => looksFor(said(length)))
    expect(many).toBeLessThan(4.6 * (few ?? 0))
  })
})
