// Who makes the next key of a group where the one that there is fits no more, or its maker is gone: nobody waits for ever.
import { expect, test } from 'vitest'
import { fromUtf8, utf8 } from '../../../base/bytes.ts'
import { joinContext } from '../../../testing/test-nodes.ts'
import { type Scene, testWorlds } from '../../../testing/test-worlds.ts'
import { ContextError } from '../../errors.ts'
import { KEY_LOST_MS, KEY_MAKE_AFTER_MS, WITNESS_STEP_MS } from '../../limits.ts'
import { govern } from '../administration.ts'
import { removeMember } from '../membership.ts'

const { share } = testWorlds()

const logOf = ({ world, shared }: Scene, name: string) => world.get(name).node.namespaces.get(shared.namespaceId)
const peers = ({ world }: Scene, ...names: string[]) => names.map((name) => world.get(name).peerId)

/** Ada removes dan while bob removes eve: the key that each has made does not cover the other removal. Cyd and vic are there as well. */
async function twoRemovals(vicIs: 'ReadOnly' | 'Member'): Promise<Scene> {
  const scene = await share('kv-store', ['ada', 'bob', 'cyd', 'dan', 'eve'])
  const { world, shared } = scene
  const { groupId } = shared
  await world.start('vic', { boot: ['ada', 'bob', 'cyd'] })
  await joinContext(world, shared, 'ada', 'vic', vicIs)
  const { account } = world.get('bob').node
  await world.run(govern(world.get('ada').node, groupId, { kind: 'role_set', groupId, account, role: 'Admin' }))
  await agreed(scene, ['ada', 'bob', 'cyd', 'vic'])
  world.network.partition(peers(scene, 'ada', 'dan', 'cyd', 'vic'), peers(scene, 'bob', 'eve'))
  await world.run(removeMember(world.get('ada').node, groupId, world.get('dan').node.account))
  await world.run(removeMember(world.get('bob').node, groupId, world.get('eve').node.account))
  for (const name of ['dan', 'eve']) await world.run(world.get(name).stop())
  await agreed(scene, ['ada', 'cyd', 'vic'])
  world.network.heal()
  return scene
}

async function agreed(scene: Scene, names: readonly string[]): Promise<void> {
  const heads = () => new Set(names.map((name) => logOf(scene, name).heads().join()))
  await scene.world.until('all to have the same log', () => heads().size === 1)
}

test('what a reader shows is seen after two removals at once, though nobody writes', async () => {
  const scene = await twoRemovals('ReadOnly')
  const { world, shared } = scene
  const { contextId, groupId } = shared
  await world.until('all to hear of both', () => logOf(scene, 'vic').state.fittingKeys(groupId).length === 0)
  world.get('vic').node.presences.set(contextId, utf8('here'))
  const shown = () => world.get('ada').node.presences.shownIn(contextId)
  await world.until('ada to see it', () =>
    shown().some(({ presence: { state } }) => state && fromUtf8(state) === 'here'),
  )
})

test('one of those who are there makes the key, whoever is not', async () => {
  const scene = await twoRemovals('Member')
  const { world, shared } = scene
  const { groupId } = shared
  const there = ['ada', 'bob', 'cyd', 'vic']
  await agreed(scene, there)
  expect(logOf(scene, 'cyd').state.fittingKeys(groupId)).toEqual([])
  const absent = there.pop() ?? ''
  await world.run(world.get(absent).stop())
  await world.pass(KEY_MAKE_AFTER_MS + 4 * WITNESS_STEP_MS)
  await agreed(scene, there)
  expect(logOf(scene, 'cyd').state.fittingKeys(groupId)).toHaveLength(1)
  for (const name of there) {
    await world.until(`${name} has the key`, () => logOf(scene, name).sealingKey(groupId) !== undefined)
  }
})

test('who may write is refused for half a minute at most where who made the key is gone with it', async () => {
  const scene = await share('kv-store', ['ada', 'bob', 'cyd'])
  const { world, shared } = scene
  const { contextId, groupId } = shared
  const [ada = '', bob = '', cyd = ''] = peers(scene, 'ada', 'bob', 'cyd')
  // Nothing that they ask ada for comes; what she tells does.
  for (const peer of [bob, cyd]) world.network.block(peer, ada)
  await world.run(logOf(scene, 'ada').rotateKey(groupId))
  await world.run(removeMember(world.get('ada').node, groupId, world.get('bob').node.account))
  await agreed(scene, ['ada', 'cyd'])
  await world.run(world.get('ada').stop())
  const set = () => world.run(world.get('cyd').call(contextId, 'set', { key: 'k', value: 'v' }))
  await expect(set()).rejects.toThrow(ContextError)
  await world.pass(KEY_LOST_MS)
  await set()
  expect(logOf(scene, 'cyd').state.fittingKeys(groupId)).toHaveLength(2)
})

test('a new key comes to all, also where nobody has used it and all hold one that fits: one may be the only neighbour of who needs it', async () => {
  const names = ['ada', 'bob', 'cyd']
  const scene = await share('kv-store', names)
  const { world, shared } = scene
  await world.run(logOf(scene, 'ada').rotateKey(shared.groupId))
  const made = logOf(scene, 'ada').sealingKey(shared.groupId)?.keyId
  await world.until('all to have it', () =>
    names.every((name) => made !== undefined && logOf(scene, name).sealingKey(shared.groupId)?.keyId === made),
  )
})
