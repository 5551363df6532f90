// What members say of themselves in their signed heads.
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../base/bytes.ts'
import { sha256 } from '../../base/hash.ts'
import type { AccountId, ContextId, DeltaId, PublicKey, RootHash } from '../../base/ids.ts'
import { accountOf, type SigningKey, signingKeyFromSeed } from '../../base/keys.ts'
import type { DagNode } from '../../dag/dag.ts'
import { type HeadsBeat, signHeads } from '../../wire/gossip.ts'
import { Frontier } from './frontier.ts'

const contextId = '11'.repeat(32) as ContextId
const keyOf = (fill: number): SigningKey => signingKeyFromSeed(new Uint8Array(32).fill(fill))
const [self, member, other] = [keyOf(1), keyOf(2), keyOf(3)]

interface Scene {
  readonly frontier: Frontier
  readonly writers: Set<PublicKey>
  readonly readers: Set<PublicKey>
}

/** `member` and `other` may read. */
function scene(): Scene {
  const writers = new Set<PublicKey>()
  const readers = new Set([member.publicKey, other.publicKey])
  const authority = {
    mayWrite: (_: ContextId, key: PublicKey) => writers.has(key),
    mayRead: (_: ContextId, key: PublicKey) => readers.has(key),
  }
  const parts = { record: { id: contextId }, authority, identity: self, nowMs: () => 10_000, acknowledged: [] }
  const frontier = new Frontier(parts as unknown as ConstructorParameters<typeof Frontier>[0])
  return { frontier, writers, readers }
}

function said(hlc: bigint, version: number, by = member): HeadsBeat {
  const facts = { contextId, heads: [], root: '22'.repeat(32) as RootHash, removals: new Uint8Array(32) }
  return signHeads({ ...facts, state: { version }, hlc }, by)
}

describe('of members', () => {
  it('that may only read the latest counts, and that it says something else is news', () => {
    const { frontier } = scene()
    const [first, same, later] = [said(1n, 2), said(2n, 2), said(3n, 3)]
    // It vouches for nothing.
    expect(frontier.take(first)).toBe(false)
    expect([frontier.beatOf(member.publicKey), frontier.heardOfStates()]).toEqual([first, true])
    frontier.take(same)
    expect(frontier.heardOfStates()).toBe(false)
    frontier.take(later)
    expect(frontier.heardOfStates()).toBe(true)
    frontier.take(first)
    expect([frontier.beatOf(member.publicKey), frontier.heardOfStates()]).toEqual([later, false])
  })

  it('that are lowered and raised the latest counts, in whatever role it was said', () => {
    const { frontier, writers } = scene()
    const [written, read, again] = [said(1n, 2), said(2n, 3), said(3n, 4)]
    writers.add(member.publicKey)
    expect(frontier.take(written)).toBe(true)
    expect(frontier.heardOfStates()).toBe(true)
    writers.clear()
    frontier.take(read)
    expect([frontier.beatOf(member.publicKey), frontier.heardOfStates()]).toEqual([read, true])
    frontier.take(written)
    expect([frontier.beatOf(member.publicKey), frontier.heardOfStates()]).toEqual([read, false])
    writers.add(member.publicKey)
    expect(frontier.take(again)).toBe(true)
    expect([frontier.beatOf(member.publicKey), frontier.heardOfStates()]).toEqual([again, true])
  })

  it('that are no readers any more nothing is kept when another one is heard of', () => {
    const { frontier, readers } = scene()
    frontier.take(said(1n, 2))
    readers.delete(member.publicKey)
    frontier.take(said(1n, 2, other))
    expect([frontier.beatOf(member.publicKey), frontier.beatOf(other.publicKey)]).toEqual([
      undefined,
      said(1n, 2, other),
    ])
  })
})

/** Of deltas one after the other, with a stamp each; the node looks on as members say that they have them. */
function looking(...stamps: number[]) {
  const nodes = stamps.map((stamp, at) => ({
    id: idAt(stamp),
    hlc: BigInt(stamp),
    parents: at === 0 ? [] : [idAt(stamps[at - 1] ?? 0)],
  })) as unknown as DagNode[]
  const now = { writers: [] as SigningKey[], removals: [] as (readonly [AccountId, object])[], said: 0 }
  const judgement = () => sha256(utf8(JSON.stringify(now.removals)))
  const authority = {
    mayWrite: (_: ContextId, key: PublicKey) => now.writers.some(({ publicKey }) => publicKey === key),
    mayRead: () => true,
    writers: () => now.writers.map(({ publicKey }) => ({ publicKey, joinedHlc: 1n })),
    judgement,
    removalsNow: () => {
      const [all, members] = [now.removals, now.writers.map(({ publicKey }) => accountOf(publicKey))]
      return { judgement: judgement(), all: () => all, isMember: (account: AccountId) => members.includes(account) }
    },
  }
  const ready = (id: DeltaId) => nodes.find((node) => node.id === id)
  const dag = { heads: () => [nodes.at(-1)?.id], ready, stampOf: (id: DeltaId) => ready(id)?.hlc }
  const parts = { record: { id: contextId }, authority, dag, identity: self, nowMs: () => 2000, acknowledged: [] }
  const all = { ...parts, retention: { absentMs: 1500 } }
  const frontier = new Frontier(all as unknown as ConstructorParameters<typeof Frontier>[0])
  const says = (by: SigningKey, stamp: number) => {
    now.said += 1
    const facts = { contextId, heads: [idAt(stamp)], root: '22'.repeat(32) as RootHash, removals: judgement() }
    frontier.take(signHeads({ ...facts, hlc: 1_900_000_000n + BigInt(now.said) }, by))
  }
  return { now, says, stable: () => frontier.stable(nodes) }
}

const idAt = (stamp: number) => `${stamp.toString(16).padStart(16, '0')}${'ab'.repeat(24)}` as DeltaId
const removal = (of: SigningKey, op: string, ...heads: number[]) => {
  const said =
    heads.length === 0 ? {} : { said: [{ by: accountOf(other.publicKey), pinned: { [contextId]: heads.map(idAt) } }] }
  return [accountOf(of.publicKey), { op: op.repeat(32), ...said }] as const
}

describe('after a removal', () => {
  const gone = keyOf(4)

  it('the removed one keeps from pruning what sorts behind its last words, until the others have spoken', () => {
    const { now, says, stable } = looking(10, 20, 30)
    now.writers = [self, member, other, gone]
    for (const by of [member, other]) says(by, 30)
    says(gone, 20)
    expect(stable()).toBe(1)
    now.writers = [self, member, other]
    now.removals = [removal(gone, 'a1')]
    expect(stable()).toBe(1)
    says(member, 30)
    expect(stable()).toBe(1)
    says(other, 30)
    expect(stable()).toBe(2)
  })

  it.each<[string, readonly SigningKey[], (scene: ReturnType<typeof looking>) => void]>([
    ['was not known', [self, member, other], () => {}],
    ['was away the last time, is back, and is gone again', [self, member, other, gone], ({ says }) => says(gone, 10)],
    [
      'was there only while too few were heard of',
      [self, member, other],
      ({ now, says, stable }) => {
        now.writers = [self, member, other, gone, ...[5, 6, 7, 8, 9].map(keyOf)]
        says(gone, 10)
        expect(stable()).toBe(0)
      },
    ],
  ])('of one that %s nothing is stable until the others have spoken', (_, writers, meanwhile) => {
    const scene = looking(10, 20, 30)
    const { now, says, stable } = scene
    now.writers = [...writers]
    for (const by of [member, other]) says(by, 30)
    expect(stable()).toBe(2)
    meanwhile(scene)
    now.writers = [self, member, other]
    now.removals = [removal(gone, 'a1')]
    says(member, 30)
    expect(stable()).toBe(0)
    says(other, 30)
    expect(stable()).toBe(2)
  })

  it('who did not count for a while has to speak, too, before it counts with what it had', () => {
    const { now, says, stable } = looking(10, 20, 30)
    now.writers = [self, member, other, gone]
    says(member, 10)
    says(other, 30)
    says(gone, 10)
    expect(stable()).toBe(0)
    now.writers = [self, member]
    now.removals = [removal(gone, 'a1'), removal(other, 'b2')]
    says(member, 30)
    expect(stable()).toBe(2)
    now.writers = [self, member, other]
    expect(stable()).toBe(0)
    says(other, 30)
    expect(stable()).toBe(2)
  })

  it.each([
    ['is void', []],
    ['is another', [20]],
  ])('all speak anew where a word about it %s', (_, heads) => {
    const { now, says, stable } = looking(10, 20, 30)
    now.writers = [self, member, other]
    now.removals = [removal(gone, 'a1', 10)]
    for (const by of [member, other]) says(by, 30)
    expect(stable()).toBe(2)
    now.removals = [removal(gone, 'a1', ...heads)]
    says(member, 30)
    expect(stable()).toBe(0)
    says(other, 30)
    expect(stable()).toBe(2)
  })
})
