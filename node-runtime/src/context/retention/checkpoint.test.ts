import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { equalBytes } from '../../base/bytes.ts'
import { type ContextId, type DeltaId, idFromBytes, type OpId, type PublicKey, type RootHash } from '../../base/ids.ts'
import { signingKeyFromSeed } from '../../base/keys.ts'
import { n, stamped } from '../../dag/nodes.fixture.ts'
import { behind, START } from '../../reconcile/item-key.ts'
import { type Checkpoint, checkpointHash, decodeCertified, encodeCertified, vouchFor } from '../../wire/checkpoint.ts'
import { bytesOf, idOf } from '../../wire/messages.fixture.ts'
import {
  boundOf,
  type Contained,
  chainOver,
  checkpointOver,
  cutOf,
  floorOf,
  genuineVouches,
  isCertified,
  isGreater,
  isSweepDue,
  type Role,
  stands,
} from './checkpoint.ts'

const [a, b, c, d] = [n('a', 1), n('b', 2, 'a'), n('c', 3, 'b'), n('d', 4, 'c')]
const facts = {
  contextId: idOf<ContextId>('context'),
  root: idOf<RootHash>('root'),
  governance: [idOf<OpId>('op')],
}
const [ada, bob] = ['ada', 'bob'].map((name) => idOf<PublicKey>(name)) as [PublicKey, PublicKey]

/** Delta `at` of a chain, as what it counts. */
const entry = (at: number, role: Role = 'counting', author = ada, ...on: number[]): Contained => ({
  id: idAt(at),
  parents: (on.length > 0 ? on : [at - 1].filter((parent) => parent > 0)).map(idAt),
  author,
  role,
  isReplaced: false,
})
const idAt = (at: number): DeltaId => stamped(`${at}`, at).id
const over = (previous: Checkpoint | undefined, entries: readonly Contained[], recentMax = 100): Checkpoint => {
  const checkpoint = checkpointOver(previous, entries, facts, recentMax)
  if (!checkpoint) throw new Error('it contains nothing more')
  return checkpoint
}

describe('a cut', () => {
  it('takes all that is stable from a stack in canonical order', () => {
    expect(cutOf([a, b, c, d], [a, b, c])).toEqual({ nodes: 3, stack: 3 })
    expect(cutOf([a, b, c, d], [])).toEqual({ nodes: 0, stack: 0 })
  })

  it('stops below what came before an earlier one', () => {
    expect(cutOf([a, c, b, d], [a, b, c])).toEqual({ nodes: 3, stack: 3 })
    expect(cutOf([a, c, b, d], [a, b])).toEqual({ nodes: 1, stack: 1 })
    expect(cutOf([d, a, b, c], [a, b, c])).toEqual({ nodes: 0, stack: 0 })
  })

  it('takes void deltas along that lie between', () => {
    expect(cutOf([a, c, d], [a, b, c])).toEqual({ nodes: 3, stack: 2 })
    expect(cutOf([], [a, b])).toEqual({ nodes: 2, stack: 0 })
  })
})

describe('a checkpoint', () => {
  it('ends just behind its last delta', () => {
    expect(boundOf(undefined)).toBe(START)
    expect(boundOf(over(undefined, [entry(1), entry(2)]))).toBe(behind(idAt(2)))
    expect(checkpointOver(undefined, [], facts)).toBeUndefined()
  })

  it('is the same in one step or in many, whoever computes it', () => {
    const roles = fc.constantFrom<Role>('counting', 'voids', 'lost')
    fc.assert(
      fc.property(fc.array(fc.tuple(roles, fc.boolean()), { minLength: 2, maxLength: 30 }), fc.nat(28), (all, cut) => {
        const entries = all.map(([role, isAda], index) => entry(index + 1, role, isAda ? ada : bob))
        const at = 1 + (cut % (entries.length - 1))
        const whole = over(undefined, entries, 8)
        const stepwise = over(over(undefined, entries.slice(0, at), 8), entries.slice(at), 8)
        expect(stepwise).toEqual(whole)
        expect(checkpointHash(stepwise)).toEqual(checkpointHash(whole))
      }),
    )
  })

  it('commits to which deltas it contains, and to what each counts for', () => {
    const chain = chainOver(undefined, [entry(1), entry(2)])
    expect(equalBytes(chain, chainOver(undefined, [entry(1), entry(2)]))).toBe(true)
    for (const other of [[entry(1)], [entry(1), entry(2, 'voids')], [entry(1), entry(3)]]) {
      expect(equalBytes(chain, chainOver(undefined, other))).toBe(false)
    }
  })

  it('commits to where what was removed has gone, which it does once for so many deltas', () => {
    const entries = [entry(1), entry(2)]
    const swept = checkpointOver(undefined, entries, { ...facts, isSwept: true })
    expect(equalBytes(over(undefined, entries).chain, swept?.chain ?? chainOver(undefined, entries))).toBe(false)
    expect(Object.keys(swept ?? {}).sort()).toEqual(Object.keys(over(undefined, entries)).sort())
    const due = [8, 8, 8, 8, 20].map((size, at) => isSweepDue(at === 0 ? undefined : { count: 8 * at }, size, 16))
    expect(due).toEqual([false, true, false, true, true])
  })

  it('has the heads of what stands in it: what is lost hides nothing', () => {
    const checkpoint = over(undefined, [entry(1), entry(2), entry(3, 'lost', bob, 2), entry(4, 'voids', bob, 1)])
    expect(checkpoint.heads).toEqual([idAt(2), idAt(4)])
    expect(checkpoint.authors).toEqual({ [ada]: idAt(2), [bob]: idAt(4) })
  })

  it('tells what stands in it: by name, and of what is older by what its author wrote later', () => {
    const checkpoint = over(
      undefined,
      [1, 2, 3, 4, 5].map((at) => entry(at, at === 4 ? 'lost' : 'counting')),
      3,
    )
    const isIn = (at: number, author = ada) => stands(checkpoint, { id: idAt(at), author })
    expect([1, 2, 3, 4, 5, 6].map((at) => isIn(at))).toEqual([true, true, true, false, true, false])
    expect(isIn(1, bob)).toBe(false)
    const floor = floorOf(checkpoint)
    expect([1, 3, 4, 5].map((at) => floor?.stands(idAt(at)))).toEqual([true, true, false, true])
  })

  it('says of each author where it goes on from: not from what it has written again', () => {
    const first = over(undefined, [entry(1), entry(2)])
    const next = over(first, [
      { ...entry(3, 'voids'), isReplaced: true },
      entry(4, 'voids', bob),
      entry(5, 'lost', bob),
    ])
    expect(next.authors).toEqual({ [ada]: idAt(2), [bob]: idAt(4) })
  })

  it('that names all it contains has nothing older in it, whatever the author wrote later', () => {
    const first = over(undefined, [entry(3), entry(4, 'voids'), entry(5, 'lost')], 4)
    const isIn = (checkpoint: Checkpoint, at: number) => [
      stands(checkpoint, { id: idAt(at), author: ada }),
      floorOf(checkpoint)?.stands(idAt(at)),
    ]
    expect([isIn(first, 2), isIn(first, 3), isIn(first, 5)]).toEqual([
      [false, false],
      [true, true],
      [false, false],
    ])
    const second = over(first, [entry(6)], 4)
    expect([isIn(second, 2), isIn(over(second, [entry(7)], 4), 2)]).toEqual([
      [false, false],
      [true, true],
    ])
  })
})

describe('of two checkpoints', () => {
  it('the one that ends later is greater; at one place the order is total', () => {
    const [low, high] = [over(undefined, [entry(1)]), over(undefined, [entry(2)])]
    expect([isGreater(high, low), isGreater(low, high), isGreater(low, undefined)]).toEqual([true, false, true])
    const other = over(undefined, [entry(1, 'voids')])
    expect(isGreater(low, other)).toBe(!isGreater(other, low))
    expect(isGreater(low, low)).toBe(false)
  })
})

describe('a certificate', () => {
  const keys = ['k0', 'k1', 'k2', 'k3'].map((name) => signingKeyFromSeed(bytesOf(name)))
  const all = keys.map(({ publicKey }) => publicKey)
  const checkpoint = over(undefined, [entry(1)])
  const vouches = keys.map((key) => vouchFor(checkpointHash(checkpoint), key))
  const everyone = { writers: all, isMember: () => true }
  const by = (...indices: number[]) => ({ checkpoint, vouches: indices.flatMap((index) => vouches[index] ?? []) })

  it.each([1, 2, 3, 4])('needs more than half of %i writers', (count) => {
    const writers = all.slice(0, count)
    for (let signed = 0; signed <= count; signed += 1) {
      const indices = Array.from({ length: signed }, (_, index) => index)
      expect(isCertified(by(...indices), { writers, isMember: () => true })).toBe(signed * 2 > count)
    }
  })

  it('counts each writer once, and strangers never', () => {
    expect(isCertified(by(0, 0, 0, 0), everyone)).toBe(false)
    expect(isCertified(by(0, 1, 2, 3), { ...everyone, writers: [...all.slice(0, 1), ada, bob] })).toBe(false)
  })

  it('is passed on with one vouch of each who counts, however often it was sent', () => {
    const padded = by(0, ...Array.from({ length: 100 }, () => 1), 2, 1)
    expect(genuineVouches(padded, (key) => key !== all[2])).toEqual(by(0, 1).vouches)
  })

  it('counts no vouch for something else, and none under another name', () => {
    const other = over(undefined, [entry(2)])
    expect(isCertified({ checkpoint: other, vouches }, everyone)).toBe(false)
    const author = all[3] ?? ada
    const borrowed = vouches.slice(0, 2).map(({ signature }) => ({ author, signature }))
    expect(isCertified({ checkpoint, vouches: [...vouches.slice(0, 2), ...borrowed] }, everyone)).toBe(false)
  })

  it('waits for the log, and for one signer who is still there', () => {
    expect(isCertified(by(0, 1, 2), { ...everyone, writers: undefined })).toBe(false)
    expect(isCertified(by(0, 1, 2), { ...everyone, isMember: (key) => key === all[3] })).toBe(false)
    expect(isCertified(by(0, 1, 2, 3), { writers: all.slice(0, 3), isMember: (key) => key === all[3] })).toBe(true)
  })

  it('travels as bytes', () => {
    const read = decodeCertified(encodeCertified({ checkpoint, vouches }))
    expect(idFromBytes(checkpointHash(read.checkpoint))).toBe(idFromBytes(checkpointHash(checkpoint)))
    expect(isCertified(read, everyone)).toBe(true)
  })
})
