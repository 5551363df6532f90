// What its author has written again counts once, also when the checkpoint names no more what it was lost with, and later not
// even the first one.
import { expect, it } from 'vitest'
import type { DeltaId } from '../../base/ids.ts'
import { converge } from '../../testing/test-nodes.ts'
import { type Scene, testWorlds } from '../../testing/test-worlds.ts'
import { ContextStore } from '../context-store.ts'

const { share } = testWorlds()
const ABSENT_MS = 30_000
const RETENTION = { checkpointMin: 8, recentMax: 16, absentMs: ABSENT_MS }
const MOST = ['ada', 'bob', 'eve']
const NAMES = [...MOST, 'cyd', 'dan']
const NOBODY = '' as DeltaId
const NONE = { counting: [], voids: [], lost: [] }

const call = ({ world, shared }: Scene, name: string, method: string, args = {}) =>
  world.run(world.get(name).call(shared.contextId, method, args))

async function written(scene: Scene, count: number, names = MOST): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    await call(scene, names[i % names.length] ?? 'ada', 'set', { key: `k${i % 5}`, value: `${i}` })
  }
}

it('what would stand again goes without effect, where its author has written it again by then', async () => {
  const scene = await share('mixed', NAMES, { retention: RETENTION })
  const { world, shared } = scene
  const prunedBy = async (name: string) =>
    (await world.get(name).context(shared.contextId)).checkpoint()?.checkpoint ?? { count: 0, last: '', recent: NONE }
  const apart = (...sides: string[][]) =>
    world.network.partition(...sides.map((names) => names.map((name) => world.get(name).peerId)))
  await call(scene, 'cyd', 'set', { key: 'first', value: 'cyd' })
  await converge(world, shared.contextId, NAMES)
  apart(['cyd', 'dan'])
  await call(scene, 'dan', 'set', { key: 'early', value: 'dan' })
  await world.pass(2 * ABSENT_MS)
  await written(scene, 20)
  await world.pass(30_000)
  expect((await prunedBy('ada')).count).toBe(16)
  // Nothing of these is pruned before all are back.
  apart(['cyd'], ['dan'], ['eve'])
  await written(scene, 10, ['ada', 'bob'])
  await world.pass(1000)
  // Built on what another wrote and no checkpoint contains, and later than all of it: lost until they name no more what there
  // was at its time.
  await call(scene, 'cyd', 'hit')
  const [first = NOBODY] = (await world.get('cyd').context(shared.contextId)).heads()
  await world.pass(1000)
  await written(scene, 30, ['ada', 'bob'])
  const before = await world.get('cyd').context(shared.contextId)
  world.network.heal()
  const roles = new Set<string>()
  await world.until('all to have pruned it', () => {
    const checkpoints = NAMES.flatMap(
      (name) => world.get(name).node.contexts.opened(shared.contextId)?.checkpoint() ?? [],
    )
    for (const { checkpoint } of checkpoints) {
      for (const [role, ids] of Object.entries(checkpoint.recent)) if (ids.includes(first)) roles.add(role)
    }
    return checkpoints.length === NAMES.length && checkpoints.every(({ checkpoint }) => checkpoint.last > first)
  })
  expect([...roles]).toEqual(['voids'])
  // It gave up what it had: it must not say that it has it, with a new stamp.
  expect(before.beat()).toBeUndefined()
  await world.pass(60_000)
  await converge(world, shared.contextId, NAMES)
  const { last, recent } = await prunedBy('ada')
  expect([...recent.counting, ...recent.voids]).not.toContain(first)
  const cyd = world.get('cyd').node.identity.publicKey
  const again: string[] = []
  for await (const { delta, status } of new ContextStore(world.get('ada').disk, shared.contextId).deltas()) {
    if (delta.author === cyd && delta.rewrites?.includes(first)) again.push(status)
  }
  expect([last > first, again]).toEqual([true, ['applied']])
  expect(await call(scene, 'bob', 'hit_count')).toBe(1)
})
