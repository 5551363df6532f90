// A key that a member made while others removed it counts for nothing new. What was sealed with it before is still read.
import { expect, it } from 'vitest'
import { converge, handKeys } from '../../../testing/test-nodes.ts'
import { NAMES, testWorlds } from '../../../testing/test-worlds.ts'
import { removeMember } from '../membership.ts'

const { share } = testWorlds()

it('what an honest member sealed with the key of one who was removed beside it is read by all', async () => {
  const { world, shared } = await share('kv-store', NAMES)
  const { contextId, namespaceId, groupId } = shared
  const [ada, bob, cyd] = NAMES.map((name) => world.get(name))
  if (!ada || !bob || !cyd) throw new Error('somebody is not there')
  await world.run(bob.call(contextId, 'set', { key: 'before', value: 'bob' }))
  await converge(world, contextId, NAMES)
  world.network.partition([ada.peerId], [bob.peerId, cyd.peerId])
  const logOf = (node: typeof ada) => node.node.namespaces.get(namespaceId)
  await world.run(logOf(cyd).rotateKey(groupId))
  await world.until('bob to hear of the key', () => logOf(bob).heads().join() === logOf(cyd).heads().join())
  await handKeys(world, shared, 'cyd', 'bob')
  await world.run(bob.call(contextId, 'set', { key: 'sealed', value: 'bob' }))
  await world.run(removeMember(ada.node, groupId, cyd.node.account))
  world.network.heal()
  await converge(world, contextId, ['ada', 'bob'])
  expect(await world.run(ada.call(contextId, 'get', { key: 'sealed' }))).toBe('bob')
})
