// A checkpoint that others have taken comes to who did not hear their words for it, which they say no more.
import { describe, expect, it } from 'vitest'
import { type Bytes, equalBytes } from '../base/bytes.ts'
import type { Context } from '../context/context.ts'
import { converge } from '../testing/test-nodes.ts'
import { NAMES, type Scene, testWorlds } from '../testing/test-worlds.ts'
import { checkpointHash } from '../wire/checkpoint.ts'
import { decodeGossip } from '../wire/gossip.ts'

const { share } = testWorlds()
/** So long that nothing in these tests comes by a periodic round. */
const RARELY = { everyMs: 3_600_000, gapMs: 3_600_000 }
const retention = { checkpointMin: 8 }

interface Deaf extends Scene {
  readonly bob: Context
  readonly ada: Context
  /** By node: the checkpoints that it has told by gossip. */
  readonly told: ReadonlyMap<string, Bytes[]>
  hear(): void
}

/** All have taken one. Of the words for those behind it nothing has reached bob, who has said his. */
async function deafened(): Promise<Deaf> {
  let isDeaf = false
  const told = new Map<string, Bytes[]>()
  const bobsId = () => world.get('bob').peerId
  const { world, shared } = await share('kv-store', NAMES, {
    sync: RARELY,
    retention,
    judge: ({ kind, to }) => ({ delayMs: 1, lost: isDeaf && kind === 'gossip' && to === bobsId(), copies: 1 }),
    observePacket: ({ from, kind, data }, fate) => {
      if (kind !== 'gossip' || fate !== 'sent' || data === undefined) return
      const gossip = decodeGossip(data)
      if (gossip.t === 'heads' && gossip.checkpoint) told.set(from, [...(told.get(from) ?? []), gossip.checkpoint])
    },
  })
  const write = async (count: number) => {
    for (let i = 0; i < count; i += 1)
      await world.run(world.get(NAMES[i % 3] ?? 'ada').call(shared.contextId, 'set', { key: `k${i}`, value: `${i}` }))
    await converge(world, shared.contextId, NAMES)
    // Each has told the others what it has.
    await world.pass(2500)
  }
  await write(12)
  await world.pass(20_000)
  await write(24)
  isDeaf = true
  await world.pass(20_000)
  const [ada, bob] = await Promise.all(['ada', 'bob'].map((name) => world.get(name).context(shared.contextId)))
  if (!ada || !bob) throw new Error('one of them is not there')
  expect([countOf(bob), countOf(ada)]).toEqual([8, 32])
  return { world, shared, ada, bob, told, hear: () => (isDeaf = false) }
}

function countOf(context: Context): number {
  return context.checkpoint()?.checkpoint.count ?? 0
}

describe('a checkpoint that others have taken', () => {
  it.each([
    ['with the heads that one of them tells next', false],
    ['from the next neighbour, where who tells of it is none', true],
  ])('comes %s', async (_, isCut) => {
    const { world, shared, bob, ada, hear } = await deafened()
    if (isCut) world.network.cut(world.get('ada').peerId, world.get('bob').peerId)
    hear()
    const before = world.get('ada').node.sync.counts.attempts
    await world.run(world.get('ada').call(shared.contextId, 'set', { key: 'k', value: 'v' }))
    await world.pass(2500)
    expect(countOf(bob)).toBe(countOf(ada))
    // It has been where bob was.
    expect(world.get('ada').node.sync.counts.attempts).toBe(before)
  })

  it.each<[string, (scene: Deaf) => Promise<unknown>]>([
    ['prunes to it', ({ bob, ada }) => bob.advance(certifiedOf(ada))],
    [
      'takes its state',
      ({ bob, ada }) =>
        bob.adopt(certifiedOf(ada), 'ada', async function* (after) {
          const entries = ada.snapshot(checkpointHash(certifiedOf(ada).checkpoint), after)
          for await (const entry of entries) yield [entry]
        }),
    ],
  ])('is told by who %s', async (_, take) => {
    const scene = await deafened()
    const { world, shared, ada, told } = scene
    const certified = certifiedOf(ada)
    await world.run(take(scene))
    await world.pass(2500)
    const bob = await world.get('bob').context(shared.contextId)
    expect(bob.checkpoint()?.checkpoint).toEqual(certified.checkpoint)
    const hash = checkpointHash(certified.checkpoint)
    expect(told.get(world.get('bob').peerId)?.some((each) => equalBytes(each, hash))).toBe(true)
  })
})

function certifiedOf(context: Context) {
  const certified = context.checkpoint()
  if (!certified) throw new Error('nothing is pruned')
  return certified
}
