// Members that come and go every day, of whom some are here on few of them: history is pruned to what these have.
import { afterEach, expect, test } from 'vitest'
import type { AccountId } from '../../base/ids.ts'
import { shareOpenGroup } from '../../testing/open-group.ts'
import { converge, joinContext, TestWorld } from '../../testing/test-nodes.ts'
import { govern } from '../namespaces/administration.ts'

const DAY_MS = 60_000
const DAYS = 6
const RARELY = ['cyd', 'dan', 'eve']
const NAMES = ['ada', 'bob', 'fay', 'gil', 'hal', ...RARELY]
const WRITES_A_DAY = 6
/** All that there are. */
const CAPABILITIES = 511

let world: TestWorld

afterEach(() => world.close())

test.each([
  ['a member', () => ({ account: world.get('hal').node.account })],
  ['all who have no rights of their own', () => ({})],
])(
  'who is here every third day keeps nothing of before, though every day %s loses a right and has it again',
  async (_, who) => {
    world = await TestWorld.open({ seed: 'days', retention: { checkpointMin: 4, absentMs: 7 * DAY_MS } })
    const { root, id } = await shareOpenGroup(world, NAMES)
    const peers = (names: readonly string[]) => names.map((name) => world.get(name).peerId)
    const rights = (capabilities: number, of: { account?: AccountId }) =>
      world.run(govern(world.get('ada').node, root, { kind: 'capabilities_set', groupId: root, capabilities, ...of }))
    for (const name of NAMES.slice(1).filter((each) => each !== 'hal'))
      await rights(CAPABILITIES, { account: world.get(name).node.account })
    await world.pass(5000)
    for (let day = 0; day < DAYS; day += 1) {
      const away = RARELY.filter((_each, at) => at !== day % RARELY.length)
      world.network.heal()
      world.network.partition(...away.map((name) => peers([name])), peers(NAMES.filter((name) => !away.includes(name))))
      await world.pass(DAY_MS / 2)
      await rights(0, who())
      await world.pass(1000)
      await rights(CAPABILITIES, who())
      for (let i = 0; i < WRITES_A_DAY; i += 1)
        await world.run(
          world.get(['ada', 'bob', 'gil'][i % 3] ?? 'ada').call(id, 'set', { key: `${day} ${i}`, value: '' }),
        )
      await world.pass(DAY_MS / 2)
    }
    const pruned = world.get('ada').node.contexts.opened(id)?.checkpoint()?.checkpoint.count ?? 0
    expect(pruned).toBeGreaterThanOrEqual((DAYS - RARELY.length) * WRITES_A_DAY - 4)
  },
)

test('what one member has accepted of somebody who came and went unseen by the others is kept', async () => {
  const names = ['ada', 'cyd', 'dan', 'eve', 'fay']
  world = await TestWorld.open({ seed: 'unseen', retention: { checkpointMin: 4 } })
  const { namespaceId, root, id } = await shareOpenGroup(world, names)
  await world.start('bob', { boot: ['eve', 'cyd', 'bob'] })
  const peers = (...some: string[]) => some.map((name) => world.get(name).peerId)
  const account = (name: string) => world.get(name).node.account
  const set = (name: string, key: string) => world.run(world.get(name).call(id, 'set', { key, value: name }))
  const get = (name: string, key: string) => world.run(world.get(name).call(id, 'get', { key }))
  const pruned = (some: readonly string[]) =>
    some.map((name) => world.get(name).node.contexts.opened(id)?.checkpoint()?.checkpoint.count ?? 0)
  const admin = { kind: 'role_set', groupId: root, account: account('eve'), role: 'Admin' } as const
  await world.run(govern(world.get('ada').node, root, admin))
  await set('ada', 'first')
  await converge(world, id, names)
  await world.pass(10_000)
  world.network.partition(peers('ada', 'cyd', 'dan', 'fay'), peers('eve', 'bob'))
  await world.pass(60_000)
  await joinContext(world, { contextId: id, namespaceId, groupId: root }, 'eve', 'bob')
  const bob = world.get('bob').node
  await world.run(bob.joiner.ready(bob.namespaces.get(namespaceId), id))
  world.network.partition(peers('ada', 'cyd', 'dan', 'fay'), peers('eve'), peers('bob'))
  await set('bob', 'late')
  for (let i = 0; i < 6; i += 1) await set('ada', `later ${i}`)
  await converge(world, id, ['ada', 'cyd', 'dan', 'fay'])
  await world.pass(10_000)
  world.network.partition(peers('ada', 'dan', 'fay'), peers('eve'), peers('bob', 'cyd'))
  await converge(world, id, ['bob', 'cyd'])
  await world.run(world.get('bob').stop())
  const right = { kind: 'capabilities_set', groupId: root, account: account('bob'), capabilities: 0 } as const
  await world.run(govern(world.get('eve').node, root, right))
  world.network.partition(peers('ada', 'dan', 'eve', 'fay'), peers('cyd'))
  await world.pass(90_000)
  expect(pruned(names)).toEqual([0, 0, 0, 0, 0])
  world.network.heal()
  await world.pass(120_000)
  await converge(world, id, names)
  for (const name of names) expect([name, await get(name, 'late')]).toEqual([name, 'bob'])
  expect(pruned(names).every((count) => count > 0)).toBe(true)
})
