// Two parts of a group were cut off from each other: most have pruned on one side, and the other has grown to more than those are.
import { expect, it } from 'vitest'
import { concat, fromHex, fromUtf8, u64be } from '../../base/bytes.ts'
import { type DeltaId, idFromBytes } from '../../base/ids.ts'
import { installOn } from '../../testing/migrating.ts'
import { converge, joinContext } from '../../testing/test-nodes.ts'
import { type Scene, testWorlds } from '../../testing/test-worlds.ts'
import { type CertifiedCheckpoint, checkpointHash, vouchFor } from '../../wire/checkpoint.ts'
import { upgradeGroup } from '../namespaces/code/upgrades.ts'
import { removeMember } from '../namespaces/membership.ts'

const { share } = testWorlds()
const ABSENT_MS = 120_000
const retention = { checkpointMin: 8, recentMax: 8, absentMs: ABSENT_MS }
const MEMBERS = ['dan', 'eve', 'ann', 'bob', 'cat']
const MOST = ['ann', 'bob', 'cat']
const LET_IN = ['fay', 'gil']
const GROWN = ['dan', 'eve', ...LET_IN]

const set = ({ world, shared }: Scene, name: string, key: string) =>
  world.run(world.get(name).call(shared.contextId, 'set', { key, value: `${name} ${key}` }))
const get = ({ world, shared }: Scene, name: string, key: string) =>
  world.run(world.get(name).call(shared.contextId, 'get', { key }))

/** Most have pruned what the others never had. These have let fay and gil in, and cat out, which the first did not know of. */
async function parted({ isMigrated = false, writes = 12 } = {}): Promise<Scene> {
  const scene = await share('kv-store', MEMBERS.slice(0, 1), { retention: { ...retention } })
  const { world, shared } = scene
  for (const name of MEMBERS.slice(1)) {
    await world.start(name, { boot: MEMBERS })
    await joinContext(world, shared, 'dan', name, name === 'ann' ? 'Admin' : 'Member')
  }
  await set(scene, 'ann', 'before')
  await converge(world, shared.contextId, MEMBERS)
  if (isMigrated) await migrated(scene)
  for (const name of LET_IN) await world.start(name, { boot: [...MEMBERS, ...LET_IN] })
  world.network.partition(MOST.map((name) => world.get(name).peerId))
  for (const name of LET_IN) await joinContext(world, shared, 'dan', name)
  await world.run(removeMember(world.get('dan').node, shared.namespaceId, world.get('cat').node.account))
  await set(scene, 'dan', 'grown')
  await converge(world, shared.contextId, GROWN)
  await world.pass(2 * ABSENT_MS)
  for (let i = 0; i < writes; i += 1) await set(scene, MOST[i % 2] ?? 'ann', `k${i}`)
  const [ann] = await Promise.all(MOST.map((name) => world.get(name).context(shared.contextId)))
  await world.until('most to prune', () => (ann?.checkpoint()?.checkpoint.count ?? 0) > (isMigrated ? 8 : writes - 12))
  return scene
}

async function migrated(scene: Scene): Promise<void> {
  const { world, shared } = scene
  const applicationId = await installOn(scene, 'dan', 'kv-store-2')
  const request = { groupId: shared.groupId, applicationId, cascade: false, forceCodeOnly: false }
  await world.run(upgradeGroup(world.get('dan').node, request))
  await set(scene, 'dan', 'second')
  await converge(world, shared.contextId, MEMBERS)
  for (const name of MEMBERS) await set(scene, name, `second ${name}`)
  await converge(world, shared.contextId, MEMBERS)
  await world.pass(30_000)
}

/** One after the other writes, until all have the same. */
async function writing(
  scene: Scene,
  { by, among, everyMs, most }: { by: readonly string[]; among: readonly string[]; everyMs: number; most: number },
): Promise<void> {
  const { world, shared } = scene
  for (let i = 0; i < most; i += 1) {
    await set(scene, by[i % by.length] ?? 'dan', `after ${i}`)
    await world.pass(everyMs)
    const all = await Promise.all(among.map((name) => world.get(name).context(shared.contextId)))
    if (i > 0 && new Set(all.map((each) => `${each.heads().join()} ${each.root}`)).size === 1) return
  }
  throw new Error(`after ${most} writes they still differ`)
}

/** Of dan, who was alone when the context was made: at that cut it is most of all. */
async function forged(scene: Scene, aheadMs: number): Promise<CertifiedCheckpoint> {
  const { world, shared } = scene
  const { node } = world.get('dan')
  const ops = node.namespaces.get(shared.namespaceId).opsNotIn([], Number.MAX_SAFE_INTEGER)
  const made = ops.find(({ body }) => body.kind === 'context_created')
  const { checkpoint: before } =
    (await world.get('ann').context(shared.contextId)).checkpoint() ?? expect.fail('nothing is pruned')
  const stampNs = BigInt(Math.trunc(world.clock.nowMs() + aheadMs)) * 1_000_000n
  const last = idFromBytes<DeltaId>(concat([u64be(stampNs), fromHex(before.last).subarray(8)]))
  const checkpoint = { ...before, last, governance: made ? [made.id] : [] }
  return { checkpoint, vouches: [vouchFor(checkpointHash(checkpoint), node.identity)] }
}

/** Nothing of what the smaller side has written is lost, or shown twice. */
async function expectAll(scene: Scene): Promise<void> {
  const { world, shared } = scene
  const left = [...GROWN, 'ann', 'bob']
  await converge(world, shared.contextId, left)
  for (const name of left) {
    for (let i = 0; i < 12; i += 1)
      expect([name, i, await get(scene, name, `k${i}`)]).toEqual([name, i, `${MOST[i % 2]} k${i}`])
    expect(await get(scene, name, 'grown')).toBe('dan grown')
    const shown = world.get(name).events.flatMap(({ events }) => events.map(({ data }) => fromUtf8(data)))
    const texts = shown.filter((text) => /"k\d+"/.test(text))
    expect(texts.length).toBeGreaterThan(0)
    expect(new Set(texts).size).toBe(texts.length)
    // That a key has not come yet may be told.
    expect(world.get(name).log.entries.filter(({ level }) => level === 'error')).toEqual([])
  }
}

it('the greater side goes on by itself once it writes, and the other follows it with all that it has written', async () => {
  const scene = await parted()
  const { world } = scene
  world.network.heal()
  await world.pass(60_000)
  // What is newest is never known to be the last at its place.
  for (const name of ['eve', 'dan']) {
    await set(scene, name, 'after')
    await world.pass(60_000)
  }
  await expectAll(scene)
})

it('nothing is shown twice where the greater side names nothing so old any more as what the other has pruned', async () => {
  const scene = await parted()
  const { world, shared } = scene
  const [dan] = await Promise.all(GROWN.map((name) => world.get(name).context(shared.contextId)))
  for (let i = 0; i < 24; i += 1) {
    await set(scene, GROWN[i % GROWN.length] ?? 'dan', `after ${i}`)
    await world.pass(1000)
  }
  await world.until('the greater side to prune', () => (dan?.checkpoint()?.checkpoint.count ?? 0) > 16)
  world.network.heal()
  await world.pass(120_000)
  await expectAll(scene)
})

it.each([[['gus']], [['gus', 'hal']]])('who joins at the smaller side decides with it (%s)', async (joining) => {
  const scene = await parted()
  const { world, shared } = scene
  for (const name of joining) await world.start(name, { boot: [...MEMBERS, ...LET_IN, ...joining] })
  world.network.heal()
  await world.pass(60_000)
  for (const name of joining)
    for (const other of GROWN) world.network.cut(world.get(name).peerId, world.get(other).peerId)
  for (const name of joining) await joinContext(world, shared, 'ann', name)
  await world.pass(20_000)
  world.network.heal()
  const among = [...GROWN, 'ann', 'bob', ...joining]
  await writing(scene, { by: among, among, everyMs: 20_000, most: 40 })
})

it('who has no way to the other side hears from its own of what that stands on', async () => {
  const scene = await parted()
  const { world } = scene
  world.network.heal()
  for (const name of MOST) world.network.cut(world.get('fay').peerId, world.get(name).peerId)
  await world.pass(60_000)
  await writing(scene, { by: ['eve', 'dan'], among: [...GROWN, 'ann', 'bob'], everyMs: 60_000, most: 8 })
})

it('the greater side goes on also in a context whose state was migrated', async () => {
  const scene = await parted({ isMigrated: true })
  scene.world.network.heal()
  await scene.world.pass(60_000)
  await writing(scene, { by: GROWN, among: [...GROWN, 'ann', 'bob'], everyMs: 30_000, most: 20 })
})

it('all on the greater side aim at the same place, however much each knows to be stable while they write', async () => {
  const scene = await parted()
  const { world } = scene
  Object.assign(world.retention, { checkpointMin: 1024 })
  for (const name of GROWN) {
    await world.run(world.get(name).stop())
    await world.start(name, { boot: [...MEMBERS, ...LET_IN] })
  }
  world.network.heal()
  await world.pass(60_000)
  for (let i = 0; i < 50; i += 1) {
    await set(scene, GROWN[i % GROWN.length] ?? 'dan', `steady ${i}`)
    await world.pass(400)
  }
  const [dan] = await Promise.all(GROWN.map((name) => world.get(name).context(scene.shared.contextId)))
  expect(dan?.checkpoint()?.checkpoint.count).toBeLessThan(50)
  await writing(scene, { by: GROWN, among: [...GROWN, 'ann', 'bob'], everyMs: 5000, most: 4 })
})

it.each([
  ['more of them than are remembered', -1000],
  ['ahead of what anybody can have', 9 * 60_000],
])('a liar does not keep the greater side from going on by checkpoints of its own, %s', async (_what, aheadMs) => {
  const scene = await parted()
  const { world, shared } = scene
  world.network.heal()
  for (let i = 0; i < 20; i += 1) {
    for (const name of ['eve', 'fay']) {
      const context = await world.get(name).context(shared.contextId)
      // As its greeting would.
      for (let at = 0; at < 20; at += 1) await world.run(context.advance(await forged(scene, aheadMs + at)))
    }
    if (i > 5) await set(scene, GROWN[i % GROWN.length] ?? 'eve', `after ${i}`)
    await world.pass(20_000)
  }
  await expectAll(scene)
})

it('what was pruned for longer than a checkpoint names, and nobody can write again, is told to who has written it', async () => {
  const scene = await parted({ writes: 48 })
  const { world } = scene
  world.network.heal()
  await world.pass(60_000)
  await writing(scene, { by: GROWN, among: [...GROWN, 'ann', 'bob'], everyMs: 20_000, most: 8 })
  for (const name of ['ann', 'bob']) {
    const errors = world.get(name).log.entries.filter(({ level }) => level === 'error')
    expect(errors.map(({ message }) => message).join()).toContain('pruned and is lost')
  }
})
