import { expect, it } from 'vitest'
import { NAMES, testWorlds } from '../../testing/test-worlds.ts'
import { removeMember } from './membership.ts'

const { share } = testWorlds()

it('a context that cannot be looked at now is looked at later, and nobody is warned', async () => {
  const { world, shared } = await share('kv-store', NAMES)
  const context = await world.get('bob').context(shared.contextId)
  await world.run(context.close())
  await world.run(removeMember(world.get('ada').node, shared.namespaceId, world.get('cyd').node.account))
  await world.pass(1000)
  const digests = ['ada', 'bob'].map((name) => world.get(name).node.namespaces.get(shared.namespaceId).heads().join())
  expect(digests[0]).toBe(digests[1])
  expect(world.get('bob').log.entries).toEqual([])
})

it('who joins has the contexts that it follows, or has tried to get them', async () => {
  const { world, shared } = await share('kv-store', ['ada', 'bob'])
  const { node } = await world.start('cyd', { boot: ['ada', 'bob'] })
  const ada = world.get('ada').node
  const invitation = ada.namespaces.invite(shared.groupId, { lifetimeSec: 3600, role: 'Member' })
  const namespace = await world.run(node.namespaces.join(invitation))
  await world.run(node.joiner.followed(namespace))
  expect(node.contexts.has(shared.contextId)).toBe(true)
  await world.run(world.get('cyd').call(shared.contextId, 'set', { key: 'k', value: 'v' }))
})
