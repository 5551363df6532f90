import { describe, expect, it } from 'vitest'
import { signingKeyFromSeed } from '../base/keys.ts'
import type { FrameStream } from '../network/network.ts'
import { EVERYTHING, packKeys } from '../reconcile/item-key.ts'
import { EMPTY_FINGERPRINT } from '../reconcile/set-view.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import { peerIdOf } from '../testing/test-node.ts'
import { converge, rotateKey, type SharedContext, type TestWorld } from '../testing/test-nodes.ts'
import { testWorlds } from '../testing/test-worlds.ts'
import { type Delta, encodeDelta, sealDelta } from '../wire/delta.ts'
import { type SyncFrame, type SyncRequest, syncFrameMessage, syncRequestMessage } from '../wire/sync-messages.ts'
import { SYNC_PROTOCOL } from './conversation.ts'
import { lackingOf, pullDeltas } from './delta-pull.ts'

const { share } = testWorlds()
const HOUR_MS = 3_600_000

describe('deltas that wait for a key', () => {
  it('travel on to members that lack them, from who cannot read them either', async () => {
    const { world, shared } = await parkedAtBob()
    await world.run(world.get('cyd').node.sync.syncContext(shared.contextId, {}))
    await expectParked(world, shared, 'cyd')
  })

  it('are fetched at once by a peer that is told that it lacks them', async () => {
    const { world, shared } = await parkedAtBob()
    await world.run(world.get('bob').node.sync.syncContext(shared.contextId, {}))
    const cyd = await world.get('cyd').context(shared.contextId)
    await world.until('cyd to have fetched it', () => cyd.waiting().parked === 1)
    await expectParked(world, shared, 'cyd')
  })
})

describe('a pull', () => {
  it('brings what both lack, the old and the new, in one go', async () => {
    const { world, shared } = await share('kv-store', ['ada', 'bob'], { sync: { everyMs: HOUR_MS } })
    const id = shared.contextId
    for (const name of ['ada', 'bob', 'ada', 'bob']) {
      world.network.partition([world.get('ada').peerId])
      for (let i = 0; i < 20; i += 1)
        await world.run(world.get(name).call(id, 'set', { key: `${name}${i}`, value: 'v' }))
    }
    world.network.heal()
    await converge(world, id, ['ada', 'bob'])
    const [ada, bob] = await Promise.all(['ada', 'bob'].map((name) => world.get(name).context(id)))
    const held = [ada, bob].map((context) => context?.readHeld((view) => view.summary(EVERYTHING)))
    expect(held[0]).toEqual(held[1])
    expect(held[0]?.count).toBe(80)
  })

  it.each<[string, (request: SyncRequest, asked: number) => readonly SyncFrame[], RegExp | undefined]>([
    ['offers everything and sends nothing', (request) => answered(request, { t: 'all' }), undefined],
    [
      'never stops splitting',
      (request) => answered(request, { t: 'parts', parts: ['40', '80', 'g'].map(part) }),
      /does not fit/,
    ],
    [
      'answers something else',
      ({ t }) => (t === 'compare' ? [{ t: 'items', items: [new Uint8Array(3)] }, END] : [END]),
      /a comparison, with items/,
    ],
    ['greets twice', () => [GREETING, GREETING, END], /another greeting/],
    ['greets with something else', () => [{ t: 'items', items: [new Uint8Array(3)] }, END], /answers greet with items/],
    ['says only that it is done', () => [END], /without a comparison/],
    [
      'compares twice',
      (request) => [...answered(request, { t: 'same' }).slice(0, -1), ...answered(request, { t: 'same' })],
      /more than one comparison/,
    ],
    ['ends half-way', () => [], /half-way/],
  ])('from a peer that %s ends, and changes nothing', async (_, answer, failure) => {
    const { world, shared } = await share('kv-store', ['ada'])
    await world.run(world.get('ada').call(shared.contextId, 'set', { key: 'k', value: 'v' }))
    const context = await world.get('ada').context(shared.contextId)
    const before = context.readHeld((view) => view.summary(EVERYTHING))
    const source = await hostile(world, answer)
    const pulling = world.run(pullDeltas(source, context, shared.contextId))
    if (failure) await expect(pulling).rejects.toThrow(failure)
    else expect(await pulling).toBe(0)
    expect(context.readHeld((view) => view.summary(EVERYTHING))).toEqual(before)
  })
})

describe('a delta that was refused', () => {
  it('is not fetched again where its author may not write', async () => {
    const { context, delta, pull } = await offered((genuine) => {
      const stranger = signingKeyFromSeed(new Uint8Array(32).fill(7))
      const { contextId, parents, hlc, governance, keyId } = genuine
      return sealDelta({
        header: { contextId, parents, hlc, governance, keyId, author: stranger.publicKey },
        payload: { artifact: { kind: 'host', bytes: new Uint8Array(1) }, events: [], depth: 0 },
        groupKey: new Uint8Array(32),
        signingKey: stranger,
        random: seededRandom(1),
      })
    })
    expect(await pull()).toBe(1)
    expect(context.refuses(delta.id)).toBe(true)
    expect(await pull()).toBe(0)
    expect(lackingOf(context, [delta.id])).toEqual([])
    expect(context.waiting()).toMatchObject({ refused: 1 })
  })

  it('is fetched again where only its signature was wrong: another peer may have the right one', async () => {
    const { context, delta, pull, takeGenuine } = await offered((each) => ({ ...each, signature: new Uint8Array(64) }))
    expect(await pull()).toBe(1)
    expect(await pull()).toBe(1)
    expect(context.waiting()).toMatchObject({ refused: 2 })
    await takeGenuine()
    expect(context.heads()).toEqual([delta.id])
  })
})

/** To bob, by a peer that offers nothing else: what `forge` makes of a delta of ada's that bob does not know. */
async function offered(forge: (genuine: Delta) => Delta) {
  const { world, shared } = await share('kv-store', ['ada', 'bob'], { sync: { everyMs: HOUR_MS } })
  world.network.partition([world.get('ada').peerId])
  await world.run(world.get('ada').call(shared.contextId, 'set', { key: 'k', value: 'v' }))
  const adas = await world.get('ada').context(shared.contextId)
  const [genuine] = adas.heads().flatMap((head) => adas.delta(head) ?? [])
  if (!genuine) throw new Error('ada wrote nothing')
  const delta = forge(genuine)
  const context = await world.get('bob').context(shared.contextId)
  const keys = packKeys([delta.id])
  const source = await hostile(world, (request) => {
    if (request.t === 'fetch')
      return [
        { t: 'items', items: [encodeDelta(delta)] },
        { t: 'end', more: false },
      ]
    return answered(request, { t: 'items', keys })
  })
  const pull = () => world.run(pullDeltas(source, context, shared.contextId))
  return { context, delta, pull, takeGenuine: () => world.run(context.receive([genuine])) }
}

const END: SyncFrame = { t: 'end', more: true }
const GREETING: SyncFrame = { t: 'greeting', beats: [] }
const part = (to: string) => ({ to, count: 1, fingerprint: EMPTY_FINGERPRINT })

function answered(
  request: SyncRequest,
  answer: Extract<SyncFrame, { t: 'answers' }>['answers'][number],
): readonly SyncFrame[] {
  if (request.t !== 'compare') return [END]
  return [{ t: 'answers', floor: '', answers: request.probes.map(() => answer) }, END]
}

/** A peer that answers as told, and who asks it. */
async function hostile(world: TestWorld, answer: (request: SyncRequest, asked: number) => readonly SyncFrame[]) {
  const address = world.network.reserveAddress()
  const mallory = world.createNetwork({ peerId: peerIdOf('mallory'), address, bootAddresses: [] })
  const network = world.createNetwork({ peerId: peerIdOf('asker'), bootAddresses: [address] })
  let asked = 0
  mallory.handle(SYNC_PROTOCOL, async (_, stream: FrameStream) => {
    for await (const bytes of stream.frames) {
      asked += 1
      const frames = answer(syncRequestMessage.decode(bytes), asked)
      for (const frame of frames) await stream.send(syncFrameMessage.encode(frame))
      if (frames.length === 0) return
    }
  })
  await world.run(mallory.start())
  await world.run(network.start())
  await world.run(network.dial(address))
  return { network, peer: mallory.peerId, signal: new AbortController().signal }
}

/** What ada wrote with a key that only she has is at bob, who cannot open it; cyd knows nothing of it. */
async function parkedAtBob(): Promise<{ world: TestWorld; shared: SharedContext }> {
  const { world, shared } = await share('kv-store', ['ada', 'bob', 'cyd'], { sync: { everyMs: HOUR_MS } })
  const ada = world.get('ada')
  await rotateKey(world, shared, 'ada')
  world.network.partition([ada.peerId])
  await world.run(ada.call(shared.contextId, 'set', { key: 'k', value: 'v' }))
  const adas = await ada.context(shared.contextId)
  const bobs = await world.get('bob').context(shared.contextId)
  await world.run(bobs.receive(adas.heads().flatMap((head) => adas.delta(head) ?? [])))
  await expectParked(world, shared, 'bob')
  expect((await world.get('cyd').context(shared.contextId)).waiting()).toMatchObject({ parked: 0 })
  return { world, shared }
}

async function expectParked(world: TestWorld, { contextId }: SharedContext, name: string): Promise<void> {
  const context = await world.get(name).context(contextId)
  expect(context.waiting()).toMatchObject({ parked: 1, refused: 0 })
  expect(context.readHeld((view) => view.size)).toBe(1)
}
