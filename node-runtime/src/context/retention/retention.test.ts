// History that every member has goes, and nobody sees a difference; who was away too long starts from a checkpoint.
import { describe, expect, it } from 'vitest'
import { accountOf } from '../../base/keys.ts'
import { converge, joinContext } from '../../testing/test-nodes.ts'
import { countRows, NAMES, type Scene, testWorlds } from '../../testing/test-worlds.ts'
import { removeMember } from '../namespaces/membership.ts'

const { share } = testWorlds()
const CHECKPOINT_MIN = 8
const ABSENT_MS = 120_000
const retention = { checkpointMin: CHECKPOINT_MIN, absentMs: ABSENT_MS }

const set = ({ world, shared }: Scene, name: string, key: string, value: string) =>
  world.run(world.get(name).call(shared.contextId, 'set', { key, value }))
const get = ({ world, shared }: Scene, name: string, key: string) =>
  world.run(world.get(name).call(shared.contextId, 'get', { key }))

async function writeMany(scene: Scene, names: readonly string[], count: number, prefix = 'k'): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    const name = names[i % names.length] ?? 'ada'
    await set(scene, name, `${prefix}${i % 7}`, `${name} ${i}`)
  }
}

async function prunedCounts({ world, shared }: Scene, names: readonly string[]): Promise<number[]> {
  const contexts = await Promise.all(names.map((name) => world.get(name).context(shared.contextId)))
  return contexts.map((context) => context.checkpoint()?.checkpoint.count ?? 0)
}

describe.each(['kv-store', 'order-sensitive'])('members of a context of %s', (app) => {
  it('prune what all of them have, and state, roots and heads stay as they are', async () => {
    const scene = await share(app, NAMES, { retention })
    const { world, shared } = scene
    await writeMany(scene, NAMES, 30)
    const before = await converge(world, shared.contextId, NAMES)
    await world.pass(30_000)
    for (const count of await prunedCounts(scene, NAMES)) expect(count).toBeGreaterThanOrEqual(CHECKPOINT_MIN)
    expect(await converge(world, shared.contextId, NAMES)).toEqual(before)
    for (const name of NAMES) {
      expect(await countRows(world.get(name).disk, 'delta')).toBeLessThan(30)
      expect(await countRows(world.get(name).disk, 'undo')).toBe(await countRows(world.get(name).disk, 'delta'))
    }
    await writeMany(scene, NAMES, 30, 'later')
    await world.pass(30_000)
    const after = await converge(world, shared.contextId, NAMES)
    await world.run(world.get('bob').stop())
    await world.start('bob')
    expect(await converge(world, shared.contextId, NAMES)).toEqual(after)
    for (const name of NAMES) expect(world.get(name).log.entries).toEqual([])
  })

  it('take a newcomer in by a snapshot, when what it needs is gone', async () => {
    const scene = await share(app, ['ada', 'bob'], { retention })
    const { world, shared } = scene
    await writeMany(scene, ['ada', 'bob'], 30)
    await world.pass(30_000)
    await converge(world, shared.contextId, ['ada', 'bob'])
    expect(Math.min(...(await prunedCounts(scene, ['ada', 'bob'])))).toBeGreaterThan(0)
    await world.start('cyd', { boot: NAMES })
    await joinContext(world, shared, 'ada', 'cyd')
    await converge(world, shared.contextId, NAMES)
    expect(await get(scene, 'cyd', 'k3')).toBe(await get(scene, 'ada', 'k3'))
    await set(scene, 'cyd', 'k3', 'cyd was here')
    await converge(world, shared.contextId, NAMES)
    expect(await get(scene, 'bob', 'k3')).toBe('cyd was here')
    await writeMany(scene, NAMES, 30)
    await world.pass(30_000)
    await converge(world, shared.contextId, NAMES)
    for (const name of NAMES) expect(world.get(name).log.entries).toEqual([])
  })

  it('prune past one that is away too long; back again, it loses nothing and brings nothing back', async () => {
    const scene = await share(app, NAMES, { retention })
    const { world, shared } = scene
    await set(scene, 'ada', 'old', 'ada')
    await set(scene, 'cyd', 'k1', 'cyd')
    await converge(world, shared.contextId, NAMES)
    world.network.partition([world.get('cyd').peerId])
    await world.pass(1000)
    for (const key of ['away1', 'away2']) await set(scene, 'cyd', key, 'cyd alone')
    await set(scene, 'cyd', 'k1', 'cyd alone')
    await world.pass(1000)
    await writeMany(scene, ['ada', 'bob'], 30)
    await world.pass(1000)
    expect(await prunedCounts(scene, NAMES)).toEqual([0, 0, 0])
    await world.pass(2 * ABSENT_MS)
    await writeMany(scene, ['ada', 'bob'], 6, 'late')
    await world.pass(30_000)
    expect(Math.min(...(await prunedCounts(scene, ['ada', 'bob'])))).toBeGreaterThan(CHECKPOINT_MIN)
    await set(scene, 'cyd', 'away3', 'cyd alone')
    const before = await world.get('cyd').context(shared.contextId)
    world.network.heal()
    await world.pass(60_000)
    await converge(world, shared.contextId, NAMES)
    expect(await world.get('cyd').context(shared.contextId)).not.toBe(before)
    // As when a key arrives just then: its own deltas are the next instance's to write again.
    await world.run(before.reconsider())
    for (const name of NAMES) {
      for (const key of ['away1', 'away2', 'away3']) expect(await get(scene, name, key)).toBe('cyd alone')
      expect(await get(scene, name, 'old')).toBe('ada')
    }
    await writeMany(scene, NAMES, 30)
    await world.pass(30_000)
    await converge(world, shared.contextId, NAMES)
    expect(Math.min(...(await prunedCounts(scene, NAMES)))).toBeGreaterThan(40)
    for (const name of NAMES) {
      expect(world.get(name).log.entries).toEqual([])
      expect(await countRows(world.get(name).disk, 'reissue')).toBe(0)
    }
  })

  it('take as it is what was written on history that others have pruned, and show it once', async () => {
    const scene = await share(app, NAMES, { retention })
    const { world, shared } = scene
    await set(scene, 'cyd', 'old', 'cyd')
    await converge(world, shared.contextId, NAMES)
    world.network.partition([world.get('cyd').peerId])
    await world.pass(2 * ABSENT_MS)
    await writeMany(scene, ['ada', 'bob'], 30)
    await world.pass(30_000)
    expect(Math.min(...(await prunedCounts(scene, ['ada', 'bob'])))).toBeGreaterThanOrEqual(CHECKPOINT_MIN)
    await set(scene, 'cyd', 'late', 'cyd alone')
    const [late] = (await world.get('cyd').context(shared.contextId)).heads()
    world.network.heal()
    await world.pass(60_000)
    await converge(world, shared.contextId, NAMES)
    for (const name of NAMES) {
      const context = await world.get(name).context(shared.contextId)
      expect(late && context.delta(late)?.id).toBe(late)
      expect(context.waiting()).toMatchObject({ behind: 0, refused: 0 })
      expect(world.get(name).events.filter(({ deltaId }) => deltaId === late)).toHaveLength(1)
      expect(await get(scene, name, 'late')).toBe('cyd alone')
    }
    await writeMany(scene, NAMES, 30)
    await world.pass(30_000)
    await converge(world, shared.contextId, NAMES)
    for (const name of NAMES) expect(world.get(name).log.entries).toEqual([])
  })

  it('wait for nothing beneath: what stands on what is not there counts nowhere, until its author writes it again', async () => {
    const scene = await share(app, NAMES, { retention })
    const { world, shared } = scene
    const contexts = () => Promise.all(NAMES.map((name) => world.get(name).context(shared.contextId)))
    await set(scene, 'cyd', 'old', 'cyd')
    await converge(world, shared.contextId, NAMES)
    world.network.partition([world.get('cyd').peerId])
    await set(scene, 'cyd', 'below', 'cyd alone')
    const [below] = (await world.get('cyd').context(shared.contextId)).heads()
    await world.pass(2 * ABSENT_MS)
    await writeMany(scene, ['ada', 'bob'], 30)
    await world.pass(30_000)
    await set(scene, 'cyd', 'above', 'cyd alone')
    const [ada, bob, cyd] = await contexts()
    const deltas = [below, ...(cyd?.heads() ?? [])].flatMap((id) => (id && cyd?.delta(id)) ?? [])
    expect(ada?.checkpoint()).toBeDefined()
    const before = bob?.root
    await world.run(ada?.receive(deltas.slice(0, 1)) ?? Promise.reject(new Error('no context')))
    await world.run(bob?.receive(deltas.slice(1)) ?? Promise.reject(new Error('no context')))
    expect(ada?.waiting()).toMatchObject({ pending: 0, behind: 1 })
    expect(bob?.waiting()).toMatchObject({ pending: 0, behind: 0 })
    expect([bob?.root, bob?.heads()]).toEqual([before, expect.arrayContaining([deltas[1]?.id])])
    world.network.heal()
    await world.pass(60_000)
    await converge(world, shared.contextId, NAMES)
    for (const key of ['below', 'above']) expect(await get(scene, 'bob', key)).toBe('cyd alone')
  })

  it('agree on the later checkpoint, when one of them took what another could not take any more', async () => {
    const names = [...NAMES, 'dan', 'eve']
    const scene = await share(app, names, { retention })
    const { world, shared } = scene
    const peersOf = (...some: string[]) => some.map((name) => world.get(name).peerId)
    await set(scene, 'dan', 'old', 'dan')
    await converge(world, shared.contextId, names)
    world.network.partition(peersOf('dan'))
    await set(scene, 'dan', 'late', 'dan')
    await world.pass(2 * ABSENT_MS)
    await writeMany(scene, [...NAMES, 'eve'], 30)
    await world.pass(2500)
    world.get('bob').kill()
    await world.pass(30_000)
    expect(Math.min(...(await prunedCounts(scene, ['ada', 'cyd', 'eve'])))).toBeGreaterThanOrEqual(CHECKPOINT_MIN)
    await world.start('bob', { boot: names })
    world.network.partition(peersOf('bob', 'dan'))
    expect(await prunedCounts(scene, ['bob'])).toEqual([0])
    await world.pass(15_000)
    expect(await get(scene, 'bob', 'late')).toBe('dan')
    await set(scene, 'bob', 'onto', 'bob')
    world.network.heal()
    await world.pass(60_000)
    await converge(world, shared.contextId, names)
    for (const name of names) {
      expect(await get(scene, name, 'late')).toBe('dan')
      expect(await get(scene, name, 'onto')).toBe('bob')
      expect(world.get(name).log.entries).toEqual([])
    }
  })

  it('let go what a removed member wrote on what is pruned here, and nobody writes again', async () => {
    const scene = await share(app, NAMES, { retention })
    const { world, shared } = scene
    const cyd = world.get('cyd')
    await set(scene, 'cyd', 'old', 'cyd')
    await converge(world, shared.contextId, NAMES)
    world.network.partition([cyd.peerId])
    await set(scene, 'cyd', 'below', 'cyd alone')
    await world.run(removeMember(world.get('ada').node, shared.namespaceId, accountOf(cyd.node.identity.publicKey)))
    await writeMany(scene, ['ada', 'bob'], 30)
    await world.pass(30_000)
    expect(Math.min(...(await prunedCounts(scene, ['ada', 'bob'])))).toBeGreaterThanOrEqual(CHECKPOINT_MIN)
    await set(scene, 'cyd', 'above', 'cyd alone')
    const [above] = (await cyd.context(shared.contextId)).heads()
    world.network.heal()
    const [ada, bob] = await Promise.all(['ada', 'bob'].map((name) => world.get(name).context(shared.contextId)))
    await world.until('both to have met it', () => [ada, bob].every((context) => above && context?.holds(above)))
    await world.pass(30_000)
    await converge(world, shared.contextId, ['ada', 'bob'])
    for (const context of [ada, bob]) expect(context?.waiting()).toMatchObject({ pending: 0, refused: 0, behind: 0 })
    expect(await get(scene, 'ada', 'above')).toBe(await get(scene, 'ada', 'below'))
  })
})
