// Deltas, or the state at a checkpoint, pulled from a peer of which nothing comes that is of use.
import { describe, expect, it } from 'vitest'
import type { ContextId, DeltaId, KeyId, OpId, RootHash } from '../base/ids.ts'
import { sleep } from '../base/until.ts'
import type { PeerId } from '../network/network.ts'
import type { SharedContext, TestWorld } from '../testing/test-nodes.ts'
import { testWorlds } from '../testing/test-worlds.ts'
import type { Checkpoint } from '../wire/checkpoint.ts'
import { type Delta, encodeDelta, sealDelta } from '../wire/delta.ts'
import { type SyncFrame, syncFrameMessage, syncRequestMessage } from '../wire/sync-messages.ts'
import { type Conversation, SYNC_PROTOCOL } from './conversation.ts'
import { pullDeltas } from './delta-pull.ts'
import { RECEIVE_BATCH, SYNC_TIMEOUT_MS } from './limits.ts'
import type { SyncedContext } from './ports.ts'
import { pullSnapshot } from './snapshot-pull.ts'

const { share } = testWorlds()
const HOUR_MS = 3_600_000
const EVERY_MS = 4000

/** By ada, each later than the one before it, on nothing, and under governance that nobody has yet. */
function waiting(world: TestWorld, { contextId }: SharedContext, count: number): Delta[] {
  const { identity } = world.get('ada').node
  const hlc = BigInt(Math.trunc(world.clock.nowMs())) * 1_000_000n
  const governance = ['ee'.repeat(32) as OpId]
  const keyId = 'dd'.repeat(32) as KeyId
  const header = { contextId, author: identity.publicKey, parents: [], governance, keyId }
  return Array.from({ length: count }, (_, at) =>
    sealDelta({
      header: { ...header, hlc: hlc + BigInt(at) },
      payload: { artifact: { kind: 'host', bytes: new Uint8Array(1) }, events: [], depth: 0 },
      groupKey: new Uint8Array(32),
      signingKey: identity,
      random: world.random,
    }),
  )
}

function forged(delta: Delta): Delta {
  return { ...delta, signature: new Uint8Array(delta.signature.byteLength) }
}

function framesOf(deltas: readonly Delta[]): SyncFrame[] {
  const starts = Array.from({ length: Math.ceil(deltas.length / RECEIVE_BATCH) }, (_, at) => at * RECEIVE_BATCH)
  return starts.map((at) => ({ t: 'items', items: deltas.slice(at, at + RECEIVE_BATCH).map(encodeDelta) }))
}

/** Ada says to have whatever is asked for, and sends `frames`, one after a while each. `sent`: of each fetch. */
function sending(world: TestWorld, frames: () => Iterable<SyncFrame>) {
  const sent: number[][] = []
  const { network } = world.get('ada').node.ports
  network.handle(SYNC_PROTOCOL, async (_peer, stream) => {
    const send = (frame: SyncFrame) => {
      const bytes = syncFrameMessage.encode(frame)
      return stream.send(bytes).then(() => bytes.byteLength)
    }
    for await (const bytes of stream.frames) {
      const request = syncRequestMessage.decode(bytes)
      if (request.t === 'compare') {
        await send({ t: 'answers', floor: '', answers: request.probes.map(() => ({ t: 'all' })) })
      } else if (request.t === 'fetch') {
        const sizes: number[] = []
        sent.push(sizes)
        for (const frame of frames()) {
          sizes.push(await send(frame))
          await sleep(world.clock, EVERY_MS)
        }
      }
      await send({ t: 'end', more: false })
    }
  })
  return sent
}

describe('a peer that sends deltas', () => {
  it.each([
    ['its time for those that wait here', (delta: Delta) => delta, 4],
    ['no more time for those that are refused', forged, 1],
  ])('has %s', async (_, made, count) => {
    const { world, shared } = await share('kv-store', ['ada', 'bob'], { sync: { everyMs: HOUR_MS } })
    const frames = framesOf(waiting(world, shared, 4 * RECEIVE_BATCH).map(made))
    const sent = sending(world, () => frames)
    const told: number[] = []
    const { network } = world.get('bob').node.ports
    const source = {
      network,
      peer: world.get('ada').peerId,
      signal: new AbortController().signal,
      onBytes: (bytes: number) => void told.push(bytes),
    }
    const context = await world.get('bob').context(shared.contextId)
    await world.run(pullDeltas(source, context, shared.contextId))
    const [frameBytes = 0] = sent[0] ?? []
    const bytes = told.reduce((sum, each) => sum + each, 0)
    expect([sent[0]?.length, Math.round(bytes / frameBytes)]).toEqual([4, count])
  })

  it('again is asked no further', async () => {
    const { world, shared } = await share('kv-store', ['ada', 'bob'], { sync: { everyMs: HOUR_MS } })
    const [delta] = waiting(world, shared, 1).map(forged)
    if (!delta) throw new Error('there is none')
    const frame: SyncFrame = { t: 'items', items: [encodeDelta(delta)] }
    const sent = sending(world, () => [frame, frame])
    const { network } = world.get('bob').node.ports
    const source = { network, peer: world.get('ada').peerId, signal: new AbortController().signal }
    const context = await world.get('bob').context(shared.contextId)
    const pulling = world.run(pullDeltas(source, context, shared.contextId))
    await expect(pulling).rejects.toThrow(/out of order, or again/)
    expect([sent.length, context.waiting().refused]).toEqual([1, 1])
  })

  it('that are refused, without end, has no pull to itself for longer than its time', async () => {
    const { world, shared } = await share('kv-store', ['ada', 'bob'])
    const frames = framesOf(waiting(world, shared, 12 * RECEIVE_BATCH).map(forged))
    const sent = sending(world, () => frames)
    await world.pass(3 * SYNC_TIMEOUT_MS)
    const counts = sent.map((sizes) => sizes.length)
    expect([counts.length > 1, Math.max(...counts) > 1]).toEqual([true, true])
    expect(Math.max(...counts)).toBeLessThanOrEqual(SYNC_TIMEOUT_MS / EVERY_MS + 1)
  })
})

it('a peer that sends a snapshot has its time with each page that is taken', async () => {
  const id = '01'.repeat(32)
  const checkpoint: Checkpoint = {
    contextId: id as ContextId,
    last: id as DeltaId,
    count: 1,
    chain: new Uint8Array(32),
    root: id as RootHash,
    heads: [id as DeltaId],
    authors: {},
    recent: { counting: [], voids: [], lost: [] },
    governance: [],
  }
  const entries: SyncFrame = { t: 'entries', entries: [{ key: new Uint8Array(1), value: new Uint8Array(1) }] }
  const frames: SyncFrame[] = [entries, entries, { t: 'part', bytes: new Uint8Array(1), last: false }, entries]
  const conversation: Pick<Conversation, 'ask'> = {
    ask: async function* () {
      yield* frames
    },
  }
  const seen: string[] = []
  const context: Pick<SyncedContext, 'adopt'> = {
    adopt: async (_certified, _from, pages) => {
      for await (const page of pages(undefined, new AbortController().signal)) seen.push(`${page.length} taken`)
      return true
    },
  }
  const from = { peer: 'peer' as PeerId, onPage: () => void seen.push('counts') }
  const pulling = pullSnapshot(conversation as Conversation, from, context as SyncedContext, {
    checkpoint,
    vouches: [],
  })
  await expect(pulling).rejects.toThrow(/answers snapshot with part/)
  expect(seen).toEqual(['1 taken', 'counts', '1 taken', 'counts'])
})
