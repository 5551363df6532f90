import { expect, it } from 'vitest'
import { peerIdOfPublicKey } from '../network/peer-id.ts'
import { testWorlds } from '../testing/test-worlds.ts'
import { bob } from '../wire/messages.fixture.ts'
import { HELLO_PROTOCOL } from './hello.ts'

const { share } = testWorlds()

it.each([
  ['an older version', 'hello/1', ['a peer of another version: nothing is exchanged until both run the same']],
  ['this one', HELLO_PROTOCOL, []],
])('a peer that speaks %s', async (_, protocol, warnings) => {
  const { world } = await share('kv-store', ['ada'])
  const peer = world.createNetwork({ peerId: peerIdOfPublicKey(bob.publicKey), bootAddresses: [] })
  peer.handle(protocol, async () => {})
  await world.run(peer.start())
  await world.run(peer.dial(world.place('ada').address))
  await world.pass(1000)
  expect(world.get('ada').log.entries.map(({ message }) => message)).toEqual(warnings)
  await world.run(peer.close())
})
