// A log, or keys, pulled from a peer of which nothing comes that is of use.
import { describe, expect, it } from 'vitest'
import type { Bytes } from '../base/bytes.ts'
import type { GroupId, KeyId, NamespaceId, OpId } from '../base/ids.ts'
import { signingKeyFromSeed } from '../base/keys.ts'
import { sleep } from '../base/until.ts'
import type { Network, PeerId } from '../network/network.ts'
import { testWorlds } from '../testing/test-worlds.ts'
import { encodeOp, type SignedOp, signOp } from '../wire/op.ts'
import { type SyncFrame, syncFrameMessage, syncRequestMessage } from '../wire/sync-messages.ts'
import { type Source, SYNC_PROTOCOL } from './conversation.ts'
import { FRAME_TARGET_BYTES, PART_BYTES, SYNC_TIMEOUT_MS, WORTHLESS_BYTES_MAX } from './limits.ts'
import { pullKeys, pullOps } from './pulling.ts'

const { share } = testWorlds()
const signingKey = signingKeyFromSeed(new Uint8Array(32).fill(7))
const groupId = 'aa'.repeat(32) as GroupId
const namespaceId = 'bb'.repeat(32) as NamespaceId

/** Each on the one before. */
function chain(count: number, noteBytes: number): SignedOp[] {
  const ops: SignedOp[] = []
  for (let at = 0; at < count; at += 1) {
    const fields = [['note', 'v'.repeat(noteBytes)]] as const
    const parents = ops.slice(-1).map(({ id }) => id)
    const body = { kind: 'metadata_set', groupId, name: `${at}`, fields } as const
    ops.push(signOp({ namespaceId, parents, hlc: BigInt(at + 1), body, signingKey }))
  }
  return ops
}

function itemsFrame(ops: readonly SignedOp[]): SyncFrame {
  return { t: 'items', items: ops.map(encodeOp) }
}

/** Pulls what comes in these answers, one for each request. */
async function pulledBy(answers: readonly (readonly SyncFrame[])[], pull: (source: Source) => Promise<number>) {
  let requests = 0
  const sizes: number[] = []
  const told: number[] = []
  const open: Network['open'] = async (_peer, _protocol, { onBytes } = {}) => ({
    peer: 'peer' as PeerId,
    send: async () => {},
    closeWrite: async () => {},
    abort: () => {},
    frames: (async function* (): AsyncGenerator<Bytes> {
      const answer = answers[requests] ?? []
      requests += 1
      for (const frame of answer) {
        const bytes = syncFrameMessage.encode(frame)
        sizes.push(bytes.byteLength)
        onBytes?.(bytes.byteLength)
        yield bytes
      }
    })(),
  })
  const source = {
    network: { open } as Partial<Network> as Network,
    peer: 'peer' as PeerId,
    signal: new AbortController().signal,
    onBytes: (bytes: number) => void told.push(bytes),
  }
  const outcome = await pull(source).catch((error) => error)
  return { outcome, requests, sizes, told }
}

/** Into a log that has `held` and takes no other. */
function pulled(answers: readonly (readonly SyncFrame[])[], held: readonly SignedOp[] = []) {
  const ids = new Set<OpId>(held.map(({ id }) => id))
  const log = { id: namespaceId, heads: () => [], holds: (id: OpId) => ids.has(id), receive: async () => 0 }
  return pulledBy(answers, (source) => pullOps(source, log))
}

const END: SyncFrame = { t: 'end', more: false }
const MORE: SyncFrame = { t: 'end', more: true }

describe('a peer that sends a log', () => {
  it('has no more time for operations that are refused', async () => {
    const frames = chain(20, 10).map((op) => itemsFrame([op]))
    const { sizes, told } = await pulled([[...frames, END]])
    expect(told).toEqual(sizes.slice(0, 1))
  })

  it('has its time for those that are here already, as a whole log is where it knows none of our heads', async () => {
    const ops = chain(800, 4000)
    const frames = [0, 200, 400, 600].map((at) => itemsFrame(ops.slice(at, at + 200)))
    const { sizes, told } = await pulled([[...frames, END]], ops)
    expect(told).toEqual(sizes)
    expect(told.reduce((sum, bytes) => sum + bytes)).toBeGreaterThan(WORTHLESS_BYTES_MAX)
  })

  it('has no more time for what it sent before', async () => {
    const ops = chain(2, 10)
    const frames = Array.from({ length: 20 }, () => itemsFrame(ops))
    const { sizes, told } = await pulled([[...frames, END]], ops)
    expect(told).toEqual(sizes.slice(0, 2))
  })

  it('has its time again with what is of use', async () => {
    const [first, second, third] = chain(3, 10)
    if (!first || !second || !third) throw new Error('there are not so many')
    const { sizes, told } = await pulled(
      [[itemsFrame([first]), itemsFrame([second]), itemsFrame([third]), END]],
      [second],
    )
    expect(told).toEqual([sizes[0], sizes[2]])
  })

  it('has no more than that of a frame for what is no operation', async () => {
    const value = new Uint8Array(PART_BYTES / 8)
    const frames: SyncFrame[] = Array.from({ length: 40 }, () => ({
      t: 'entries',
      entries: [{ key: new Uint8Array(4), value }],
    }))
    const { told } = await pulled([[...frames, END]])
    const bytes = told.reduce((sum, count) => sum + count)
    expect(bytes).toBeGreaterThan(FRAME_TARGET_BYTES)
    expect(bytes).toBeLessThan(WORTHLESS_BYTES_MAX + 2 * value.byteLength)
  })

  it('is not asked for more where nothing of what it sent is of use', async () => {
    const [first, second] = chain(2, 10)
    if (!first || !second) throw new Error('there are not so many')
    const refused = await pulled([first, second].map((op) => [itemsFrame([op]), MORE]))
    const repeated = await pulled(
      Array.from({ length: 4 }, () => [itemsFrame([first]), MORE]),
      [first],
    )
    expect([refused.requests, repeated.requests]).toEqual([1, 2])
  })
})

it('a peer that sends keys has its time as long as some are new', async () => {
  const frame: SyncFrame = { t: 'items', items: [new Uint8Array(100)] }
  const added = [1, 1, 0, 0, 0]
  let frames = 0
  const namespace = {
    id: namespaceId,
    keysLacking: () => ({ needed: ['cc'.repeat(32) as KeyId], others: [] }),
    newestOps: () => [],
    receiveKeys: async () => added[frames++] ?? 0,
  }
  const answers = [[...added.map(() => frame), END]]
  const { outcome, sizes, told } = await pulledBy(answers, (source) => pullKeys(source, namespace, groupId))
  expect([outcome, told]).toEqual([2, sizes.slice(0, 3)])
})

it('a pull ends where a member answers with refused operations without end', async () => {
  const { world, shared } = await share('kv-store', ['ada', 'bob'])
  const [ada, bob] = ['ada', 'bob'].map((name) => world.get(name).node)
  if (!ada || !bob) throw new Error('one of them is not there')
  const everyMs = 4000
  const frames: number[] = []
  ada.ports.network.handle(SYNC_PROTOCOL, async (_peer, stream) => {
    for await (const bytes of stream.frames) {
      if (syncRequestMessage.decode(bytes).t !== 'ops') {
        await stream.send(syncFrameMessage.encode({ t: 'refused', code: 'busy', message: 'not now' }))
        continue
      }
      const at = frames.push(0) - 1
      for (const op of chain(200, 4000)) {
        const signature = new Uint8Array(op.signature.byteLength)
        await stream.send(syncFrameMessage.encode(itemsFrame([{ ...op, namespaceId: shared.namespaceId, signature }])))
        frames[at] = (frames[at] ?? 0) + 1
        await sleep(world.clock, everyMs)
      }
    }
  })
  await world.pass(10 * SYNC_TIMEOUT_MS)
  expect([frames.length > 1, Math.max(...frames) > 1]).toEqual([true, true])
  expect(Math.max(...frames)).toBeLessThanOrEqual(SYNC_TIMEOUT_MS / everyMs + 1)
})
