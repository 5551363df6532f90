// A member that is removed: what it wrote and nobody had accepted counts nowhere, and it reads nothing that comes after.
import { describe, expect, it } from 'vitest'
import { accountOf } from '../../base/keys.ts'
import { converge } from '../../testing/test-nodes.ts'
import { NAMES, type Scene, testWorlds } from '../../testing/test-worlds.ts'
import { removeMember } from '../namespaces/membership.ts'

const { share } = testWorlds()

describe.each(['kv-store', 'order-sensitive'])('bob, removed by ada from a namespace with %s', (app) => {
  const set = ({ world, shared }: Scene, name: string, key: string, value: string) =>
    world.run(world.get(name).call(shared.contextId, 'set', { key, value }))
  const get = ({ world, shared }: Scene, name: string, key: string) =>
    world.run(world.get(name).call(shared.contextId, 'get', { key }))
  const remove = ({ world, shared }: Scene) => {
    const { node } = world.get('ada')
    const { publicKey } = world.get('bob').node.identity
    return world.run(removeMember(node, shared.namespaceId, accountOf(publicKey)))
  }
  const apart = ({ world }: Scene, ...sides: string[][]) =>
    world.network.partition(...sides.map((names) => names.map((name) => world.get(name).peerId)))

  it('keeps what was accepted, and loses what it wrote without knowing', async () => {
    const scene = await share(app)
    await set(scene, 'bob', 'before', 'bob')
    await converge(scene.world, scene.shared.contextId, NAMES)
    apart(scene, ['ada', 'cyd'], ['bob'])
    await set(scene, 'bob', 'apart', 'bob')
    await set(scene, 'ada', 'apart', 'ada')
    await remove(scene)
    scene.world.network.heal()
    await set(scene, 'cyd', 'after', 'cyd')
    await converge(scene.world, scene.shared.contextId, ['ada', 'cyd'])
    for (const name of ['ada', 'cyd']) {
      const values = [
        await get(scene, name, 'before'),
        await get(scene, name, 'apart'),
        await get(scene, name, 'after'),
      ]
      expect(values).toEqual(['bob', 'ada', 'cyd'])
    }
  })

  it('takes back what another member had applied of it, also after a restart', async () => {
    const scene = await share(app)
    await set(scene, 'ada', 'key', 'ada')
    await converge(scene.world, scene.shared.contextId, NAMES)
    apart(scene, ['ada'], ['bob', 'cyd'])
    for (let i = 0; i < 12; i += 1) await set(scene, i % 3 === 0 ? 'cyd' : 'bob', `key${i % 4}`, `${i}`)
    await converge(scene.world, scene.shared.contextId, ['bob', 'cyd'])
    await remove(scene)
    await set(scene, 'ada', 'key', 'ada again')
    scene.world.network.heal()
    await converge(scene.world, scene.shared.contextId, ['ada', 'cyd'])
    expect(await get(scene, 'cyd', 'key2')).toBe(await get(scene, 'ada', 'key2'))
    await scene.world.run(scene.world.get('cyd').stop())
    await scene.world.start('cyd')
    await converge(scene.world, scene.shared.contextId, ['ada', 'cyd'])
    for (const name of ['ada', 'cyd']) expect(scene.world.get(name).log.entries).toEqual([])
  })

  it('can neither read nor write afterwards', async () => {
    const scene = await share(app)
    await set(scene, 'bob', 'key', 'bob')
    await converge(scene.world, scene.shared.contextId, NAMES)
    await remove(scene)
    const removed = () => scene.world.get('cyd').node.namespaces.get(scene.shared.namespaceId).state.members.size === 2
    await scene.world.until('cyd to hear of the removal', removed)
    await set(scene, 'cyd', 'key', 'secret')
    await converge(scene.world, scene.shared.contextId, ['ada', 'cyd'])
    await scene.world.pass(60_000)
    const bob = scene.world.get('bob')
    await expect(
      scene.world.run(bob.call(scene.shared.contextId, 'set', { key: 'key', value: 'bob' })),
    ).rejects.toMatchObject({ code: 'NOT_A_MEMBER' })
    const context = await bob.context(scene.shared.contextId)
    const [head] = (await scene.world.get('cyd').context(scene.shared.contextId)).heads()
    // What it may overhear stays sealed.
    expect(context.heads()).not.toContain(head)
    expect(bob.node.namespaces.get(scene.shared.namespaceId).holdsKey(scene.shared.namespaceId)).toBe(false)
  })
})
