// What a node says of its heads while a long history is judged again after a removal, slice by slice, and after an end in
// the middle of that: nothing that its disk does not bear out, and never less than before.
import { afterAll, expect, it } from 'vitest'
import { appWasm } from '../../../../scripts/build-apps.ts'
import type { DeltaId, RootHash } from '../../base/ids.ts'
import { faultyStore } from '../../store/faulty-store.ts'
import { peerIdOf } from '../../testing/test-node.ts'
import {
  converge,
  type SavedWorld,
  type SharedContext,
  shareContext,
  TestWorld,
  type WorldOptions,
} from '../../testing/test-nodes.ts'
import { NAMES } from '../../testing/test-worlds.ts'
import { decodeGossip, type HeadsBeat } from '../../wire/gossip.ts'
import { ContextStore } from '../context-store.ts'
import { removeMember } from '../namespaces/membership.ts'

const KEPT = ['ada', 'cyd']
/** Small: a history of some tens is long. */
const retention = { revisionMax: 4 }

const worlds: TestWorld[] = []
afterAll(async () => {
  for (const world of worlds) await world.close()
})

/** Bob was removed while cyd took what it wrote on; cyd has not heard yet. All are stopped. */
async function beforeCydHears(): Promise<{ shared: SharedContext; saved: SavedWorld }> {
  const world = await TestWorld.open({ seed: 'slices', retention })
  worlds.push(world)
  const shared = await shareContext(world, await appWasm('order-sensitive'), NAMES)
  const set = (name: string, key: string) =>
    world.run(world.get(name).call(shared.contextId, 'set', { key, value: `${name}:${key}` }))
  await set('bob', 'start')
  await converge(world, shared.contextId, NAMES)
  world.network.partition([world.get('ada').peerId], [world.get('bob').peerId, world.get('cyd').peerId])
  for (let i = 0; i < 14; i += 1) await set(i % 3 === 0 ? 'bob' : 'cyd', `k${i}`)
  await converge(world, shared.contextId, ['bob', 'cyd'])
  await world.run(world.get('bob').stop())
  await world.run(removeMember(world.get('ada').node, shared.namespaceId, world.get('bob').node.account))
  for (const name of KEPT) await world.run(world.get(name).stop())
  return { shared, saved: await world.save() }
}

/** Of cyd, at each of its writes. */
class Sayings {
  /** Heads that were not applied on the disk, and not void there. */
  readonly ahead: DeltaId[] = []
  /** Heads that were said before, and are not in the past of those that are said now. */
  readonly back: DeltaId[] = []
  /** Writes that left the context half-way. */
  cutOff = 0
  /** Writes at which what waits did not tell that it was, or told so when it was not. */
  untold = 0
  #said: HeadsBeat | undefined
  readonly #world: TestWorld
  readonly #shared: SharedContext

  constructor(world: TestWorld, shared: SharedContext) {
    this.#world = world
    this.#shared = shared
  }

  get heads(): readonly DeltaId[] {
    return this.#said?.heads ?? []
  }

  look(): void {
    const { contextId } = this.#shared
    const cyd = this.#world.get('cyd')
    const rows = new ContextStore(cyd.disk, contextId)
    if (rows.judgement().digest === undefined) this.cutOff += 1
    const context = cyd.running ? cyd.node.contexts.opened(contextId) : undefined
    const beat = context?.beat()
    if (context && context.waiting().revising !== (beat === undefined)) this.untold += 1
    if (beat === undefined) return
    const isApplied = (id: DeltaId) => ['applied', 'void', 'voided'].includes(rows.stored(id)?.status ?? '')
    this.ahead.push(...beat.heads.filter((id) => !isApplied(id)))
    const past = new Set<DeltaId>(beat.heads)
    for (const id of past) for (const parent of rows.delta(id)?.parents ?? []) past.add(parent)
    this.back.push(...this.heads.filter((id) => !past.has(id)))
    this.#said = beat
  }
}

/** Cyd hears of the removal. `fails`: whether a write does, by how many before it left the context half-way. `isTold`: ada was, what came of it. */
async function hear(fails: (cutOff: number) => boolean) {
  const { shared, saved } = await beforeCydHears()
  const seen: { sayings?: Sayings; first?: Promise<OfOne> } = {}
  const onBatch = (name: string) => {
    if (name === 'cyd') seen.sayings?.look()
  }
  const told: HeadsBeat[] = []
  const observePacket: WorldOptions['observePacket'] = ({ from, kind, data }) => {
    if (from !== peerIdOf('cyd') || kind !== 'gossip' || data === undefined) return
    const gossip = decodeGossip(data)
    if (gossip.t === 'heads') told.push(gossip)
  }
  const world = await TestWorld.open({ seed: 1, from: saved, retention, observePacket, observer: { onBatch } })
  worlds.push(world)
  for (const name of KEPT) world.place(name)
  const place = world.place('cyd')
  const error = new Error('EIO: i/o error, write')
  const isFailing = () => {
    const isDue = fails(seen.sayings?.cutOff ?? 0)
    // A client that asks as soon as there is another instance.
    if (isDue) world.clock.setTimer(() => (seen.first ??= lookAt(world, shared)), 0)
    return isDue
  }
  Object.assign(place, { disk: faultyStore(place.disk, 'cyd', { write: () => (isFailing() ? error : undefined) }) })
  await world.start('cyd', { boot: KEPT })
  const sayings = new Sayings(world, shared)
  seen.sayings = sayings
  sayings.look()
  expect(sayings.heads).not.toEqual([])
  await world.start('ada', { boot: KEPT })
  await world.pass(15_000)
  await converge(world, shared.contextId, KEPT)
  sayings.look()
  const last = await lookAt(world, shared)
  const first = seen.first && (await world.run(seen.first))
  return { sayings, first, last, isTold: told.some((beat) => beat.root === last.root) }
}

interface OfOne {
  readonly heads: readonly DeltaId[]
  readonly root: RootHash
  /** What it would say to have accepted from itself, were it removed. */
  readonly accepted: readonly DeltaId[]
}

/** What cyd's instance says first. */
async function lookAt(world: TestWorld, { contextId }: SharedContext): Promise<OfOne> {
  const { node } = world.get('cyd')
  const context = await node.contexts.get(contextId)
  const [heads, { root }] = [context.heads(), context]
  return { heads, root, accepted: await context.standStill((accepted) => accepted(node.account)) }
}

it('a node says no heads while some of what is beneath them is taken down', async () => {
  const { sayings, isTold } = await hear(() => false)
  expect(sayings.cutOff).toBeGreaterThan(2)
  expect(sayings.untold).toBe(0)
  expect(sayings.ahead).toEqual([])
  expect(sayings.back).toEqual([])
  expect(isTold).toBe(true)
})

it('a node says no fewer heads once it has read what a write that failed half-way has left', async () => {
  let failures = 0
  const { sayings, first, last, isTold } = await hear((cutOff) => {
    const isHalfWay = cutOff === 2 && failures === 0
    failures += isHalfWay ? 1 : 0
    return isHalfWay
  })
  expect(failures).toBe(1)
  // Nobody gets to see, or to do anything with, the part that was left.
  expect(first).toEqual(last)
  expect(sayings.ahead).toEqual([])
  expect(sayings.back).toEqual([])
  expect(isTold).toBe(true)
})
