// A member that loses a group which it had inherited: it reads nothing that is written there then, and what it goes on to
// write on what it knew before counts no more than what was accepted.
import { describe, expect, it } from 'vitest'
import type { OpBody } from '../../base/operations.ts'
import { converge } from '../../testing/test-nodes.ts'
import { type Scene, testWorlds } from '../../testing/test-worlds.ts'
import { govern } from './administration.ts'

const { share } = testWorlds()

const set = ({ world, shared }: Scene, name: string, key: string) =>
  world.run(world.get(name).call(shared.contextId, 'set', { key, value: name }))
const get = ({ world, shared }: Scene, name: string, key: string) =>
  world.run(world.get(name).call(shared.contextId, 'get', { key }))

/** A context of ada's in an open group of the namespace, which bob and cyd inherit. */
async function openGroup(): Promise<Scene> {
  const { world, shared: common } = await share('kv-store')
  const { node } = world.get('ada')
  const groupId = await world.run(node.namespaces.createGroup(common.groupId, { visibility: 'open' }))
  const { applicationId } = (await world.get('ada').context(common.contextId)).record
  const { record } = await world.run(node.contexts.create({ applicationId, groupId, initParams: new Uint8Array(0) }))
  const shared = { ...common, groupId, contextId: record.id }
  for (const name of ['bob', 'cyd']) {
    const other = world.get(name).node
    await world.until(`${name} to hear of it`, () =>
      other.namespaces.get(common.namespaceId).state.contexts.has(record.id),
    )
    await world.run(other.joiner.ready(other.namespaces.get(common.namespaceId), record.id))
  }
  return { world, shared }
}

describe.each<[string, (scene: Scene) => OpBody]>([
  [
    'the right to open groups is taken from it',
    ({ world, shared }) => ({
      kind: 'capabilities_set',
      groupId: shared.namespaceId,
      account: world.get('bob').node.account,
      capabilities: 0,
    }),
  ],
  ['the group closes', ({ shared }) => ({ kind: 'visibility_set', groupId: shared.groupId, visibility: 'restricted' })],
])('bob, when %s', (_what, bodyOf) => {
  it('reads nothing that is written afterwards, and what it writes without knowing does not count', async () => {
    const scene = await openGroup()
    const { world, shared } = scene
    // Cyd has the group whatever becomes of it.
    const account = world.get('cyd').node.account
    await world.run(
      govern(world.get('ada').node, shared.groupId, {
        kind: 'member_added',
        groupId: shared.groupId,
        account,
        role: 'Member',
      }),
    )
    await set(scene, 'bob', 'before')
    await converge(world, shared.contextId, ['ada', 'bob', 'cyd'])
    world.network.partition(...[['ada', 'cyd'], ['bob']].map((side) => side.map((name) => world.get(name).peerId)))
    const body = bodyOf(scene)
    await world.run(
      govern(world.get('ada').node, body.kind === 'capabilities_set' ? body.groupId : shared.groupId, body),
    )
    const logOf = (name: string) => world.get(name).node.namespaces.get(shared.namespaceId)
    await world.until('somebody to have said what was accepted', () => {
      const said = logOf('ada').state.removalsIn(shared.contextId)
      return said.some(([, removal]) => removal.witnessed?.[shared.contextId] !== undefined)
    })
    await set(scene, 'bob', 'late')
    world.network.heal()
    await world.pass(30_000)
    await set(scene, 'cyd', 'after')
    await converge(world, shared.contextId, ['ada', 'cyd'])
    for (const name of ['ada', 'cyd']) {
      const values = [await get(scene, name, 'before'), await get(scene, name, 'late'), await get(scene, name, 'after')]
      expect(values).toEqual(['bob', null, 'cyd'])
      expect(world.get(name).log.entries).toEqual([])
    }
    await world.pass(30_000)
    const [head] = (await world.get('cyd').context(shared.contextId)).heads()
    const delta = head && (await world.get('cyd').context(shared.contextId)).delta(head)
    expect(delta && logOf('bob').openingKey(shared.groupId, delta.keyId)).toBeUndefined()
  })
})
