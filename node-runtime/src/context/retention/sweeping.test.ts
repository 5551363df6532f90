// What was removed leaves the state with some checkpoints (ADR 0029): on every node the same, in whatever order checkpoint and deltas
// come. A write that did not know of the removal and is written again above shows, as it is later now.
import { expect, it } from 'vitest'
import { isSwept } from '../../crdt/sweeping.ts'
import type { GuestExecutor } from '../../runtime/guest-executor.ts'
import { stateEntries } from '../../storage/context-state.ts'
import { readStateMeta } from '../../storage/state-meta.ts'
import type { StoreOp } from '../../store/store.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { converge, joinContext } from '../../testing/test-nodes.ts'
import { NAMES, type Scene, testWorlds } from '../../testing/test-worlds.ts'
import type { CertifiedCheckpoint } from '../../wire/checkpoint.ts'
import { type Delta, openDelta, sealDelta } from '../../wire/delta.ts'
import { APPLY_BATCH_BYTES } from '../limits.ts'
import { KeyRing } from '../namespaces/keys/key-ring.ts'

const { open, share } = testWorlds()
const ABSENT_MS = 120_000
const retention = { checkpointMin: 8, sweepEvery: 16, absentMs: ABSENT_MS }
const LARGE = 900 * 1024
const ANY_STAMP = (1n << 64n) - 1n

const call = ({ world, shared }: Scene, name: string, method: string, args: Record<string, string>) =>
  world.run(world.get(name).call(shared.contextId, method, args))
const set = (scene: Scene, name: string, key: string) => call(scene, name, 'set', { key, value: name })
const remove = (scene: Scene, name: string, key: string) => call(scene, name, 'remove', { key })
const items = (scene: Scene, name: string) => call(scene, name, 'all_items', {})
const contextOf = ({ world, shared }: Scene, name: string) => world.get(name).context(shared.contextId)

/** Records in the state of a node that say that something was removed. */
async function removals({ world, shared }: Scene, name: string): Promise<number> {
  const { disk } = world.get(name)
  const { generation } = readStateMeta(disk, shared.contextId)
  let count = 0
  for await (const [key, value] of stateEntries(disk, shared.contextId, generation))
    if (isSwept(key, value, ANY_STAMP)) count += 1
  return count
}

/** By its author, with the artifact that it had, above all that is there: its stamps are those of before. */
async function again({ world, shared }: Scene, name: string, first: Delta): Promise<Delta> {
  const { node, disk } = world.get(name)
  const context = await world.get(name).context(shared.contextId)
  const groupKey = (await KeyRing.open(disk)).find(shared.groupId, first.keyId)
  if (!groupKey) throw new Error(`${name} has no key`)
  const { contextId, author, governance, keyId } = first
  const previous = context.checkpoint()?.checkpoint.authors[author]
  const parents = [...new Set([...context.heads(), ...(previous ? [previous] : [])])].sort()
  const hlc = BigInt(world.clock.nowMs() + 1) * 1_000_000n
  const at = previous === undefined ? {} : { previous: parents.indexOf(previous) }
  const header = { contextId, author, parents, ...at, hlc, governance, keyId }
  return sealDelta({
    header,
    payload: openDelta(first, groupKey),
    groupKey,
    signingKey: node.identity,
    random: world.random,
  })
}

it('what is removed under ever new keys leaves a state that does not grow', async () => {
  const scene = await share('mixed', NAMES, { retention })
  const { world, shared } = scene
  const counts: number[] = []
  for (let round = 0; round < 4; round += 1) {
    for (let i = 0; i < 8; i += 1) {
      await set(scene, NAMES[i % 3] ?? 'ada', `${round} ${i}`)
      await world.pass(200)
      await remove(scene, NAMES[(i + 1) % 3] ?? 'ada', `${round} ${i}`)
    }
    await world.pass(20_000)
    await converge(world, shared.contextId, NAMES)
    counts.push(await removals(scene, 'ada'))
  }
  expect(Math.max(...counts)).toBeLessThanOrEqual(8)
  await world.start('dan', { boot: NAMES })
  await joinContext(world, shared, 'ada', 'dan')
  await converge(world, shared.contextId, [...NAMES, 'dan'])
  for (const name of NAMES) expect(world.get(name).log.entries).toEqual([])
}, 60_000)

interface Written {
  readonly beneath: readonly Delta[]
  readonly above: readonly Delta[]
  readonly certified: CertifiedCheckpoint
  readonly root: string
}

/** Eight deltas beneath a checkpoint that sweeps; above it, among others, one with the stamps of before a removal beneath. */
async function written(scene: Scene): Promise<Written> {
  const { world, shared } = scene
  const [ada, bob] = [await contextOf(scene, 'ada'), await contextOf(scene, 'bob')]
  const said: Delta[] = []
  const say = async (name: string, method: 'set' | 'remove', key: string) => {
    await call(scene, name, method, method === 'set' ? { key, value: name } : { key })
    await converge(world, shared.contextId, ['ada', 'bob'])
    const [head] = (await contextOf(scene, name)).heads()
    const delta = head && ada.delta(head)
    if (delta) said.push(delta)
  }
  for (const key of ['k0', 'k1', 'k2', 'k3']) await say('bob', 'set', key)
  const [first] = said
  for (const key of ['k0', 'k1', 'k2']) await say('ada', 'remove', key)
  for (const name of ['bob', 'ada', 'bob']) await say(name, 'set', 'k4')
  await world.until('both to prune', () => [ada, bob].every((context) => context.checkpoint() !== undefined))
  if (!first) throw new Error('nothing was written')
  const rewritten = await again(scene, 'bob', first)
  said.push(rewritten)
  for (const context of [ada, bob]) await world.run(context.receive([rewritten]))
  await say('ada', 'set', 'k1')
  await say('ada', 'remove', 'k3')
  await say('bob', 'set', 'k5')
  await say('ada', 'remove', 'k4')
  const { root } = await converge(world, shared.contextId, ['ada', 'bob'])
  const certified = ada.checkpoint()
  if (!certified) throw new Error('nothing was pruned')
  const { last } = certified.checkpoint
  return {
    beneath: said.filter(({ id }) => id <= last),
    above: said.filter(({ id }) => id > last),
    certified,
    root,
  }
}

it.each([
  ['in one batch', 1000],
  ['in slices', 2],
])(
  'in whatever order a checkpoint and what is above it come, the state is the same: %s',
  async (_, revisionMax) => {
    const options = { seed: 'swept', retention: { ...retention, sweepEvery: 8, revisionMax, checkpointMin: 8 } }
    const scene = await share('mixed', NAMES, options)
    const { world, shared } = scene
    await converge(world, shared.contextId, NAMES)
    await world.run(world.get('cyd').stop())
    const saved = await world.save()
    await world.pass(2 * ABSENT_MS)
    const { beneath, above, certified, root } = await written(scene)
    expect([beneath.length, above.length]).toEqual([8, 7])
    expect(Object.keys((await items(scene, 'ada')) as object).sort()).toEqual(['k0', 'k1', 'k5'])
    expect(await removals(scene, 'ada')).toBe(2)
    const draws = seededRandom('orders')
    for (let order = 0; order < 24; order += 1) {
      const other = await open({ ...options, from: saved })
      for (const name of NAMES) other.place(name)
      await other.start('cyd', { boot: ['cyd'] })
      // The same time as where they were made: what comes from ahead of it waits.
      await other.pass(world.clock.nowMs() - other.clock.nowMs())
      const cyd = await other.get('cyd').context(shared.contextId)
      const early = order % (above.length + 1)
      // Parents wait for nobody: in any order, one by one.
      const mixed = [...beneath, ...above.slice(0, early)].map((delta) => ({ delta, place: draws.float() }))
      for (const { delta } of mixed.sort((a, b) => a.place - b.place)) await other.run(cyd.receive([delta]))
      expect(await other.run(cyd.advance(certified))).toBe('taken')
      for (const delta of above.slice(early)) await other.run(cyd.receive([delta]))
      const there = { world: other, shared }
      expect([order, cyd.root]).toEqual([order, root])
      expect(await removals(there, 'cyd')).toBe(2)
      await other.run(other.get('cyd').stop())
      await other.start('cyd', { boot: ['cyd'] })
      expect((await other.get('cyd').context(shared.contextId)).root).toBe(root)
      await other.close()
    }
  },
  120_000,
)

it('who was away for longer than history takes the state, and brings back what the removal did not know of, and nothing else', async () => {
  const scene = await share('mixed', NAMES, { retention: { ...retention, sweepEvery: 8 } })
  const { world, shared } = scene
  for (const key of ['known', 'beside']) await set(scene, 'ada', key)
  await converge(world, shared.contextId, NAMES)
  world.network.partition([world.get('cyd').peerId])
  await world.pass(1000)
  await set(scene, 'cyd', 'beside')
  await world.pass(2 * ABSENT_MS)
  for (const key of ['known', 'beside']) await remove(scene, 'bob', key)
  for (let i = 0; i < 20; i += 1) await set(scene, i % 2 === 0 ? 'ada' : 'bob', 'other')
  await world.pass(30_000)
  expect(await removals(scene, 'ada')).toBe(0)
  world.network.heal()
  await world.pass(60_000)
  await converge(world, shared.contextId, NAMES)
  for (const name of NAMES) expect(await items(scene, name)).toEqual({ beside: 'cyd', other: 'bob' })
})

it('what a call wrote that had begun before a removal does not come back when the removal goes', async () => {
  const scene = await share('mixed', ['ada', 'bob'], { retention: { checkpointMin: 8, sweepEvery: 8 } })
  const { world, shared } = scene
  const atOnce = async () => {}
  let held: () => Promise<void> = atOnce
  const wrapExecutor = (executor: GuestExecutor): GuestExecutor => ({
    inspect: (module) => executor.inspect(module),
    close: () => executor.close(),
    run: async (...args) => {
      await held()
      return executor.run(...args)
    },
  })
  await world.run(world.get('bob').stop())
  await world.start('bob', { boot: ['ada', 'bob'], wrapExecutor })
  for (const key of ['k', ...Array.from({ length: 5 }, () => 'other')]) await set(scene, 'ada', key)
  await converge(world, shared.contextId, ['ada', 'bob'])
  const gate = Promise.withResolvers<void>()
  held = () => gate.promise
  const slow = world.get('bob').call(shared.contextId, 'set', { key: 'k', value: 'bob' })
  await world.pass(20)
  await remove(scene, 'ada', 'k')
  await world.pass(20)
  await set(scene, 'ada', 'other')
  await world.pass(20)
  held = atOnce
  gate.resolve()
  await world.run(slow)
  await converge(world, shared.contextId, ['ada', 'bob'])
  expect(await items(scene, 'bob')).toEqual({ other: 'ada' })
  // As long as its delta is none of those that go with the removal, it has to win over it.
  await world.pass(60_000)
  for (let round = 0; round < 2; round += 1) {
    for (let i = 0; i < 8; i += 1) await set(scene, NAMES[i % 2] ?? 'ada', 'other')
    await world.pass(60_000)
    await converge(world, shared.contextId, ['ada', 'bob'])
    for (const name of ['ada', 'bob']) expect(Object.keys((await items(scene, name)) as object)).toEqual(['other'])
  }
  expect(await removals(scene, 'ada')).toBe(0)
})

it('a few large deltas above a cut are taken down and built up in batches of bounded size', async () => {
  let largest = 0
  const observer = {
    onBatch: (name: string, ops: readonly StoreOp[]) => {
      const bytes = ops.reduce((sum, op) => sum + (op.type === 'put' ? op.value.byteLength : 0), 0)
      if (name === 'ada') largest = Math.max(largest, bytes)
    },
  }
  const settings = { checkpointMin: 8, sweepEvery: 8, absentMs: 1e9, revisionMax: 200 }
  const scene = await share('mixed', NAMES, { observer, retention: settings })
  const { world, shared } = scene
  for (let i = 0; i < 8; i += 1) {
    await (i % 2 === 0 ? set(scene, 'ada', `k${i}`) : remove(scene, 'bob', `k${i - 1}`))
    await world.pass(300)
  }
  await world.pass(500)
  for (let i = 0; i < 40; i += 1) {
    await call(scene, 'ada', 'set', { key: 'large', value: String(i % 10).repeat(LARGE) })
    await world.pass(10)
  }
  await converge(world, shared.contextId, NAMES)
  await world.pass(30_000)
  expect(await removals(scene, 'ada')).toBe(0)
  // The deltas, and the undo records of as many.
  expect(largest).toBeLessThan(2 * APPLY_BATCH_BYTES + 4 * LARGE)
})
