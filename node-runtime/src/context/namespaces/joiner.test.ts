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
