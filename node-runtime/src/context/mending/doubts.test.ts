// What members say of their roots is a reason to fold anew, and no more often than an honest one needs.
import { expect, it } from 'vitest'
import { utf8 } from '../../base/bytes.ts'
import { type ContextId, idFromBytes, type PublicKey, parseHexId, type RootHash } from '../../base/ids.ts'
import { topicName } from '../../sync/topics.ts'
import { call, contextOf, set } from '../../testing/bad-disk.ts'
import { converge } from '../../testing/test-nodes.ts'
import { NAMES, testWorlds } from '../../testing/test-worlds.ts'
import { encodeGossip, signHeads } from '../../wire/gossip.ts'
import { DOUBT_EVERY_MS, DOUBT_MEMBER_MS } from '../limits.ts'
import { Doubts } from './doubts.ts'

const { share } = testWorlds()
const id = parseHexId<ContextId>('aa'.repeat(32))
const root = (byte: number) => idFromBytes<RootHash>(new Uint8Array(32).fill(byte))
const member = (byte: number) => idFromBytes<PublicKey>(new Uint8Array(32).fill(byte))

it('a difference counts once, a member once in an hour, and any once in ten minutes', () => {
  const doubts = new Doubts()
  const take = (by: number, theirs: number, nowMs: number) =>
    doubts.take(id, { member: member(by), ours: root(1), theirs: root(theirs) }, nowMs)
  expect(take(1, 2, 0)).toBe(true)
  expect(take(2, 2, DOUBT_EVERY_MS - 1)).toBe(false)
  expect(take(2, 2, DOUBT_EVERY_MS)).toBe(true)
  expect(take(1, 3, DOUBT_MEMBER_MS - 1)).toBe(false)
  expect(take(1, 2, 2 * DOUBT_MEMBER_MS)).toBe(false)
  expect(take(1, 3, 2 * DOUBT_MEMBER_MS)).toBe(true)
})

it('what outlasts a doubt is due until it is looked at, after each that was taken', () => {
  const doubts = new Doubts()
  const take = (by: number, nowMs: number) =>
    doubts.take(id, { member: member(by), ours: root(1), theirs: root(2) }, nowMs)
  const look = () => {
    const isDue = doubts.outlasts(id)
    doubts.seen(id)
    return isDue
  }
  expect(look()).toBe(false)
  take(1, 0)
  expect(doubts.outlasts(id)).toBe(true)
  expect([look(), look()]).toEqual([true, false])
  expect(take(2, 1)).toBe(false)
  expect(look()).toBe(false)
  take(2, DOUBT_EVERY_MS)
  expect([look(), look()]).toEqual([true, false])
})

it('a doubt of a root that has moved when its turn comes is no look at the next one', async () => {
  const { world, shared } = await share('mixed', NAMES)
  const scene = { world, shared }
  const bob = await contextOf(scene, 'bob')
  const by = (await contextOf(scene, 'ada')).beat()?.author ?? member(1)
  const written = bob.call({ method: 'set', input: utf8(JSON.stringify({ key: 'k', value: 'v' })) })
  const before = bob.root
  await world.run(bob.doubt({ member: by, ours: before, theirs: root(1) }))
  await world.run(written)
  expect(bob.root).not.toBe(before)
  const again = bob.doubt({ member: by, ours: bob.root, theirs: root(2) })
  await expect(world.run(again)).rejects.toMatchObject({ code: 'CONTEXT_FAILED' })
  await world.pass(1000)
  const next = await contextOf(scene, 'bob')
  await world.run(next.doubt({ member: by, ours: next.root, theirs: root(3) }))
})

it('a member that lies about its root for ever costs a fold an hour, and the state stays', async () => {
  let folds = 0
  const onBatch = (name: string, ops: readonly { readonly type: string; readonly key: Uint8Array }[]) => {
    const isNoted = ops.some(
      ({ type, key }) => type === 'put' && Buffer.from(key).toString('latin1').endsWith('damage'),
    )
    if (name === 'ada' && isNoted && ops.length > 1) folds += 1
  }
  const { world, shared } = await share('mixed', NAMES, { observer: { onBatch } })
  const scene = { world, shared }
  await call(scene, 'ada', 'say', { id: 'once' })
  await converge(world, shared.contextId, NAMES)
  const { node } = world.get('bob')
  const topic = topicName({ kind: 'context', id: shared.contextId })
  for (let i = 0; i < 24; i += 1) {
    await set(scene, 'cyd', 'key', `${i}`)
    await converge(world, shared.contextId, NAMES)
    const ada = await contextOf(scene, 'ada')
    const facts = {
      contextId: shared.contextId,
      heads: ada.heads(),
      root: root(i),
      removals: ada.removals ?? new Uint8Array(),
    }
    const hlc = BigInt(world.clock.nowMs() + 1000) * 1_000_000n
    await world.run(
      node.ports.network.publish(topic, encodeGossip({ t: 'heads', ...signHeads({ ...facts, hlc }, node.identity) })),
    )
    await world.pass(DOUBT_EVERY_MS / 2 - 1)
  }
  await converge(world, shared.contextId, NAMES)
  expect(folds).toBe(2)
  expect(await call(scene, 'ada', 'heard_count')).toBe(2)
  expect(world.get('ada').log.entries.every(({ message }) => message.startsWith('state diverged'))).toBe(true)
}, 60_000)
