// Whoever came in by what turns out to be void is no member, and may not have known it: what others had accepted of it counts,
// and nothing that it goes on to write on the cut of then.
import { describe, expect, it } from 'vitest'
import { converge, joinContext } from '../../testing/test-nodes.ts'
import { type Scene, testWorlds } from '../../testing/test-worlds.ts'
import { govern } from './administration.ts'

const { share } = testWorlds()

const set = ({ world, shared }: Scene, name: string, key: string) =>
  world.run(world.get(name).call(shared.contextId, 'set', { key, value: name }))
const get = ({ world, shared }: Scene, name: string, key: string) =>
  world.run(world.get(name).call(shared.contextId, 'get', { key }))
const apart = ({ world }: Scene, ...sides: string[][]) =>
  world.network.partition(...sides.map((side) => side.map((name) => world.get(name).peerId)))
const logOf = ({ world, shared }: Scene, name: string) => world.get(name).node.namespaces.get(shared.namespaceId)

/** Bob, an admin till then, has let dan in where ada does not hear of it. */
async function letIn(app: string): Promise<Scene> {
  const scene = await share(app)
  const { world, shared } = scene
  const { account } = world.get('bob').node
  const promotion = { kind: 'role_set', groupId: shared.groupId, account, role: 'Admin' } as const
  await world.run(govern(world.get('ada').node, shared.groupId, promotion))
  await world.until('bob to hear of it', () => logOf(scene, 'bob').state.roleIn(shared.groupId, account) === 'Admin')
  await converge(world, shared.contextId, ['ada', 'bob', 'cyd'])
  apart(scene, ['ada', 'cyd'], ['bob'])
  await world.start('dan', { boot: ['bob'] })
  apart(scene, ['ada', 'cyd'], ['bob', 'dan'])
  await joinContext(world, shared, 'bob', 'dan', 'Member')
  await set(scene, 'dan', 'accepted')
  await converge(world, shared.contextId, ['bob', 'dan'])
  await world.run(govern(world.get('ada').node, shared.groupId, { ...promotion, role: 'Member' }))
  return scene
}

describe.each(['kv-store', 'order-sensitive'])('dan, whose joining is void, in %s', (app) => {
  it('keeps what was accepted of it, and what it writes on the cut of then counts nowhere', async () => {
    const scene = await letIn(app)
    const { world, shared } = scene
    apart(scene, ['ada', 'bob', 'cyd'], ['dan'])
    await world.until('somebody to have said what was accepted', () => {
      const said = logOf(scene, 'cyd').state.removalsIn(shared.contextId)
      return said.some(([, removal]) => removal.witnessed?.[shared.contextId] !== undefined)
    })
    await set(scene, 'dan', 'late')
    const late = (await world.get('dan').context(shared.contextId)).heads()
    world.network.heal()
    await world.pass(60_000)
    await set(scene, 'cyd', 'after')
    await converge(world, shared.contextId, ['ada', 'bob', 'cyd'])
    for (const name of ['ada', 'bob', 'cyd']) {
      expect(await Promise.all(['accepted', 'late', 'after'].map((key) => get(scene, name, key)))).toEqual([
        'dan',
        null,
        'cyd',
      ])
      const context = await world.get(name).context(shared.contextId)
      // Held, and void: it was not refused.
      expect(late.every((id) => context.delta(id) !== undefined)).toBe(true)
      expect(world.get(name).log.entries).toEqual([])
    }
  })

  it('is judged alike by who hears of the joining first and who hears first of what makes it void', async () => {
    const scene = await letIn(app)
    const { world, shared } = scene
    // Cyd has dan’s deltas, and its joining, before it hears that bob was lowered; ada the other way round.
    apart(scene, ['bob', 'cyd', 'dan'], ['ada'])
    await converge(world, shared.contextId, ['bob', 'cyd', 'dan'])
    await set(scene, 'dan', 'more')
    await converge(world, shared.contextId, ['bob', 'cyd', 'dan'])
    apart(scene, ['ada', 'bob', 'cyd'], ['dan'])
    await set(scene, 'dan', 'late')
    await world.pass(30_000)
    world.network.heal()
    await world.pass(60_000)
    await set(scene, 'ada', 'after')
    await converge(world, shared.contextId, ['ada', 'bob', 'cyd'])
    for (const name of ['ada', 'bob', 'cyd']) {
      const values = await Promise.all(['accepted', 'more', 'late', 'after'].map((key) => get(scene, name, key)))
      expect(values).toEqual(['dan', 'dan', null, 'ada'])
      expect(world.get(name).log.entries).toEqual([])
    }
  })
})
