// An upgrade and deltas that meet in different orders: each delta enters the state by the code of its own cut, so that
// nodes which had it before the upgrade and nodes which get it afterwards are equal (I1).
import { describe, expect, it } from 'vitest'
import type { DeltaId } from '../base/ids.ts'
import { runs, upgrade } from '../testing/second-version.ts'
import { converge } from '../testing/test-nodes.ts'
import { NAMES, type Scene, testWorlds } from '../testing/test-worlds.ts'
import { progressOf } from './namespaces/code/upgrades.ts'

const { share } = testWorlds()

const append = ({ world, shared }: Scene, name: string) =>
  world.run(world.get(name).call(shared.contextId, 'append', { value: name }))
const apart = ({ world }: Scene, ...sides: string[][]) =>
  world.network.partition(...sides.map((side) => side.map((name) => world.get(name).peerId)))

const rootOf = async ({ world, shared }: Scene, name: string) => (await world.get(name).context(shared.contextId)).root

describe('an upgrade of code that keeps its own state', () => {
  it('leaves nodes equal that had a delta before it and those that get it afterwards', async () => {
    const scene = await share('order-sensitive')
    const { world, shared } = scene
    await append(scene, 'cyd')
    await converge(world, shared.contextId, NAMES)
    apart(scene, ['ada', 'cyd'], ['bob'])
    await append(scene, 'bob')
    const applicationId = await upgrade(scene, 'ada')
    await world.until('cyd to run it', () => runs(scene, 'cyd', applicationId))
    await append(scene, 'ada')
    await append(scene, 'cyd')
    world.network.heal()
    await world.until('bob to run it', () => runs(scene, 'bob', applicationId))
    await append(scene, 'bob')
    await converge(world, shared.contextId, NAMES)
    const roots = await Promise.all(NAMES.map((name) => rootOf(scene, name)))
    expect(new Set(roots).size).toBe(1)
    for (const name of NAMES) expect(world.get(name).log.entries).toEqual([])
  })

  it('is fetched with what ran before it by who joins later', async () => {
    const scene = await share('order-sensitive', ['ada', 'bob'])
    const { world, shared } = scene
    await append(scene, 'bob')
    await converge(world, shared.contextId, ['ada', 'bob'])
    await upgrade(scene, 'ada')
    await append(scene, 'ada')
    const { node } = await world.start('dan')
    const invitation = world.get('ada').node.namespaces.invite(shared.groupId, { lifetimeSec: 3600, role: 'Member' })
    await world.run(node.namespaces.join(invitation))
    const progress = () => progressOf(node, node.namespaces.get(shared.namespaceId), shared.groupId)
    // It is to come: nothing is done because nothing is here.
    expect([node.contexts.has(shared.contextId), progress()]).toMatchObject([false, { total: 1, swapped: 0 }])
    await world.run(node.joiner.ready(node.namespaces.get(shared.namespaceId), shared.contextId))
    await converge(world, shared.contextId, ['ada', 'bob', 'dan'])
    expect(await rootOf(scene, 'dan')).toBe(await rootOf(scene, 'ada'))
    expect(progress()).toMatchObject({ total: 1, swapped: 1 })
    await append(scene, 'dan')
    await converge(world, shared.contextId, ['ada', 'bob', 'dan'])
  })

  it('parks what its code has made where it runs by name and is not here, and fails nothing', async () => {
    const scene = await share('order-sensitive', ['ada', 'bob'])
    const { world, shared } = scene
    const applicationId = await upgrade(scene, 'ada')
    await world.until('bob to run it', () => runs(scene, 'bob', applicationId))
    apart(scene, ['ada'], ['bob'])
    await append(scene, 'ada')
    const bob = await world.get('bob').context(shared.contextId)
    const [last = ''] = (await world.get('ada').context(shared.contextId)).heads()
    const delta = (await world.get('ada').context(shared.contextId)).delta(last as DeltaId)
    if (!delta) throw new Error('nothing was written')
    await world.get('bob').node.applications.uninstall(applicationId)
    expect(await world.run(bob.receive([delta]))).toMatchObject({ applied: 0, refused: 0 })
    world.network.heal()
    await converge(world, shared.contextId, ['ada', 'bob'])
    expect(await rootOf(scene, 'bob')).toBe(await rootOf(scene, 'ada'))
    for (const name of ['ada', 'bob']) expect(world.get(name).log.entries).toEqual([])
  })

  it('leaves whoever holds the context of before nothing to sign', async () => {
    const scene = await share('order-sensitive', ['ada', 'bob'])
    const { world, shared } = scene
    const before = await world.get('bob').context(shared.contextId)
    expect(before.beat()?.heads).toEqual(before.heads())
    const applicationId = await upgrade(scene, 'ada')
    await world.until('bob to run it', () => runs(scene, 'bob', applicationId))
    await append(scene, 'ada')
    await converge(world, shared.contextId, ['ada', 'bob'])
    const now = await world.get('bob').context(shared.contextId)
    expect([before.beat(), now.beat()?.heads]).toEqual([undefined, now.heads()])
  })

  it('is not what a context runs whose code of before came while it was heard of', async () => {
    const scene = await share('order-sensitive', ['ada', 'bob'])
    const { world, shared } = scene
    const before = world.get('ada').node.contexts.record(shared.contextId)?.applicationId
    const applicationId = await upgrade(scene, 'ada')
    await append(scene, 'ada')
    const { node } = await world.start('dan')
    const invitation = world.get('ada').node.namespaces.invite(shared.groupId, { lifetimeSec: 3600, role: 'Member' })
    await world.run(node.namespaces.join(invitation))
    const namespace = node.namespaces.get(shared.namespaceId)
    await world.until(
      'dan to hear of it',
      () => namespace.state.contexts.get(shared.contextId)?.applicationId === applicationId,
    )
    expect([node.contexts.has(shared.contextId), before === undefined]).toEqual([false, false])
    await world.run(node.contexts.adopt(namespace, shared.contextId, before && { applicationId: before }))
    expect(node.contexts.record(shared.contextId)?.applicationId).toBe(before)
    await world.until('dan to run it', () => runs(scene, 'dan', applicationId))
    await converge(world, shared.contextId, ['ada', 'bob', 'dan'])
  })

  it('keeps a node that lacks its code from writing, not from reading', async () => {
    const scene = await share('order-sensitive', ['ada', 'bob'])
    const { world, shared } = scene
    await append(scene, 'bob')
    await converge(world, shared.contextId, ['ada', 'bob'])
    const applicationId = await upgrade(scene, 'ada')
    const bob = world.get('bob').node
    const heard = () => bob.namespaces.get(shared.namespaceId).state.contexts.get(shared.contextId)?.applicationId
    await world.until('bob to hear of it', () => heard() === applicationId)
    expect(bob.applications.get(applicationId)).toBeUndefined()
    await expect(append(scene, 'bob')).rejects.toMatchObject({ code: 'CONTEXT_BUSY' })
    expect(await world.run(world.get('bob').call(shared.contextId, 'log', {}))).toEqual(['bob'])
    await world.until('bob to run it', () => bob.applications.get(applicationId) !== undefined)
    await append(scene, 'bob')
    await converge(world, shared.contextId, ['ada', 'bob'])
  })
})
