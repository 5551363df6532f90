// An upgrade by who was removed beside it counts for nothing new. What was written with its code before it was known counts.
import { expect, it } from 'vitest'
import { appWasm } from '../../../../../scripts/build-apps.ts'
import { converge } from '../../../testing/test-nodes.ts'
import { NAMES, testWorlds } from '../../../testing/test-worlds.ts'
import { govern } from '../administration.ts'
import { removeMember } from '../membership.ts'
import { upgradeGroup } from './upgrades.ts'

const { share } = testWorlds()

/** The same application, but that it keeps the entries of its log elsewhere. */
async function secondVersion(): Promise<Uint8Array> {
  const bytes = Buffer.from(await appWasm('order-sensitive'))
  const [from, to] = ['log/', 'lag/'].map((text) => Buffer.from(text, 'utf16le')) as [Buffer, Buffer]
  to.copy(bytes, bytes.indexOf(from))
  return new Uint8Array(bytes)
}

it('what an honest member wrote with the code of an admin who was removed beside it is applied by all', async () => {
  const { world, shared } = await share('order-sensitive')
  const { contextId, namespaceId, groupId } = shared
  const [ada, bob, cyd] = NAMES.map((name) => world.get(name))
  if (!ada || !bob || !cyd) throw new Error('somebody is not there')
  const append = (name: string) => world.run(world.get(name).call(contextId, 'append', { value: name }))
  const body = { kind: 'role_set', groupId, account: cyd.node.account, role: 'Admin' } as const
  await world.run(govern(ada.node, groupId, body))
  await append('ada')
  await converge(world, contextId, NAMES)
  world.network.partition([ada.peerId], [bob.peerId, cyd.peerId])
  const { id: code } = await world.run(cyd.node.ports.blobs.put([await secondVersion()]))
  const details = { source: 'test', metadata: new Uint8Array(0) }
  const { id: applicationId, blobId } = await world.run(cyd.node.applications.installBlob(code, details))
  await world.run(upgradeGroup(cyd.node, { groupId, applicationId, cascade: false, forceCodeOnly: true }))
  await world.until('bob to run it', () => bob.node.contexts.record(contextId)?.applicationId === applicationId)
  await append('bob')
  await converge(world, contextId, ['bob', 'cyd'])
  await world.run(cyd.stop())
  await world.run(removeMember(ada.node, groupId, cyd.node.account))
  world.network.heal()
  await converge(world, contextId, ['ada', 'bob'])
  const log = ada.node.namespaces.get(namespaceId)
  expect([log.state.applications.has(applicationId), log.namesBlob(blobId)]).toEqual([false, true])
  const roots = [ada, bob].map(async (each) => (await each.context(contextId)).root)
  expect(new Set(await Promise.all(roots)).size).toBe(1)
})
