// A delta that changes as much as one may: others have their turn while it is applied, and it is applied.
import { expect, it } from 'vitest'
import { EMPTY, u32be, utf8 } from '../../base/bytes.ts'
import { sha256 } from '../../base/hash.ts'
import { encodeArtifact } from '../../crdt/artifact.ts'
import type { Fragment } from '../../crdt/fragment.ts'
import { ElementFragment } from '../../crdt/keyed-elements.ts'
import { unorderedMap } from '../../crdt/unordered-map.ts'
import { unorderedSet } from '../../crdt/unordered-set.ts'
import type { SharedContext, TestWorld } from '../../testing/test-nodes.ts'
import { testWorlds } from '../../testing/test-worlds.ts'
import { type Delta, sealDelta } from '../../wire/delta.ts'
import { APPLY_BATCH_ROWS } from '../limits.ts'

const { share } = testWorlds()

it('others have their turn while the changes of one delta are merged, written and hashed', async () => {
  const { world, shared } = await share('kv-store', ['ada', 'bob'])
  const [id, value] = [sha256(utf8('map')), utf8('value')]
  const large = deltaOf(world, shared, 6_000, (index, stamp) => {
    return new ElementFragment(unorderedMap, { id, key: sha256(u32be(index)), value, stamp })
  })
  const bob = await world.get('bob').context(shared.contextId)
  let turns = 0
  let isDone = false
  const look = () => {
    turns += 1
    if (!isDone) world.clock.setTimer(look, 0)
  }
  world.clock.setTimer(look, 0)
  const applying = bob.receive([large]).finally(() => {
    isDone = true
  })
  expect(await world.run(applying)).toMatchObject({ applied: 1 })
  expect(turns).toBeGreaterThan(6)
})

it('a delta of more rows than a function may have arguments is applied', async () => {
  const { world, shared } = await share('kv-store', ['ada', 'bob'])
  // Three rows each, beside those of the tree: of 125,000 on, they do not fit on the stack.
  const large = deltaOf(world, shared, 42_000, (index, stamp) => {
    return new ElementFragment(unorderedSet, { id: sha256(u32be(index)), key: utf8('element'), value: EMPTY, stamp })
  })
  const bob = await world.get('bob').context(shared.contextId)
  expect(await world.run(bob.receive([large]))).toMatchObject({ applied: 1 })
  expect(bob.heads()).toEqual([large.id])
})

it('many large deltas that come together are stored in batches of bounded size, each whole', async () => {
  const batches: { rows: number; deltas: number }[] = []
  const onBatch = (name: string, ops: readonly { readonly key: Uint8Array }[]) => {
    const deltas = ops.filter((op) => 'held' in op).length
    if (name === 'bob' && deltas > 0) batches.push({ rows: ops.length, deltas })
  }
  const { world, shared } = await share('kv-store', ['ada', 'bob'], { observer: { onBatch } })
  const large = Array.from({ length: 10 }, (_, at) =>
    deltaOf(world, shared, 6_000, (index, stamp) => {
      return new ElementFragment(unorderedSet, {
        id: sha256(u32be(at)),
        key: u32be(index),
        value: EMPTY,
        stamp,
      })
    }),
  )
  const bob = await world.get('bob').context(shared.contextId)
  expect(await world.run(bob.receive(large))).toMatchObject({ applied: 10 })
  expect(bob.heads()).toEqual(large.map(({ id }) => id).sort())
  expect(batches.map(({ deltas }) => deltas)).toEqual([8, 2])
  // Up to one more than it has room for, and the nodes of the tree.
  expect(Math.max(...batches.map(({ rows }) => rows))).toBeLessThan(1.25 * APPLY_BATCH_ROWS)
})

/** By ada, on nothing. */
function deltaOf(
  world: TestWorld,
  { contextId, namespaceId, groupId }: SharedContext,
  count: number,
  fragment: (index: number, stamp: bigint) => Fragment,
): Delta {
  const { identity, namespaces } = world.get('ada').node
  const log = namespaces.get(namespaceId)
  const sealing = log.sealingKey(groupId)
  if (!sealing) throw new Error('there is no key to seal it with')
  const hlc = BigInt(Math.trunc(world.clock.nowMs())) * 1_000_000n
  const bytes = encodeArtifact(Array.from({ length: count }, (_, index) => fragment(index, hlc + BigInt(index) + 1n)))
  const { publicKey: author } = identity
  return sealDelta({
    header: { contextId, author, parents: [], hlc, governance: [...log.heads()], keyId: sealing.keyId },
    payload: { artifact: { kind: 'host', bytes }, events: [], depth: 0 },
    groupKey: sealing.key,
    signingKey: identity,
    random: world.random,
  })
}
