// How many keys a group has had keeps nobody from reading what was sealed with the first of them.
import { expect, it } from 'vitest'
import { converge, joinContext } from '../../../testing/test-nodes.ts'
import { testWorlds } from '../../../testing/test-worlds.ts'
import { removeMember } from '../membership.ts'

const { share } = testWorlds()
const NAMES = ['ada', 'bob', 'cyd']
const ROTATIONS = 20

it('who joins after one writer has made many keys, before and after a removal, reads what was sealed with the first', async () => {
  const { world, shared } = await share('kv-store', NAMES)
  const { contextId, namespaceId, groupId } = shared
  const bob = world.get('bob').node.namespaces.get(namespaceId)
  await world.run(world.get('ada').call(contextId, 'set', { key: 'first', value: 'ada' }))
  await converge(world, contextId, NAMES)
  const rotate = async () => {
    for (let i = 0; i < ROTATIONS; i += 1) await world.run(bob.rotateKey(groupId))
  }
  await rotate()
  const cyd = world.get('cyd').node.account
  await world.run(world.get('cyd').stop())
  await world.run(removeMember(world.get('ada').node, groupId, cyd))
  await world.until('bob to hear of it', () => bob.state.roleIn(groupId, cyd) === undefined)
  await rotate()
  await world.start('dan')
  await joinContext(world, shared, 'ada', 'dan')
  await converge(world, contextId, ['ada', 'bob', 'dan'])
  expect(await world.run(world.get('dan').call(contextId, 'get', { key: 'first' }))).toBe('ada')
})
