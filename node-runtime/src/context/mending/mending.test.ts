// Damage of a node's own state decides nothing: it is said, nothing is signed meanwhile, and the state is made anew, from the disk or
// from a member, without losing a write or running a handler twice.
import { describe, expect, it } from 'vitest'
import type { Bytes } from '../../base/bytes.ts'
import { contextMetaKey, type KeyKind } from '../../store/keys.ts'
import type { StoreOp } from '../../store/store.ts'
import {
  ASKED,
  allGone,
  call,
  contextOf,
  DAMAGED,
  type Damage,
  damage,
  damageAtRest,
  goneAt,
  lostCounts,
  messages,
  set,
  unreadable,
  unreadableIndexes,
} from '../../testing/bad-disk.ts'
import { converge } from '../../testing/test-nodes.ts'
import { NAMES, type Scene, testWorlds } from '../../testing/test-worlds.ts'

const { share } = testWorlds()
const ABSENT_MS = 120_000
const retention = { checkpointMin: 8, absentMs: ABSENT_MS }

/** With what everybody has written, and with handlers that have run. */
async function written(app = 'mixed', options = {}): Promise<Scene> {
  const scene = await share(app, NAMES, options)
  for (const name of NAMES) await set(scene, name, name)
  if (app === 'mixed') {
    for (const name of NAMES) await call(scene, name, 'hit')
    await call(scene, 'ada', 'say', { id: 'before' })
  }
  await converge(scene.world, scene.shared.contextId, NAMES)
  return scene
}

/** All hold the same, with what bob wrote, and each of `said` was handled by each other member once. */
async function expectWhole(scene: Scene, said = 1): Promise<void> {
  const { world, shared } = scene
  const bob = () => world.get('bob').node.contexts.opened(shared.contextId)
  await world.until('bob to have a state', () => bob()?.waiting().damaged === false)
  await converge(world, shared.contextId, NAMES)
  expect(await call(scene, 'bob', 'heard_count')).toBe(2 * said)
  expect(await call(scene, 'bob', 'all_items')).toEqual(await call(scene, 'ada', 'all_items'))
  expect(Object.keys((await call(scene, 'bob', 'all_items')) as object)).toEqual(expect.arrayContaining([...NAMES]))
  expect((await contextOf(scene, 'bob')).waiting()).toMatchObject({ damaged: false, revising: false })
}

describe('of a state of which nothing is pruned', () => {
  it('a record that no merge can read costs no delta its effect: all is folded anew on the base', async () => {
    const scene = await written()
    await damageAtRest(scene, 'state', unreadableIndexes)
    await set(scene, 'ada', 'later')
    await call(scene, 'ada', 'say', { id: 'later' })
    await expectWhole(scene, 2)
    expect(messages(scene, 'bob')).toEqual([DAMAGED])
  })

  it('a call that cannot read a record is answered on a state made anew', async () => {
    const scene = await written()
    await damageAtRest(scene, 'state', unreadableIndexes)
    expect(await call(scene, 'bob', 'all_items')).toMatchObject({ ada: 'v', bob: 'v', cyd: 'v' })
    await damageAtRest(scene, 'state', unreadableIndexes)
    await set(scene, 'bob', 'later')
    await expectWhole(scene)
    expect(messages(scene, 'bob')).toEqual([])
  })

  it.each<[string, KeyKind, Damage]>([
    ['undo record in the middle that is gone', 'undo', goneAt(2)],
    ['last undo record that is gone', 'undo', goneAt(-1)],
    ['first undo record that is gone', 'undo', goneAt(0)],
    ['undo stack that cannot be read', 'undo', unreadable],
    ['record of the state that is gone', 'contextMeta', allGone],
    ['record of the state that cannot be read', 'contextMeta', unreadable],
    ['delta that is gone', 'delta', goneAt(1)],
  ])('a start finds a %s', async (_what, kind, how) => {
    const scene = await written()
    await damageAtRest(scene, kind, how)
    await expectWhole(scene)
    expect(messages(scene, 'bob')).toEqual([DAMAGED])
  })

  it.each<[string, KeyKind, Damage]>([
    ['an undo record', 'undo', goneAt(-1)],
    ['the tree of the state', 'merkle', allGone],
  ])('a fold that needs it finds that %s is gone', async (_what, kind, how) => {
    const scene = await written('order-sensitive')
    const { world, shared } = scene
    world.network.partition([world.get('ada').peerId])
    await set(scene, 'ada', 'early')
    await world.pass(1000)
    await set(scene, 'bob', 'later')
    await world.run(world.get('bob').stop())
    await world.start('bob')
    await contextOf(scene, 'bob')
    await damage(scene, kind, how)
    world.network.heal()
    await converge(world, shared.contextId, NAMES)
    for (const key of ['early', 'later', ...NAMES]) expect(await call(scene, 'bob', 'get', { key })).toBe('v')
    expect(messages(scene, 'bob')).toEqual([DAMAGED])
  })

  it.each([false, true])(
    'a record of a receipt that cannot be read is one of none, with damage: %s',
    async (isDamaged) => {
      const scene = await written()
      const { world, shared } = scene
      await world.run(world.get('bob').stop())
      const { disk } = world.get('bob')
      const key = contextMetaKey(shared.contextId, 'incoming')
      await disk.batch([{ type: 'put', key, value: Uint8Array.of(0xff, 0xff) }])
      if (isDamaged) await damage(scene, 'undo', goneAt(0))
      await world.start('bob')
      await set(scene, 'ada', 'later')
      await expectWhole(scene)
      expect(messages(scene, 'bob')).toEqual(isDamaged ? [DAMAGED] : [])
      expect(disk.get(key)).toBeUndefined()
    },
  )

  it.each([0, 1, 2, 3, 4, 5, 6, 7, 8])('a delta whose row is gone is not handled again: row %s', async (index) => {
    const scene = await written()
    await damageAtRest(scene, 'delta', goneAt(index))
    await expectWhole(scene)
  })

  it('with a base that is gone, too, the base comes from a member', async () => {
    const scene = await written()
    await scene.world.run(scene.world.get('bob').stop())
    await damage(scene, 'base', allGone)
    await damage(scene, 'undo', allGone)
    await scene.world.start('bob')
    await expectWhole(scene)
    expect(messages(scene, 'bob')).toEqual([DAMAGED, ASKED])
  })

  it('what is wrong and can be read shows in the root, and members tell', async () => {
    const scene = await written()
    await damageAtRest(scene, 'state', lostCounts)
    await call(scene, 'ada', 'hit')
    await scene.world.pass(20_000)
    await expectWhole(scene)
    expect(await call(scene, 'bob', 'hit_count')).toBe(4)
    const said = ['state diverged: the same heads, another root', 'state diverged: these entries differ']
    expect(new Set(messages(scene, 'bob'))).toEqual(new Set(said))
  })
})

/** There is a checkpoint, and above it something of everybody. */
async function pruned(): Promise<Scene> {
  const scene = await written('mixed', { retention })
  for (let i = 0; i < 12; i += 1) await set(scene, NAMES[i % 3] ?? 'ada', `k${i}`)
  await scene.world.until('all to prune', () =>
    NAMES.every(
      (name) => scene.world.get(name).node.contexts.opened(scene.shared.contextId)?.checkpoint() !== undefined,
    ),
  )
  for (const name of NAMES) await set(scene, name, `above-${name}`)
  await call(scene, 'ada', 'say', { id: 'above' })
  await scene.world.pass(30_000)
  for (const name of NAMES) await set(scene, name, `last-${name}`)
  await converge(scene.world, scene.shared.contextId, NAMES)
  return scene
}

const hashesOf = async (scene: Scene) =>
  Promise.all(NAMES.map(async (name) => Buffer.from((await contextOf(scene, name)).beneath ?? []).toString('hex')))

describe('of a state above a checkpoint', () => {
  it('what the undo records put back is folded anew from this disk', async () => {
    const scene = await pruned()
    await damageAtRest(scene, 'merkle', allGone)
    await set(scene, 'ada', 'later')
    await expectWhole(scene, 2)
    expect(messages(scene, 'bob')).toEqual([DAMAGED])
  })

  it.each<[string, (key: Bytes) => StoreOp]>([
    ['is gone', (key) => ({ type: 'del', key })],
    ['cannot be read', (key) => ({ type: 'put', key, value: Uint8Array.of(0xff, 0xff) })],
  ])('where only its record %s it is made anew from this disk', async (_how, opOf) => {
    const scene = await pruned()
    const { world, shared } = scene
    const before = await call(scene, 'bob', 'all_items')
    world.network.partition([world.get('bob').peerId])
    await world.run(world.get('bob').stop())
    await world.get('bob').disk.batch([opOf(contextMetaKey(shared.contextId, 'state'))])
    await world.start('bob')
    expect((await contextOf(scene, 'bob')).waiting()).toMatchObject({ damaged: false })
    expect(await call(scene, 'bob', 'all_items')).toEqual(before)
    expect(messages(scene, 'bob')).toEqual([DAMAGED])
    world.network.heal()
    await expectWhole(scene, 2)
  })

  it('what nothing here puts back comes from a member that stands on the same, and own writes above it stay', async () => {
    const scene = await pruned()
    const { world } = scene
    world.network.partition([world.get('bob').peerId])
    await set(scene, 'bob', 'alone')
    await call(scene, 'bob', 'say', { id: 'alone' })
    const before = await hashesOf(scene)
    await damageAtRest(scene, 'state', (rows) => [...unreadableIndexes(rows), ...lostCounts(rows)])
    await damage(scene, 'undo', goneAt(0))
    await world.run(world.get('bob').stop())
    await world.start('bob')
    await world.pass(60_000)
    const bob = await contextOf(scene, 'bob')
    expect(bob.beat()).toBeUndefined()
    expect(bob.waiting()).toMatchObject({ damaged: true, revising: true })
    await expect(call(scene, 'bob', 'all_items')).rejects.toMatchObject({ code: 'CONTEXT_UNINITIALIZED' })
    await expect(set(scene, 'bob', 'refused')).rejects.toMatchObject({ code: 'CONTEXT_UNINITIALIZED' })
    expect(messages(scene, 'bob')).toEqual([DAMAGED, ASKED])
    expect(await hashesOf(scene)).toEqual(before)
    world.network.heal()
    await expectWhole(scene, 3)
    expect(await call(scene, 'ada', 'all_items')).toMatchObject({ alone: 'v', 'above-bob': 'v' })
  })

  it.each(['none', 'false ones'])('what comes with %s of its vouches costs it none that are here', async (what) => {
    const scene = await pruned()
    const { world } = scene
    world.network.partition([world.get('bob').peerId])
    await damageAtRest(scene, 'state', (rows) => [...unreadableIndexes(rows), ...lostCounts(rows)])
    await damage(scene, 'undo', goneAt(0))
    await world.run(world.get('bob').stop())
    await world.start('bob')
    const [ada, damaged] = [await contextOf(scene, 'ada'), await contextOf(scene, 'bob')]
    const [certified, beneath] = [ada.checkpoint(), ada.beneath]
    if (!certified || !beneath) throw new Error('nothing is pruned')
    const before = damaged.checkpoint()?.vouches.map(({ author }) => author)
    expect(before?.length).toBeGreaterThan(1)
    const signature = new Uint8Array(64)
    const vouches = what === 'none' ? [] : certified.vouches.map((vouch) => ({ ...vouch, signature }))
    const pages = async function* (after: Bytes | undefined) {
      for await (const entry of ada.snapshot(beneath, after)) yield [entry]
    }
    expect(await world.run(damaged.adopt({ ...certified, vouches }, 'eve', pages))).toBe(true)
    const mended = await contextOf(scene, 'bob')
    expect(mended.waiting()).toMatchObject({ damaged: false })
    expect(mended.checkpoint()?.vouches.map(({ author }) => author)).toEqual(before)
    world.network.heal()
    await expectWhole(scene, 2)
  })

  it('where members have gone on to a greater one, its state is taken', async () => {
    const scene = await pruned()
    const { world } = scene
    const [before] = await hashesOf(scene)
    world.network.partition([world.get('bob').peerId])
    await set(scene, 'bob', 'alone')
    await world.run(world.get('bob').stop())
    await damage(scene, 'state', unreadableIndexes)
    await damage(scene, 'undo', allGone)
    await world.pass(2 * ABSENT_MS)
    for (let i = 0; i < 20; i += 1) await set(scene, i % 2 ? 'ada' : 'cyd', `more${i}`)
    await world.pass(30_000)
    await world.start('bob')
    world.network.heal()
    await world.pass(30_000)
    await expectWhole(scene, 2)
    expect((await hashesOf(scene))[0]).not.toBe(before)
    expect(await call(scene, 'ada', 'all_items')).toMatchObject({ alone: 'v', 'above-bob': 'v', more19: 'v' })
  })
})
