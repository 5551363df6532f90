// Of removed members some of what they wrote may count in a peer's checkpoint and some not: it says which, and who holds
// the same deltas can compute its root.
import { expect, it } from 'vitest'
import type { RootHash } from '../../base/ids.ts'
import { converge } from '../../testing/test-nodes.ts'
import { testWorlds } from '../../testing/test-worlds.ts'
import type { Checkpoint } from '../../wire/checkpoint.ts'
import { digestOf } from '../apply/void-set.ts'
import { COMPARE_EVERY_MS } from '../limits.ts'
import { removeMember } from '../namespaces/membership.ts'

const { share } = testWorlds()
const NAMES = ['ada', 'bob', 'cyd']

it('a checkpoint in which some of what is void here counts is the same, if it says which', async () => {
  const { world, shared } = await share('kv-store', NAMES)
  const set = (name: string, key: string) =>
    world.run(world.get(name).call(shared.contextId, 'set', { key, value: name }))
  const cyd = await world.get('cyd').context(shared.contextId)
  const headOf = () => {
    const [head, ...more] = cyd.heads()
    const delta = head && cyd.delta(head)
    if (!delta || more.length > 0) throw new Error('there is to be one head')
    return delta
  }
  await set('ada', 'first')
  await converge(world, shared.contextId, NAMES)
  const first = headOf()
  world.network.partition([world.get('ada').peerId])
  await set('bob', 'counting')
  await converge(world, shared.contextId, ['bob', 'cyd'])
  const root = cyd.root
  await set('bob', 'void')
  await converge(world, shared.contextId, ['bob', 'cyd'])
  const last = headOf()
  world.get('bob').kill()
  await world.run(removeMember(world.get('ada').node, shared.namespaceId, world.get('bob').node.account))
  world.network.heal()
  await converge(world, shared.contextId, ['ada', 'cyd'])
  expect(cyd.voids).toBeDefined()

  const compare = async (rootHash: RootHash, ids: readonly (typeof last.id)[]) => {
    const digest = digestOf(ids)
    const voids = digest ? { voids: { digest, latest: ids } } : {}
    const { id, hlc, author } = last
    const end = { last: { id, hlc }, beneath: [{ id, hlc }], authors: [{ author, hlc }], count: 3 }
    const checkpoint: Checkpoint = { contextId: shared.contextId, root: rootHash, ...end, ...voids }
    await world.pass(COMPARE_EVERY_MS)
    return world.run(cyd.compare(checkpoint))
  }
  expect(await compare(root, [])).toBe('other')
  expect(await compare(root, [last.id])).toBe('same')
  // Nobody removed ada: what it wrote is not in question.
  expect(await compare(root, [first.id, last.id])).toBe('other')
  expect(await compare(cyd.root, [])).toBe('same')
})
