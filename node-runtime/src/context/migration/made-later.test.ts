// Contexts that were made with a later version of the state than the first.
import { describe, expect, it } from 'vitest'
import { appWasm } from '../../../../scripts/build-apps.ts'
import type { Bytes } from '../../base/bytes.ts'
import { withSection } from '../../testing/custom-section.ts'
import { converge } from '../../testing/test-nodes.ts'
import { type Scene, testWorlds } from '../../testing/test-worlds.ts'
import { upgradeGroup } from '../namespaces/code/upgrades.ts'

const { share } = testWorlds()

/** To the same program once more, as another build of it. */
async function upgrade(scene: Scene, app: string): Promise<void> {
  await upgradeTo(scene, withSection(await appWasm(app), 'build'), true)
}

async function upgradeTo({ world, shared }: Scene, code: Bytes, forceCodeOnly: boolean): Promise<void> {
  const { node } = world.get('ada')
  const { id: blobId } = await world.run(node.ports.blobs.put([code]))
  const details = { source: 'test', metadata: new Uint8Array(0) }
  const { id: applicationId } = await world.run(node.applications.installBlob(blobId, details))
  await world.run(upgradeGroup(node, { groupId: shared.groupId, applicationId, cascade: false, forceCodeOnly }))
}

async function join({ world, shared }: Scene, name: string): Promise<void> {
  const { node } = await world.start(name)
  const invitation = world.get('ada').node.namespaces.invite(shared.groupId, { lifetimeSec: 3600, role: 'Member' })
  await world.run(node.namespaces.join(invitation))
  await world.run(node.joiner.ready(node.namespaces.get(shared.namespaceId), shared.contextId))
}

describe('a context that was made with the second version of the state', () => {
  it.each(['kv-store-2', 'order-sensitive-2'])(
    'is the same for who joins after it has got other code (%s)',
    async (app) => {
      const scene = await share(app, ['ada', 'bob'])
      const { world, shared } = scene
      const set = (name: string, key: string) =>
        world.run(world.get(name).call(shared.contextId, 'set', { key, value: name }))
      await set('bob', 'early')
      await converge(world, shared.contextId, ['ada', 'bob'])
      await upgrade(scene, app)
      await set('ada', 'later')
      await converge(world, shared.contextId, ['ada', 'bob'])
      await join(scene, 'dan')
      await set('dan', 'last')
      const { root } = await converge(world, shared.contextId, ['ada', 'bob', 'dan'])
      expect((await world.get('dan').context(shared.contextId)).root).toBe(root)
      expect((await world.get('dan').context(shared.contextId)).migration.mark.version).toBe(2)
      expect(await world.run(world.get('dan').call(shared.contextId, 'get', { key: 'early' }))).toBe('bob')
    },
  )
})

describe('a context of a later version, whose present code says nothing of its state', () => {
  it('is not taken back to the first version', async () => {
    const scene = await share('kv-store-2', ['ada', 'bob'])
    await upgrade(scene, 'kv-store')
    const first = withSection(await appWasm('kv-store'), 'calimero_abi_v1', '{"state_version":1}')
    await expect(upgradeTo(scene, first, false)).rejects.toThrow(/downgrades the state from version 2 to 1/)
  })
})

describe('a context whose code has said nothing of its state', () => {
  it.each(['kv-store', 'order-sensitive'])(
    'is written by who has joined later and never had the code that it was made with (%s)',
    async (app) => {
      const scene = await share(app, ['ada', 'bob'])
      const { world, shared } = scene
      const before = world.get('ada').node.namespaces.get(shared.namespaceId).state.contexts.get(shared.contextId)
      await upgrade(scene, app)
      await join(scene, 'dan')
      await world.run(world.get('dan').call(shared.contextId, 'set', { key: 'k', value: 'dan' }))
      await converge(world, shared.contextId, ['ada', 'bob', 'dan'])
      expect(await world.run(world.get('ada').call(shared.contextId, 'get', { key: 'k' }))).toBe('dan')
      expect(before && world.get('dan').node.applications.get(before.applicationId)).toBeUndefined()
    },
  )
})
