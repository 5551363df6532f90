// One member's word, however low the root that it makes up, does not replace a state that was computed here.
import { expect, it } from 'vitest'
import type { RootHash } from '../base/ids.ts'
import { peerIdOfPublicKey } from '../network/peer-id.ts'
import { RecordingLogger } from '../testing/recording-logger.ts'
import { testWorlds } from '../testing/test-worlds.ts'
import type { Checkpoint } from '../wire/checkpoint.ts'
import { alice, bob, idOf } from '../wire/messages.fixture.ts'
import { Vouchers, yieldsTo } from './vouching.ts'

const { open } = testWorlds()

const own: Checkpoint = {
  contextId: idOf('context'),
  last: { id: idOf('last'), hlc: 7n },
  root: 'ff'.repeat(32) as RootHash,
  count: 5,
  beneath: [],
  authors: [],
}
const theirs: Checkpoint = { ...own, root: '00'.repeat(32) as RootHash, count: 6 }
const context = {
  checkpoint: () => ({ checkpoint: own, author: bob.publicKey, signature: new Uint8Array(64) }),
  isBeside: () => true,
}

it.each([
  ['nobody confirms one', [], { yields: false, contested: 1 }],
  ['ours is confirmed', [own], { yields: false, contested: 0 }],
  ['theirs is confirmed', [theirs], { yields: true, contested: 0 }],
  ['both are confirmed', [own, theirs], { yields: false, contested: 1 }],
])('of two checkpoints at one place, where %s', async (_, confirmed, expected) => {
  let contested = 0
  const others = {
    ask: async (checkpoint: Checkpoint) => (confirmed.includes(checkpoint) ? ('same' as const) : ('unknown' as const)),
    contested: () => {
      contested += 1
    },
  }
  const yields = await yieldsTo(theirs, context, others)
  expect({ yields, contested }).toEqual(expected)
})

it('neither strangers nor who is pulled from are asked to confirm a checkpoint', async () => {
  const world = await open()
  const asked: string[] = []
  const network = world.createNetwork({ peerId: peerIdOfPublicKey(alice.publicKey), bootAddresses: [] })
  network.open = async (peer) => {
    asked.push(peer)
    throw new Error('not there')
  }
  const stranger = world.createNetwork({ peerId: peerIdOfPublicKey(idOf('stranger')), bootAddresses: [] }).peerId
  const [source, member] = [peerIdOfPublicKey(idOf('source')), peerIdOfPublicKey(bob.publicKey)]
  const vouchers = new Vouchers({
    directory: { mayRead: (_, key) => key !== idOf('stranger') },
    log: new RecordingLogger(),
    peersOf: () => [stranger, source, member],
  })
  const others = vouchers.others({ network, peer: source, signal: new AbortController().signal }, own.contextId)
  expect(await others.ask(theirs)).toBe('unknown')
  expect(asked).toEqual([member])
  others.contested(theirs)
  expect(vouchers.contested).toBe(1)
})
