// Who was left behind by a checkpoint, and has migrated where it was: what it wrote for the earlier version is lost, and written
// again. Nobody prunes past the migration before that, or it would have no place any more.
import { expect, it } from 'vitest'
import { migrate } from '../../testing/migrating.ts'
import { converge } from '../../testing/test-nodes.ts'
import { type Scene, testWorlds } from '../../testing/test-worlds.ts'
import { append, peersOf, versionOf } from '../../testing/upgraded.ts'
import { REWRITE_HEARD_LOOKS, REWRITE_LOOK_MS } from '../limits.ts'

const { share } = testWorlds()
const ABSENT_MS = 5000
const AWAY = ['ada', 'cyd']
const MOST = ['bob', 'dan', 'eve']
const ALL = [...AWAY, ...MOST]

const opened = ({ world, shared }: Scene, name: string) => world.get(name).node.contexts.opened(shared.contextId)
const prunedOn = (scene: Scene, name: string) => opened(scene, name)?.checkpoint()?.checkpoint.count ?? 0
const isRewriting = (scene: Scene, name: string) => opened(scene, name)?.waiting().rewriting ?? false
const saidBy = (scene: Scene, name: string) => opened(scene, name)?.beat()?.state?.version ?? 1
const logOf = async ({ world, shared }: Scene, name: string) =>
  (await world.run(world.get(name).call(shared.contextId, 'log', {}))) as string[]

async function mostWrite(scene: Scene, count: number): Promise<void> {
  for (let at = 0; at < count; at += 1) {
    await append(scene, MOST[at % MOST.length] ?? '')
    await scene.world.pass(1000)
  }
  await converge(scene.world, scene.shared.contextId, MOST)
}

/** Ada has built on what cyd wrote, both were left behind, and have migrated. Ada meets the others, and waits for cyd. */
async function adaWaits(): Promise<Scene> {
  const scene = await share('order-sensitive', ALL, { retention: { checkpointMin: 4, absentMs: ABSENT_MS } })
  const { world, shared } = scene
  await append(scene, 'bob')
  await converge(world, shared.contextId, ALL)
  world.network.partition(peersOf(scene, AWAY), peersOf(scene, MOST))
  await append(scene, 'cyd')
  await converge(world, shared.contextId, AWAY)
  await append(scene, 'ada')
  await world.pass(2 * ABSENT_MS)
  await mostWrite(scene, 9)
  await world.until('history to be pruned', () => prunedOn(scene, 'bob') >= 4)
  await migrate(scene, 'ada')
  await append(scene, 'ada')
  await converge(world, shared.contextId, AWAY)
  world.network.heal()
  world.network.partition(peersOf(scene, ['cyd']), peersOf(scene, ['ada', ...MOST]))
  await world.until('ada to take their state', () => isRewriting(scene, 'ada'))
  return scene
}

it('what it writes again counts, in its place', async () => {
  const scene = await adaWaits()
  const { world, shared } = scene
  await mostWrite(scene, 9)
  for (const name of ['ada', ...MOST]) expect([name, await versionOf(scene, name)]).toEqual([name, 2])
  // Of the state that it has, ada does not speak yet.
  expect([isRewriting(scene, 'ada'), saidBy(scene, 'ada'), saidBy(scene, 'bob')]).toEqual([true, 1, 2])
  const before = prunedOn(scene, 'bob')
  // It waits no longer. Cyd has said to have migrated, and does not know yet that what it wrote before is lost.
  await world.pass(2 * REWRITE_HEARD_LOOKS * REWRITE_LOOK_MS)
  await mostWrite(scene, 9)
  expect([isRewriting(scene, 'ada'), saidBy(scene, 'ada')]).toEqual([false, 2])
  expect(MOST.map((name) => prunedOn(scene, name))).toEqual([before, before, before])
  world.network.heal()
  await converge(world, shared.contextId, ALL)
  const log = await logOf(scene, 'bob')
  expect(AWAY.map((author) => log.filter((each) => each === author).length)).toEqual([2, 1])
  for (const name of ALL) {
    expect([name, await logOf(scene, name)]).toEqual([name, log])
    const lost = world.get(name).log.entries.filter(({ message }) => message.endsWith('without effect'))
    expect([name, lost]).toEqual([name, []])
  }
  // What is newest is never known to be the last at its place.
  await mostWrite(scene, 1)
  await world.until('it to be pruned', () => MOST.every((name) => prunedOn(scene, name) > before))
})
