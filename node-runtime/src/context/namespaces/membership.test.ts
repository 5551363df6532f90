// A writer that may only read from now on: what others had accepted of it stays, the rest counts nowhere, and it reads on.
import { describe, expect, it } from 'vitest'
import { accountOf } from '../../base/keys.ts'
import { converge } from '../../testing/test-nodes.ts'
import { NAMES, type Scene, testWorlds } from '../../testing/test-worlds.ts'
import { lowerMember } from './membership.ts'

const { share } = testWorlds()

describe.each(['kv-store', 'order-sensitive'])('bob, lowered by ada in a namespace with %s', (app) => {
  const set = ({ world, shared }: Scene, name: string, key: string, value: string) =>
    world.run(world.get(name).call(shared.contextId, 'set', { key, value }))
  const get = ({ world, shared }: Scene, name: string, key: string) =>
    world.run(world.get(name).call(shared.contextId, 'get', { key }))

  it('loses what it wrote without knowing, reads what others write, and may become a writer again', async () => {
    const scene = await share(app)
    const { world, shared } = scene
    await set(scene, 'bob', 'before', 'bob')
    await converge(world, shared.contextId, NAMES)
    const peers = (...names: string[]) => names.map((name) => world.get(name).peerId)
    world.network.partition(peers('ada', 'cyd'), peers('bob'))
    await set(scene, 'bob', 'apart', 'bob')
    const { node } = world.get('ada')
    const account = accountOf(world.get('bob').node.identity.publicKey)
    const { unpinned } = await world.run(lowerMember(node, shared.groupId, account))
    expect(unpinned).toEqual([])
    await set(scene, 'ada', 'apart', 'ada')
    world.network.heal()
    await set(scene, 'cyd', 'after', 'cyd')
    await converge(world, shared.contextId, NAMES)
    for (const name of NAMES) {
      const values = [
        await get(scene, name, 'before'),
        await get(scene, name, 'apart'),
        await get(scene, name, 'after'),
      ]
      expect([name, ...values]).toEqual([name, 'bob', 'ada', 'cyd'])
    }
    await expect(set(scene, 'bob', 'more', 'bob')).rejects.toThrow()
    const again = { kind: 'role_set', groupId: shared.groupId, account, role: 'Member' } as const
    await world.run(node.namespaces.ofGroup(shared.groupId).submit(again))
    await world.until('bob to hear of it', () =>
      world
        .get('bob')
        .node.namespaces.get(shared.namespaceId)
        .mayWrite(shared.contextId, world.get('bob').node.identity.publicKey),
    )
    await set(scene, 'bob', 'more', 'bob')
    await converge(world, shared.contextId, NAMES)
    expect(await get(scene, 'cyd', 'more')).toBe('bob')
  })
})
