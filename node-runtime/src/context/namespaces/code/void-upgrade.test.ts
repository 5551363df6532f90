// An upgrade by who was removed beside it counts for nothing new. What was written with its code before it was known counts.
import { expect, it } from 'vitest'
import { runs, upgrade } from '../../../testing/second-version.ts'
import { converge } from '../../../testing/test-nodes.ts'
import { NAMES, testWorlds } from '../../../testing/test-worlds.ts'
import { govern } from '../administration.ts'
import { removeMember } from '../membership.ts'

const { share } = testWorlds()

it('what an honest member wrote with the code of an admin who was removed beside it is applied by all', async () => {
  const scene = await share('order-sensitive')
  const { world, shared } = scene
  const { contextId, namespaceId, groupId } = shared
  const [ada, bob, cyd] = NAMES.map((name) => world.get(name))
  if (!ada || !bob || !cyd) throw new Error('somebody is not there')
  const append = (name: string) => world.run(world.get(name).call(contextId, 'append', { value: name }))
  const body = { kind: 'role_set', groupId, account: cyd.node.account, role: 'Admin' } as const
  await world.run(govern(ada.node, groupId, body))
  await append('ada')
  await converge(world, contextId, NAMES)
  world.network.partition([ada.peerId], [bob.peerId, cyd.peerId])
  const applicationId = await upgrade(scene, 'cyd')
  const code = cyd.node.applications.get(applicationId)?.blobId
  if (!code) throw new Error('it is not installed')
  await world.until('bob to run it', () => runs(scene, 'bob', applicationId))
  await append('bob')
  await converge(world, contextId, ['bob', 'cyd'])
  await world.run(cyd.stop())
  await world.run(removeMember(ada.node, groupId, cyd.node.account))
  world.network.heal()
  await converge(world, contextId, ['ada', 'bob'])
  const log = ada.node.namespaces.get(namespaceId)
  expect([log.state.applications.has(applicationId), log.namesBlob(code)]).toEqual([false, true])
  const roots = [ada, bob].map(async (each) => (await each.context(contextId)).root)
  expect(new Set(await Promise.all(roots)).size).toBe(1)
})
