// What keeps a member from vouching for the next checkpoint: what it owes, what others have yet to say, and what happens while that is
// computed, which takes many turns in a long history.
import { expect, it } from 'vitest'
import { type ContextId, type DeltaId, idFromBytes, type OpId, type PublicKey, type RootHash } from '../../base/ids.ts'
import type { DagNode } from '../../dag/dag.ts'
import { keysOf } from '../../testing/test-node.ts'
import { Proposal } from './proposal.ts'

const CONTEXT = idFromBytes<ContextId>(new Uint8Array(32))
const ROOT = idFromBytes<RootHash>(new Uint8Array(32).fill(1))
const [FIRST, SECOND] = ['11', '22'].map((hex) => hex.repeat(32) as OpId) as [OpId, OpId]
const NODES = ['a1', 'b2'].map((byte) => ({ id: byte.repeat(32) as DeltaId, parents: [] }) as unknown as DagNode)

interface World {
  judgement: Uint8Array
  heads: OpId[]
  isOwing: boolean
  stable: number
  isContested: boolean
}

/** `meanwhile`: once, while a checkpoint over both nodes is computed. */
function proposing(meanwhile: (world: World) => void) {
  const world: World = {
    judgement: Uint8Array.of(1),
    heads: [FIRST],
    isOwing: false,
    stable: NODES.length,
    isContested: false,
  }
  const [identity, removals] = [keysOf('ada').identity, world.judgement]
  let left = 1
  const parts = {
    record: { id: CONTEXT },
    authority: { heads: () => world.heads, judgement: () => world.judgement, mayWrite: () => true },
    dag: { inOrder: () => NODES },
    identity,
    retention: { checkpointMin: NODES.length },
    outbound: { announceHeads: () => {} },
    apart: { has: () => false, untold: () => [], other: undefined },
    certificates: { ownVouch: () => ({ author: identity.publicKey, signature: new Uint8Array(64) }) },
    contents: {
      closed: () => undefined,
      isSwept: () => false,
      findVersionBeneath: async () => {},
      leavesOut: (_: unknown, isContested: (author: PublicKey) => boolean) => isContested(identity.publicKey),
      of: async (prefix: readonly DagNode[]) =>
        prefix.map(({ id, parents }) => ({
          id,
          parents,
          author: identity.publicKey,
          role: 'counting',
          isReplaced: false,
        })),
      stateAt: async () => {
        if (left-- > 0) meanwhile(world)
        return { stack: 0, root: ROOT, swept: [] }
      },
    },
    frontier: { stable: () => world.stable, isContested: () => world.isContested },
    ledger: { removals, judgedCount: 0 },
    isOwing: () => false,
    witness: {
      get isOwing() {
        return world.isOwing
      },
    },
  }
  const proposal = new Proposal(parts as unknown as ConstructorParameters<typeof Proposal>[0])
  return { proposal, world }
}

it.each<[string, (world: World) => void, (world: World) => void]>([
  [
    'somebody was removed',
    (world) => Object.assign(world, { judgement: Uint8Array.of(2) }),
    (world) => Object.assign(world, { judgement: Uint8Array.of(1) }),
  ],
  [
    'we owe our word',
    (world) => Object.assign(world, { isOwing: true }),
    (world) => Object.assign(world, { isOwing: false }),
  ],
  [
    'too few were heard of any more',
    (world) => Object.assign(world, { stable: 0 }),
    (world) => Object.assign(world, { stable: NODES.length }),
  ],
])('nothing is proposed where %s meanwhile, until that is over', async (_, begin, end) => {
  const { proposal, world } = proposing(begin)
  await proposal.renew(undefined)
  expect([proposal.checkpoint, proposal.vouch]).toEqual([undefined, undefined])
  end(world)
  await proposal.renew(undefined)
  expect([proposal.checkpoint?.count, proposal.vouch]).toEqual([NODES.length, expect.anything()])
})

it('the cut is that at which its contents were judged, and the next is of the newer one', async () => {
  const { proposal, world } = proposing((world) => Object.assign(world, { heads: [SECOND] }))
  await proposal.renew(undefined)
  expect(proposal.checkpoint?.governance).toEqual([FIRST])
  expect(world.heads).toEqual([SECOND])
  await proposal.renew(undefined)
  expect(proposal.checkpoint?.governance).toEqual([SECOND])
})

it('nothing is proposed with what has no effect here and may have been accepted by others, nor vouched for while we owe a word', async () => {
  const { proposal, world } = proposing(() => {})
  world.isContested = true
  await proposal.renew(undefined)
  expect([proposal.checkpoint, proposal.vouch]).toEqual([undefined, undefined])
  world.isContested = false
  await proposal.renew(undefined)
  expect([proposal.checkpoint?.count, proposal.vouch]).toEqual([NODES.length, expect.anything()])
  world.isOwing = true
  expect(proposal.vouch).toBeUndefined()
})

/** Whether a checkpoint that brings the state to a later version is made of what is held. */
async function isMade(facts: { readonly isOwing: boolean; readonly haveCome: boolean }): Promise<boolean> {
  let made = false
  const judgement = new Uint8Array(32)
  const parts = {
    record: { id: CONTEXT },
    authority: { heads: () => [], judgement: () => judgement },
    dag: { inOrder: () => NODES.slice(0, 1) },
    retention: { checkpointMin: 1 },
    state: { get: () => undefined },
    apart: { has: () => false, untold: () => [], other: undefined },
    contents: {
      closed: () => ({ size: 1, version: 1 }),
      isSwept: () => false,
      findVersionBeneath: async () => {},
      leavesOut: () => false,
      stateAt: async () => {
        made = true
      },
    },
    frontier: { stable: () => 1, haveCome: () => facts.haveCome },
    ledger: { removals: judgement, judgedCount: 0 },
    witness: { isOwing: false },
    isOwing: () => facts.isOwing,
  }
  await new Proposal(parts as unknown as ConstructorParameters<typeof Proposal>[0]).renew(undefined)
  return made
}

it('what others have not come with, and what is to be written again here, may be for an earlier version', async () => {
  expect(await isMade({ isOwing: false, haveCome: true })).toBe(true)
  expect(await isMade({ isOwing: false, haveCome: false })).toBe(false)
  expect(await isMade({ isOwing: true, haveCome: true })).toBe(false)
})
