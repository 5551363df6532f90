// What a member had accepted in more heads than are kept once they are said: all is still judged without them when they are.
import { afterEach, expect, test, vi } from 'vitest'
import { toHex } from '../../base/bytes.ts'
import { shareOpenGroup } from '../../testing/open-group.ts'
import { converge, TestWorld } from '../../testing/test-nodes.ts'
import { govern } from '../namespaces/administration.ts'

vi.mock('../limits.ts', async (original) => ({ ...(await original<object>()), HEARD_HEADS_KEPT_MAX: 0 }))

const NAMES = ['ada', 'bob', 'cyd', 'dan']
const STEP_MS = 5
const STEPS_AFTER = 200

let world: TestWorld

afterEach(() => world.close())

test('who has said it signs nothing under the judgement without it', async () => {
  world = await TestWorld.open({ seed: 'many heads', lagMs: (of) => (of === 'disk' ? 20 : 0) })
  const { namespaceId, root, id } = await shareOpenGroup(world, NAMES)
  const set = (name: string, key: string) => world.run(world.get(name).call(id, 'set', { key, value: name }))
  const peers = (...names: string[]) => names.map((name) => world.get(name).peerId)
  const namespace = (name: string) => world.get(name).node.namespaces.get(namespaceId)
  const account = world.get('bob').node.account
  const saidAt = (name: string) => namespace(name).state.removalsOf(account)[0]?.said?.length
  await set('bob', 'before')
  await converge(world, id, NAMES)
  world.network.partition(peers('ada', 'dan'), peers('bob', 'cyd'))
  await set('bob', 'late')
  await converge(world, id, ['bob', 'cyd'])
  await world.run(world.get('bob').stop())
  const right = { kind: 'capabilities_set', groupId: root, account, capabilities: 0 } as const
  await world.run(govern(world.get('ada').node, root, right))
  await world.until('ada has said what was accepted there', () => saidAt('ada') === 1)
  const without = toHex(namespace('ada').judgement(id))
  world.network.heal()
  const signed = new Set<string>()
  for (let after = 0; after < STEPS_AFTER; after += saidAt('cyd') === 2 ? 1 : 0) {
    await world.pass(STEP_MS)
    const beat = world.get('cyd').node.contexts.opened(id)?.beat()
    if (beat) signed.add(toHex(beat.removals))
  }
  expect(signed.has(without)).toBe(false)
  await converge(world, id, ['ada', 'cyd', 'dan'])
  for (const name of ['ada', 'cyd', 'dan']) {
    expect(await world.run(world.get(name).call(id, 'get', { key: 'late' }))).toBe('bob')
  }
  const beat = world.get('cyd').node.contexts.opened(id)?.beat()
  expect(beat && toHex(beat.removals)).toBe(toHex(namespace('cyd').judgement(id)))
})
