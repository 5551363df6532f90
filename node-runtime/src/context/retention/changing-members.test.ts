// Members that come and go every day, of whom some are here on few of them: history is pruned to what these have.
import { afterEach, expect, test } from 'vitest'
import { shareOpenGroup } from '../../testing/open-group.ts'
import { TestWorld } from '../../testing/test-nodes.ts'
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

test('who is here every third day keeps nothing of before, though every day somebody loses a right and has it again', async () => {
  world = await TestWorld.open({ seed: 'days', retention: { checkpointMin: 4, absentMs: 7 * DAY_MS } })
  const { root, id } = await shareOpenGroup(world, NAMES)
  const peers = (names: readonly string[]) => names.map((name) => world.get(name).peerId)
  const { account } = world.get('hal').node
  const rights = (capabilities: number) =>
    world.run(
      govern(world.get('ada').node, root, { kind: 'capabilities_set', groupId: root, account, capabilities } as const),
    )
  for (let day = 0; day < DAYS; day += 1) {
    const away = RARELY.filter((_, at) => at !== day % RARELY.length)
    world.network.heal()
    world.network.partition(...away.map((name) => peers([name])), peers(NAMES.filter((name) => !away.includes(name))))
    await world.pass(DAY_MS / 2)
    await rights(0)
    await world.pass(1000)
    await rights(CAPABILITIES)
    for (let i = 0; i < WRITES_A_DAY; i += 1)
      await world.run(
        world.get(['ada', 'bob', 'gil'][i % 3] ?? 'ada').call(id, 'set', { key: `${day} ${i}`, value: '' }),
      )
    await world.pass(DAY_MS / 2)
  }
  const pruned = world.get('ada').node.contexts.opened(id)?.checkpoint()?.checkpoint.count ?? 0
  expect(pruned).toBeGreaterThanOrEqual((DAYS - RARELY.length) * WRITES_A_DAY - 4)
})
