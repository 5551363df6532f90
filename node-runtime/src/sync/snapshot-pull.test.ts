// Snapshots of several peers, of which some break off, lie, or take their time.
import { expect, it } from 'vitest'
import { type Bytes, u32be, utf8 } from '../base/bytes.ts'
import { sleep } from '../base/until.ts'
import type { Context } from '../context/context.ts'
import { RECEIPT_PAUSE_MS, RECEIPT_TURN_MS } from '../context/limits.ts'
import { slowLink } from '../testing/slow-link.ts'
import { converge, type WorldOptions } from '../testing/test-nodes.ts'
import { NAMES, testWorlds } from '../testing/test-worlds.ts'
import { checkpointHash, encodeCertified } from '../wire/checkpoint.ts'
import { syncRequestMessage } from '../wire/sync-messages.ts'
import { SYNC_PROTOCOL, sendFrame } from './conversation.ts'
import { SYNC_TIMEOUT_MS } from './limits.ts'

const { share } = testWorlds()
const ABSENT_MS = 120_000
const MIB = 1024 * 1024

type Page = readonly (readonly [Bytes, Bytes])[]

/** Cyd was away for so long that the others have pruned what it lacks; it is cut off. */
async function behind({ keys = 24, value = 'v' } = {}, options: WorldOptions = {}) {
  const retention = { checkpointMin: 8, absentMs: ABSENT_MS }
  const { world, shared } = await share('kv-store', NAMES, { ...options, retention })
  await converge(world, shared.contextId, NAMES)
  world.network.partition([world.get('cyd').peerId])
  await world.pass(2 * ABSENT_MS)
  for (let i = 0; i < keys; i += 1) {
    const name = i % 2 === 0 ? 'ada' : 'bob'
    await world.run(world.get(name).call(shared.contextId, 'set', { key: `k${i}`, value: `${value}${i}` }))
  }
  await world.pass(30_000)
  const [ada, cyd] = await Promise.all(['ada', 'cyd'].map((name) => world.get(name).context(shared.contextId)))
  if (!ada || !cyd) throw new Error('one of them is not there')
  const certified = certifiedOf(ada)
  const asked: (Bytes | undefined)[] = []
  /** What ada would send, an entry a page. */
  const pages = async function* (after: Bytes | undefined) {
    asked.push(after)
    for await (const entry of ada.snapshot(checkpointHash(certified.checkpoint), after)) yield [entry]
  }
  return { world, shared, ada, cyd, certified, pages, asked }
}

function certifiedOf(context: Context) {
  const certified = context.checkpoint()
  if (!certified) throw new Error('nothing is pruned')
  return certified
}

async function* breakingOff(pages: AsyncIterable<Page>, count: number): AsyncGenerator<Page> {
  let left = count
  for await (const page of pages) {
    if (left === 0) throw new Error('it breaks off')
    left -= 1
    yield page
  }
}

async function* falsely(): AsyncGenerator<Page> {
  yield [[utf8('zz'), utf8('false')]]
  throw new Error('it breaks off')
}

it('goes on with what came from the same peer, and with that of no other', async () => {
  const { world, cyd, certified, pages, asked } = await behind()
  await expect(world.run(cyd.adopt(certified, 'eve', falsely))).rejects.toThrow('breaks off')
  await expect(world.run(cyd.adopt(certified, 'ada', (after) => breakingOff(pages(after), 3)))).rejects.toThrow()
  expect(await world.run(cyd.adopt(certified, 'ada', pages))).toBe(true)
  const [first, second] = asked
  expect([first, second instanceof Uint8Array, asked.length]).toEqual([undefined, true, 2])
})

it('a peer that was wrong waits until others had time', async () => {
  const { world, cyd, certified, pages } = await behind()
  const lie = async function* () {
    yield [[utf8('zz'), utf8('false')] as const]
  }
  await expect(world.run(cyd.adopt(certified, 'eve', lie))).rejects.toMatchObject({ code: 'STATE_ROOT_MISMATCH' })
  expect(await world.run(cyd.adopt(certified, 'eve', lie))).toBe(false)
  await world.pass(RECEIPT_PAUSE_MS)
  await expect(world.run(cyd.adopt(certified, 'eve', lie))).rejects.toMatchObject({ code: 'STATE_ROOT_MISMATCH' })
  expect(await world.run(cyd.adopt(certified, 'ada', pages))).toBe(true)
})

it('a peer that comes to no end gives way to another after a while', async () => {
  const { world, cyd, certified, pages } = await behind()
  const endless = async function* () {
    for (let n = 0; ; n += 1) {
      await sleep(world.clock, SYNC_TIMEOUT_MS)
      yield [[u32be(n), u32be(n)] as const]
    }
  }
  const receipt = cyd.adopt(certified, 'eve', endless).catch((error) => error.code)
  for (const part of [0.4, 0.4]) await world.pass(part * RECEIPT_TURN_MS)
  expect(await world.run(cyd.adopt(certified, 'ada', pages))).toBe(false)
  await world.pass(0.3 * RECEIPT_TURN_MS)
  expect(await world.run(cyd.adopt(certified, 'ada', pages))).toBe(false)
  expect(await world.run(receipt)).toBe('CONTEXT_BUSY')
  expect(await world.run(cyd.adopt(certified, 'eve', endless))).toBe(false)
  expect(await world.run(cyd.adopt(certified, 'ada', pages))).toBe(true)
})

it('comes in one conversation, however long it is, where the link is slow, and keeps no round waiting', async () => {
  const { world, shared, ada, certified, pages, asked } = await behind({ keys: 100, value: 'x'.repeat(16_000) })
  world.network.cut(world.get('cyd').peerId, world.get('bob').peerId)
  let sentMs = 0
  world.get('ada').node.ports.network.handle(SYNC_PROTOCOL, async (_, stream) => {
    for await (const bytes of stream.frames) {
      const request = syncRequestMessage.decode(bytes)
      if (request.t === 'greet') {
        await sendFrame(stream, { t: 'greeting', beats: [], checkpoint: encodeCertified(certified) })
      } else if (request.t === 'snapshot') {
        for await (const [entry] of pages(request.after)) {
          const [key, value] = entry ?? []
          if (!key || !value) continue
          const delayMs = 0.9 * SYNC_TIMEOUT_MS * (value.byteLength / MIB)
          await sleep(world.clock, delayMs)
          sentMs += delayMs
          await sendFrame(stream, { t: 'entries', entries: [{ key, value }] })
        }
      } else return sendFrame(stream, { t: 'refused', code: 'busy', message: 'not now' })
      await sendFrame(stream, { t: 'end', more: false })
    }
  })
  const cyd = world.get('cyd').node
  world.network.mend(world.get('cyd').peerId, world.get('ada').peerId)
  world.network.partition([world.get('bob').peerId])
  await world.until('ada to be there', () => cyd.ports.network.peers().length > 0)
  const sinceMs = world.clock.nowMs()
  await world.run(cyd.sync.syncContext(shared.contextId, {}))
  expect(world.clock.nowMs() - sinceMs).toBeLessThanOrEqual(SYNC_TIMEOUT_MS + 1000)
  const root = () => cyd.contexts.opened(shared.contextId)?.checkpoint()?.checkpoint.root
  await world.until('the snapshot to be here', () => root() === ada.checkpoint()?.checkpoint.root)
  expect(sentMs).toBeGreaterThan(SYNC_TIMEOUT_MS)
  expect(asked).toEqual([undefined])
})

it('comes over a link on which a page takes longer than a conversation', async () => {
  let isSlow = false
  const judge = slowLink(8 * 1024, () => isSlow)
  const { world, shared, ada } = await behind({ keys: 70, value: 'x'.repeat(16_000) }, { judge })
  isSlow = true
  world.network.partition([world.get('bob').peerId])
  const cyd = world.get('cyd').node
  const sinceMs = world.clock.nowMs()
  const root = () => cyd.contexts.opened(shared.contextId)?.checkpoint()?.checkpoint.root
  await world.until('the snapshot to be here', () => root() === ada.checkpoint()?.checkpoint.root)
  expect(world.clock.nowMs() - sinceMs).toBeGreaterThan(SYNC_TIMEOUT_MS)
})

it('a peer whose page comes slowly gives way in the middle of it', async () => {
  const { world, cyd, certified, pages } = await behind()
  const crawling = async function* (_: Bytes | undefined, over: AbortSignal) {
    await new Promise((_, reject) => over.addEventListener('abort', () => reject(new Error('its turn is over'))))
    yield [] as Page
  }
  const receipt = cyd.adopt(certified, 'eve', crawling).catch((error) => String(error))
  await world.pass(RECEIPT_TURN_MS)
  expect(await world.run(cyd.adopt(certified, 'ada', pages))).toBe(false)
  expect(await world.run(receipt)).toContain('its turn is over')
  expect(await world.run(cyd.adopt(certified, 'eve', crawling))).toBe(false)
  expect(await world.run(cyd.adopt(certified, 'ada', pages))).toBe(true)
})
