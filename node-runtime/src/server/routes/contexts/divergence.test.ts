// A member that says to have another state, over HTTP.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { appWasm } from '../../../../../scripts/build-apps.ts'
import { systemClock } from '../../../base/clock.ts'
import { idBase58, idFromBytes, type RootHash } from '../../../base/ids.ts'
import { EMPTY_LEAF, EMPTY_ROOT, encodeNode } from '../../../storage/trie-node.ts'
import { SYNC_PROTOCOL } from '../../../sync/conversation.ts'
import { topicName } from '../../../sync/topics.ts'
import { converge, type SharedContext, shareContext, TestWorld } from '../../../testing/test-nodes.ts'
import { encodeGossip, signHeads } from '../../../wire/gossip.ts'
import { syncFrameMessage, syncRequestMessage } from '../../../wire/sync-messages.ts'
import { HEX32, type ServedNode, serve } from '../../testing/served-node.ts'

let world: TestWorld
let bob: ServedNode
let kv: SharedContext

beforeAll(async () => {
  world = await TestWorld.open({ clock: systemClock })
  for (const name of ['ada', 'bob']) await world.start(name, { boot: ['ada', 'bob'] })
  kv = await shareContext(world, await appWasm('kv-store'), ['ada', 'bob'])
  bob = await serve(world.get('bob').node)
})

afterAll(async () => {
  await bob.close()
  await world.close()
})

test('what differs is among what waits in the context', async () => {
  await world.get('ada').call(kv.contextId, 'set', { key: 'k', value: 'v' })
  await converge(world, kv.contextId, ['ada', 'bob'])
  const { identity, ports } = world.get('ada').node
  // As one whose state is empty.
  ports.network.handle(SYNC_PROTOCOL, async (_, stream) => {
    for await (const bytes of stream.frames) {
      const items = syncRequestMessage.decode(bytes).t === 'tree' ? [encodeNode(EMPTY_LEAF)] : [new Uint8Array(1)]
      await stream.send(syncFrameMessage.encode({ t: 'items', items }))
      await stream.send(syncFrameMessage.encode({ t: 'end', more: false }))
    }
  })
  const context = await world.get('bob').context(kv.contextId)
  const facts = { contextId: kv.contextId, heads: context.heads(), removals: context.removals ?? new Uint8Array() }
  const say = (root: RootHash, laterMs: number) => {
    const hlc = BigInt(Math.trunc(systemClock.nowMs()) + laterMs) * 1_000_000n
    const beat = signHeads({ ...facts, root, hlc }, identity)
    const topic = topicName({ kind: 'context', id: kv.contextId })
    return ports.network.publish(topic, encodeGossip({ t: 'heads', ...beat }))
  }
  await say(EMPTY_ROOT, 5000)
  const divergence = async () => {
    const { body } = await bob.get(`/admin-api/contexts/${idBase58(kv.contextId)}/waiting`)
    return (body as { data?: { divergence?: object } }).data?.divergence
  }
  await expect.poll(divergence, { timeout: 10_000 }).toMatchObject({
    member: idBase58(identity.publicKey),
    heads: [expect.stringMatching(HEX32)],
    root: idBase58(context.root),
    theirRoot: idBase58(EMPTY_ROOT),
    entries: expect.arrayContaining([
      {
        what: expect.any(String),
        in: 'here',
        key: expect.any(String),
        keyHash: expect.stringMatching(HEX32),
        hash: expect.stringMatching(HEX32),
      },
    ]),
    more: false,
  })
  await say(idFromBytes<RootHash>(Buffer.from(context.root, 'hex')), 6000)
  await expect.poll(divergence, { timeout: 10_000 }).toBeUndefined()
})
