// A member that is removed: what it wrote and nobody had accepted counts nowhere, and it reads nothing that comes after.
import { describe, expect, it } from 'vitest'
import { accountOf } from '../../base/keys.ts'
import { EVERYTHING, idOfKey } from '../../reconcile/item-key.ts'
import { keyOf } from '../../store/keys.ts'
import { rangeOf } from '../../store/store.ts'
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

describe('cyd, removed from the namespace by ada, who is not in the group of the context', () => {
  const names = ['ada', 'bob', 'cyd', 'dan']
  const set = ({ world, shared }: Scene, name: string, key: string) =>
    world.run(world.get(name).call(shared.contextId, 'set', { key, value: name }))
  const get = ({ world, shared }: Scene, name: string, key: string) =>
    world.run(world.get(name).call(shared.contextId, 'get', { key }))
  const apart = ({ world }: Scene, ...sides: string[][]) =>
    world.network.partition(...sides.map((side) => side.map((name) => world.get(name).peerId)))

  const logOf = ({ world, shared }: Scene, name: string) => world.get(name).node.namespaces.get(shared.namespaceId)

  /** A context of bob, cyd and dan in a group of their own. */
  async function closedGroup(app = 'kv-store', options: Parameters<typeof share>[2] = {}): Promise<Scene> {
    const { world, shared: common } = await share(app, names, options)
    const { namespaceId } = common
    const { node } = world.get('bob')
    const account = node.account
    const scene = { world, shared: common }
    await world.run(logOf(scene, 'ada').submit({ kind: 'role_set', groupId: namespaceId, account, role: 'Admin' }))
    await world.until('bob to hear of it', () => logOf(scene, 'bob').state.roleIn(namespaceId, account) === 'Admin')
    const groupId = await world.run(node.namespaces.createGroup(namespaceId, { visibility: 'restricted' }))
    for (const name of ['cyd', 'dan']) {
      const invitation = node.namespaces.invite(groupId, { lifetimeSec: 3600, role: 'Member' })
      await world.run(world.get(name).node.namespaces.join(invitation))
    }
    const [application] = await node.applications.list()
    if (!application) throw new Error('bob has no application')
    const context = await world.run(
      node.contexts.create({ applicationId: application.id, groupId, initParams: new Uint8Array(0) }),
    )
    const shared = { contextId: context.record.id, namespaceId, groupId }
    for (const name of ['cyd', 'dan']) {
      const joiner = world.get(name).node
      await world.run(joiner.joiner.ready(joiner.namespaces.get(namespaceId), shared.contextId))
    }
    return { world, shared }
  }

  const remove = ({ world, shared }: Scene) =>
    world.run(removeMember(world.get('ada').node, shared.namespaceId, world.get('cyd').node.account))

  const pinning = (scene: Scene, name: string) =>
    logOf(scene, name)
      .state.removalsOf(scene.world.get('cyd').node.account)
      .flatMap(({ witnessed }) => witnessed?.[scene.shared.contextId] ?? [])

  it('loses what it writes on with a clock of before its removal, and keeps what was accepted', async () => {
    const scene = await closedGroup()
    const { world, shared } = scene
    await set(scene, 'cyd', 'before')
    await converge(world, shared.contextId, ['bob', 'cyd', 'dan'])
    apart(scene, ['ada', 'bob', 'dan'], ['cyd'])
    world.get('cyd').clock.skewMs = -3_600_000
    await remove(scene)
    await world.until('bob and dan to have said what they had', () =>
      ['bob', 'dan'].every((name) => pinning(scene, name).length > 0),
    )
    await set(scene, 'cyd', 'late')
    world.network.heal()
    await world.pass(30_000)
    await set(scene, 'dan', 'after')
    await converge(world, shared.contextId, ['bob', 'dan'])
    for (const name of ['bob', 'dan']) {
      const values = [await get(scene, name, 'before'), await get(scene, name, 'late'), await get(scene, name, 'after')]
      expect(values).toEqual(['cyd', null, 'dan'])
      expect(world.get(name).log.entries).toEqual([])
    }
    // One of them has said it; the other had nothing to add.
    expect(pinning(scene, 'bob').length).toBe(1)
  })

  it('keeps what any of those who were there had accepted', async () => {
    const scene = await closedGroup()
    const { world, shared } = scene
    apart(scene, ['ada', 'bob'], ['cyd', 'dan'])
    await set(scene, 'cyd', 'seen by dan')
    await converge(world, shared.contextId, ['cyd', 'dan'])
    await remove(scene)
    await world.until('bob to have said that it had nothing', () => {
      const [removal] = logOf(scene, 'bob').state.removalsOf(world.get('cyd').node.account)
      return removal?.witnessed?.[shared.contextId] !== undefined
    })
    await set(scene, 'bob', 'meanwhile')
    world.network.heal()
    await world.pass(60_000)
    await converge(world, shared.contextId, ['bob', 'dan'])
    for (const name of ['bob', 'dan']) expect(await get(scene, name, 'seen by dan')).toBe('cyd')
  })

  it.each([
    ['short', 200],
    ['long', 2],
  ])(
    'has handlers run for what comes back, which count as waiting until then, over a %s way',
    async (_way, revisionMax) => {
      const scene = await closedGroup('kv-store-with-handlers', { retention: { revisionMax } })
      const { world, shared } = scene
      apart(scene, ['ada', 'bob'], ['cyd', 'dan'])
      await set(scene, 'cyd', 'seen by dan')
      await converge(world, shared.contextId, ['cyd', 'dan'])
      const dan = await world.get('dan').context(shared.contextId)
      const deltas = dan.readHeld((view) => view.keys(EVERYTHING, 100)).flatMap((key) => dan.delta(idOfKey(key)) ?? [])
      const delta = deltas.find(({ author }) => author === world.get('cyd').node.identity.publicKey)
      if (!delta) throw new Error('cyd wrote nothing')
      await remove(scene)
      await world.until('bob to have said that it had nothing', () => {
        const [removal] = logOf(scene, 'bob').state.removalsOf(world.get('cyd').node.account)
        return removal?.witnessed?.[shared.contextId] !== undefined
      })
      const { node } = world.get('bob')
      const waiting = () => node.contexts.opened(shared.contextId)?.waiting().handlers
      await world.run((await world.get('bob').context(shared.contextId)).receive([delta]))
      for (const key of ['x', 'y', 'z']) await set(scene, 'bob', key)
      const told: (number | undefined)[] = []
      node.events.watch((event) => {
        if ('deltaId' in event && event.deltaId === delta.id) told.push(waiting())
      })
      expect([await get(scene, 'bob', 'seen by dan'), waiting()]).toEqual([null, 0])
      world.network.heal()
      await converge(world, shared.contextId, ['bob', 'dan'])
      expect(await get(scene, 'bob', 'seen by dan')).toBe('cyd')
      expect([told, waiting()]).toEqual([[1], 0])
    },
  )
})

describe('a removal', () => {
  it('is not kept up by a context that cannot be read: others say what was accepted there', async () => {
    const { world, shared } = await share('kv-store')
    const call = (name: string, method: string, args: object) =>
      world.run(world.get(name).call(shared.contextId, method, args))
    await call('bob', 'set', { key: 'k', value: 'bob' })
    await converge(world, shared.contextId, NAMES)
    await world.run(world.get('ada').stop())
    const { disk } = world.get('ada')
    for await (const [key] of disk.entries(rangeOf(keyOf('delta')))) {
      await disk.batch([{ type: 'put', key, value: Uint8Array.of(1) }])
    }
    const { node } = await world.start('ada')
    const account = world.get('bob').node.account
    const { unpinned } = await world.run(removeMember(node, shared.namespaceId, account))
    expect(unpinned).toMatchObject([{ contextId: shared.contextId, reason: expect.stringContaining('decode') }])
    await world.pass(10_000)
    const { state } = world.get('cyd').node.namespaces.get(shared.namespaceId)
    expect(state.removalsOf(account).map(({ witnessed }) => Object.keys(witnessed ?? {}))).toEqual([[shared.contextId]])
    expect(await call('cyd', 'get', { key: 'k' })).toBe('bob')
  })
})
