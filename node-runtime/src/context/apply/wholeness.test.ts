// A state is folded anew, and this machine is too slow for something that had counted: nothing is signed and nothing written on
// what is left, and what was said is not taken back, for as long as that is not what can be told honestly.
import { expect, it, onTestFinished, vi } from 'vitest'
import { type ContextId, type DeltaId, idFromBytes, type PublicKey, type RootHash } from '../../base/ids.ts'
import { Dag } from '../../dag/dag.ts'
import { EVERYTHING, idOfKey } from '../../reconcile/item-key.ts'
import type { GuestExecutor, GuestJob, GuestOutcome } from '../../runtime/guest-executor.ts'
import { call } from '../../testing/bad-disk.ts'
import { RecordingLogger } from '../../testing/recording-logger.ts'
import { converge } from '../../testing/test-nodes.ts'
import { type Scene, testWorlds } from '../../testing/test-worlds.ts'
import type { Context } from '../context.ts'
import { LACKING_HELD_MS, RECONSIDER_MS } from '../limits.ts'
import { removeMember } from '../namespaces/membership.ts'
import type { ContextParts } from '../parts.ts'
import { Wholeness } from './wholeness.ts'

const { share } = testWorlds()
const NAMES = ['ada', 'bob']
const THREE = ['ada', 'bob', 'cyd']
const FOUR = [...THREE, 'dan']
const falseRoot = idFromBytes<RootHash>(new Uint8Array(32).fill(7))

/** Bob's machine is too slow for these from now on. */
class Slow {
  readonly ids = new Set<string>()

  readonly wrapExecutor = (executor: GuestExecutor): GuestExecutor => ({
    inspect: (module) => executor.inspect(module),
    close: () => executor.close(),
    run: async (module, source, jobs, options) => {
      const outcomes = await executor.run(module, source, jobs, options)
      return outcomes.map((outcome, at) => this.#inTime(outcome, jobs[at]))
    },
  })

  #inTime(outcome: GuestOutcome, job: GuestJob | undefined): GuestOutcome {
    if (job?.kind !== 'apply' || !this.ids.has(`${job.env.timeNs}`)) return outcome
    return { ...outcome, status: 'error', changes: [], error: { kind: 'timeout', message: 'it took too long' } }
  }
}

interface Setting extends Scene {
  readonly slow: Slow
  readonly bob: () => Context | undefined
  /** The one that bob is too slow for, and his heads before. */
  readonly deltaId: DeltaId
  readonly heads: readonly DeltaId[]
}

const append = (scene: Scene, name: string, value: string) => call(scene, name, 'append', { value })

async function restart({ world }: Scene, slow: Slow): Promise<void> {
  await world.run(world.get('bob').stop())
  await world.start('bob', { boot: ['ada'], wrapExecutor: slow.wrapExecutor })
}

/** Three deltas, of which bob cannot apply the middle one in time when a member's word has him fold them anew. */
async function notWhole(author: string): Promise<Setting> {
  const scene = await share('order-sensitive', NAMES)
  const { world, shared } = scene
  const slow = new Slow()
  await restart(scene, slow)
  await append(scene, 'ada', 'first')
  await converge(world, shared.contextId, NAMES)
  await append(scene, author, 'second')
  await converge(world, shared.contextId, NAMES)
  const before = await world.get('bob').context(shared.contextId)
  const [deltaId] = before.heads()
  const hlc = deltaId && before.delta(deltaId)?.hlc
  if (deltaId === undefined || hlc === undefined) throw new Error('nothing was written')
  await append(scene, 'ada', 'third')
  await converge(world, shared.contextId, NAMES)
  slow.ids.add(`${hlc}`)
  const heads = before.heads()
  const bob = await foldedAnew(scene)
  return { ...scene, slow, bob, deltaId, heads }
}

/** On a member's word. Something is parked then. */
async function foldedAnew({ world, shared }: Scene): Promise<Setting['bob']> {
  const before = await world.get('bob').context(shared.contextId)
  const difference = { member: world.get('ada').node.identity.publicKey, ours: before.root, theirs: falseRoot }
  await world.run(before.doubt(difference).catch(() => {}))
  const bob = () => world.get('bob').node.contexts.opened(shared.contextId)
  await world.until('it to be parked', () => bob()?.waiting().parked === 1)
  return bob
}

async function expectHeld({ bob, deltaId, heads }: Setting): Promise<void> {
  expect(bob()?.beat()).toBeUndefined()
  expect([bob()?.removals, bob()?.heads()]).toEqual([undefined, heads])
  expect(bob()?.waiting()).toMatchObject({ revising: true, parked: 1, pending: 1 })
  const parked = await bob()?.waitingRows.parked({ offset: 0, limit: 10 })
  expect(parked?.map(({ id, reason }) => [id, reason])).toEqual([[deltaId, 'machine']])
}

it('says no heads, takes no writes, and answers reads, until all that had counted is applied again', async () => {
  const setting = await notWhole('ada')
  const { world, shared, slow, bob, deltaId, heads } = setting
  await expectHeld(setting)
  await expect(append(setting, 'bob', 'behind it')).rejects.toThrow(`delta ${deltaId} counts here`)
  expect(await call(setting, 'bob', 'log')).toEqual(['first'])
  // A crash, or another reason to fold anew, changes nothing of that.
  await restart(setting, slow)
  await world.until('it to be read', () => bob() !== undefined)
  await expectHeld(setting)
  await world.pass(RECONSIDER_MS + 5000)
  await expectHeld(setting)
  slow.ids.clear()
  await world.until('all to be applied', () => bob()?.waiting().parked === 0)
  expect(bob()?.waiting()).toMatchObject({ revising: false, pending: 0 })
  expect(bob()?.beat()?.heads).toEqual(heads)
  await append(setting, 'bob', 'behind it')
  await converge(world, shared.contextId, NAMES)
  expect(await call(setting, 'bob', 'log')).toEqual(['first', 'second', 'third', 'behind it'])
})

it.each([
  ['of another', 'ada', false],
  ['of its own', 'bob', true],
])(
  'what can never be applied, %s, is told of honestly after a while, and stays in sight',
  async (_whose, author, isOwn) => {
    const setting = await notWhole(author)
    const { world, slow, bob, deltaId, heads } = setting
    await world.pass(LACKING_HELD_MS - 2 * RECONSIDER_MS)
    await expectHeld(setting)
    await world.pass(3 * RECONSIDER_MS)
    await world.until('it to be read', () => bob() !== undefined)
    const first = bob()?.beat()?.heads
    expect([first, bob()?.heads()]).toEqual([bob()?.heads(), first])
    expect(first).not.toEqual(heads)
    expect(bob()?.waiting()).toMatchObject({ revising: false, parked: 1, pending: 1 })
    const parked = await bob()?.waitingRows.parked({ offset: 0, limit: 10 })
    expect(parked?.map(({ id }) => id)).toEqual([deltaId])
    expect(world.clock.nowMs() - (parked?.[0]?.sinceMs ?? 0)).toBeGreaterThan(LACKING_HELD_MS)
    const writing = append(setting, 'bob', 'beside it')
    if (isOwn) await expect(writing).rejects.toThrow(`delta ${deltaId} counts here`)
    else await writing
    slow.ids.clear()
    await world.until('all to be applied', () => bob()?.waiting().parked === 0)
    await converge(world, setting.shared.contextId, NAMES)
    const log = isOwn ? ['first', 'second', 'third'] : ['first', 'second', 'third', 'beside it']
    expect(await call(setting, 'bob', 'log')).toEqual(log)
  },
)

it('what cannot go beneath something that this machine is too slow for is parked, and the heads stay', async () => {
  const slow = new Slow()
  const scene = await share('order-sensitive', NAMES)
  const { world, shared } = scene
  await restart(scene, slow)
  await append(scene, 'ada', 'first')
  await converge(world, shared.contextId, NAMES)
  world.network.partition([world.get('bob').peerId])
  await append(scene, 'ada', 'second')
  await world.pass(1000)
  await append(scene, 'bob', 'third')
  const bob = () => world.get('bob').node.contexts.opened(shared.contextId)
  const heads = bob()?.heads() ?? []
  slow.ids.add(`${bob()?.delta(heads[0] ?? ('' as DeltaId))?.hlc}`)
  world.network.heal()
  await world.until('it to be parked', () => bob()?.waiting().parked === 1 && !bob()?.waiting().revising)
  expect([bob()?.heads(), bob()?.beat()?.heads]).toEqual([heads, heads])
  const parked = await bob()?.waitingRows.parked({ offset: 0, limit: 10 })
  expect(parked?.map(({ author, reason }) => [author, reason])).toEqual([
    [world.get('ada').node.identity.publicKey, 'machine'],
  ])
  slow.ids.clear()
  await converge(world, shared.contextId, NAMES)
  expect(await call(scene, 'bob', 'log')).toEqual(['first', 'second', 'third'])
})

it('own writes that nobody else has wait for it however many they are, over a restart too, and reach others', async () => {
  const slow = new Slow()
  const scene = await share('order-sensitive', NAMES, { retention: { pendingMax: 3 } })
  const { world, shared } = scene
  await restart(scene, slow)
  await append(scene, 'ada', 'first')
  await append(scene, 'ada', 'second')
  await converge(world, shared.contextId, NAMES)
  world.network.partition([world.get('ada').peerId])
  const before = await world.get('bob').context(shared.contextId)
  const slowId = before.heads()[0] ?? ('' as DeltaId)
  const own: DeltaId[] = []
  for (let i = 0; i < 6; i += 1) {
    await append(scene, 'bob', `own ${i}`)
    own.push(...before.heads())
  }
  slow.ids.add(`${before.delta(slowId)?.hlc}`)
  const bob = await foldedAnew(scene)
  const expectOwn = () => expect(own.map((id) => bob()?.delta(id)?.id)).toEqual(own)
  expectOwn()
  expect(bob()?.waiting()).toMatchObject({ parked: 1, pending: 6, forgotten: 0 })
  // What others write gives way, and comes with a pull.
  for (let i = 0; i < 6; i += 1) await append(scene, 'ada', `other ${i}`)
  const ada = await world.get('ada').context(shared.contextId)
  const others = ada.readHeld((view) => view.keys(EVERYTHING, 100)).map((key) => idOfKey<DeltaId>(key))
  await world.run(bob()?.receive(others.slice(-5).flatMap((id) => ada.delta(id) ?? [])) ?? Promise.reject())
  expectOwn()
  expect(bob()?.waiting()).toMatchObject({ parked: 1, pending: 9, forgotten: 2 })
  await restart(scene, slow)
  await world.until('it to be read', () => bob() !== undefined)
  expectOwn()
  expect(bob()?.heads()).toContain(own.at(-1))
  await world.pass(LACKING_HELD_MS + RECONSIDER_MS)
  // It would count from where these began.
  await expect(append(scene, 'bob', 'behind')).rejects.toThrow(`delta ${slowId} counts here`)
  slow.ids.clear()
  await world.until('all to be applied', () => bob()?.heads().at(-1) === own.at(-1))
  const ownValues = own.map((_, i) => `own ${i}`)
  expect(await call(scene, 'bob', 'log')).toEqual(['first', 'second', ...ownValues])
  world.network.heal()
  await converge(world, shared.contextId, NAMES)
  expect(await call(scene, 'ada', 'log')).toEqual(expect.arrayContaining(['first', 'second', ...ownValues, 'other 5']))
})

it.each([
  ['short', 200],
  ['long', 2],
])('after a removal beneath it the rest is told, over a %s way back', async (_way, revisionMax) => {
  const slow = new Slow()
  const scene = await share('order-sensitive', THREE, { retention: { revisionMax } })
  const { world, shared } = scene
  await restart(scene, slow)
  const write = (name: string, key: string) => call(scene, name, 'set', { key, value: name })
  await write('ada', 'start')
  await converge(world, shared.contextId, THREE)
  world.network.partition([world.get('ada').peerId])
  for (const [name, key] of [
    ['cyd', 'x'],
    ['bob', 'y'],
    ['bob', 'z'],
  ] as const) {
    await write(name, key)
    await converge(world, shared.contextId, ['bob', 'cyd'])
  }
  const bob = () => world.get('bob').node.contexts.opened(shared.contextId)
  const heads = bob()?.heads() ?? []
  slow.ids.add(`${bob()?.delta(heads[0] ?? ('' as DeltaId))?.hlc}`)
  await world.run(world.get('cyd').stop())
  await world.run(removeMember(world.get('ada').node, shared.namespaceId, world.get('cyd').node.account))
  world.network.heal()
  await world.until('it to be parked', () => bob()?.waiting().parked === 1)
  await world.until('it to be read', () => bob() !== undefined)
  await write('ada', 'after')
  await world.until('the other to be applied', () => bob()?.heads().length === 2)
  const read = (key: string) => call(scene, 'bob', 'get', { key })
  expect([await read('start'), await read('x'), await read('y'), await read('after')]).toEqual([
    'ada',
    null,
    'bob',
    'ada',
  ])
  expect(bob()?.waiting()).toMatchObject({ revising: true, parked: 1 })
  slow.ids.clear()
  await converge(world, shared.contextId, NAMES)
  expect([await read('x'), await read('z')]).toEqual([null, 'bob'])
})

it.each([
  ['short', 200],
  ['long', 2],
])('what comes back after a removal waits, and own writes on it do, over a %s way back', async (_way, revisionMax) => {
  const info = vi.spyOn(RecordingLogger.prototype, 'info')
  onTestFinished(() => info.mockRestore())
  const slow = new Slow()
  const scene = await amongThree(slow, { revisionMax })
  const { world, shared } = scene
  const write = (name: string, key: string) => call(scene, name, 'set', { key, value: name })
  const peers = (names: readonly string[]) => names.map((name) => world.get(name).peerId)
  await write('bob', 'start')
  await converge(world, shared.contextId, ['bob', 'cyd', 'dan'])
  world.network.partition(peers(NAMES), peers(['cyd', 'dan']))
  await write('cyd', 'seen by dan')
  await converge(world, shared.contextId, ['cyd', 'dan'])
  const dan = await world.get('dan').context(shared.contextId)
  const deltaId = dan.heads()[0] ?? ('' as DeltaId)
  const delta = dan.delta(deltaId)
  if (delta === undefined) throw new Error('nothing was written')
  const { account } = world.get('cyd').node
  await world.run(removeMember(world.get('ada').node, shared.namespaceId, account))
  const log = world.get('bob').node.namespaces.get(shared.namespaceId)
  const pins = () => log.state.removalsOf(account)[0]?.witnessed?.[shared.contextId]
  await world.until('bob to say what he has of it', () => pins() !== undefined)
  const bob = () => world.get('bob').node.contexts.opened(shared.contextId)
  await world.run(bob()?.receive([delta]) ?? Promise.reject())
  for (const key of ['x', 'y', 'z']) await write('bob', key)
  const read = (key: string) => call(scene, 'bob', 'get', { key })
  expect([await read('seen by dan'), await read('z')]).toEqual([null, 'bob'])
  const heads = bob()?.heads()
  slow.ids.add(`${delta.hlc}`)
  world.network.heal()
  const told = () =>
    info.mock.calls.flatMap(([fields, message]) =>
      message === 'delta parked' && fields.deltaId === deltaId ? [fields.reason] : [],
    )
  const expectWaiting = async () => {
    await world.until('it to be parked', () => bob()?.waiting().parked === 1)
    // Once, however often it is looked at.
    expect(told()).toEqual(['machine'])
    expect(bob()?.waiting()).toMatchObject({ revising: true, pending: 3 })
    expect([bob()?.heads(), bob()?.beat()]).toEqual([heads, undefined])
    expect([await read('start'), await read('z')]).toEqual(['bob', null])
    await expect(write('bob', 'behind')).rejects.toThrow(`delta ${deltaId} counts here`)
  }
  await expectWaiting()
  await restart(scene, slow)
  await world.pass(RECONSIDER_MS + 5000)
  await expectWaiting()
  slow.ids.clear()
  await world.until('all to be applied', () => bob()?.waiting().parked === 0)
  await converge(world, shared.contextId, ['bob', 'dan'])
  expect([await read('seen by dan'), await read('z')]).toEqual(['cyd', 'bob'])
})

/** A context of bob, cyd and dan, which ada, who removes members, is not in: what was accepted of it is said by each of them. */
async function amongThree(slow: Slow, retention: { readonly revisionMax: number }): Promise<Scene> {
  const scene = await share('order-sensitive', FOUR, { retention })
  const { world, shared } = scene
  const { namespaceId } = shared
  await restart(scene, slow)
  const { node } = world.get('bob')
  const log = (name: string) => world.get(name).node.namespaces.get(namespaceId)
  const { account } = node
  await world.run(log('ada').submit({ kind: 'role_set', groupId: namespaceId, account, role: 'Admin' }))
  await world.until('bob to be an admin', () => log('bob').state.roleIn(namespaceId, account) === 'Admin')
  const groupId = await world.run(node.namespaces.createGroup(namespaceId, { visibility: 'restricted' }))
  const invitation = { lifetimeSec: 3600, role: 'Member' } as const
  for (const name of ['cyd', 'dan'])
    await world.run(world.get(name).node.namespaces.join(node.namespaces.invite(groupId, invitation)))
  const applicationId = (await node.applications.list())[0]?.id
  if (applicationId === undefined) throw new Error('nothing is installed')
  const asked = { applicationId, groupId, initParams: new Uint8Array(0) }
  const contextId = (await world.run(node.contexts.create(asked))).record.id
  for (const name of ['cyd', 'dan']) await world.run(world.get(name).node.joiner.ready(log(name), contextId))
  return { world, shared: { ...shared, groupId, contextId } }
}

it('nothing is held for longer where the clock was set back meanwhile', () => {
  const id = idFromBytes<DeltaId>(new Uint8Array(32).fill(1))
  const author = idFromBytes<PublicKey>(new Uint8Array(32).fill(2))
  let nowMs = 1_000_000_000_000
  const parts = {
    record: { id: idFromBytes<ContextId>(new Uint8Array(32)) },
    dag: new Dag(),
    identity: { publicKey: idFromBytes<PublicKey>(new Uint8Array(32).fill(3)) },
    lacking: new Map([[id, { parents: [], author, sinceMs: nowMs }]]),
    nowMs: () => nowMs,
  }
  const wholeness = new Wholeness(parts as unknown as ContextParts)
  nowMs -= 24 * 3_600_000
  expect(wholeness.isHeld).toBe(true)
  const setBackMs = nowMs
  nowMs += LACKING_HELD_MS - 1
  expect([wholeness.isHeld, wholeness.refusal()?.code]).toEqual([true, 'CONTEXT_BUSY'])
  // As it goes to the disk when it is parked again.
  expect(wholeness.lack({ id, parents: [], author })).toBe(setBackMs)
  nowMs += 1
  expect([wholeness.isHeld, wholeness.refusal()]).toEqual([false, undefined])
  nowMs -= 3_600_000
  expect(wholeness.lack({ id, parents: [], author })).toBe(nowMs)
})
