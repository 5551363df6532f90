import { describe, expect, it } from 'vitest'
import { type Bytes, u32be } from '../base/bytes.ts'
import type { ContextId } from '../base/ids.ts'
import { sleep } from '../base/until.ts'
import { detachContext } from '../context/namespaces/administration.ts'
import type { FrameStream } from '../network/network.ts'
import { StorageError } from '../storage/errors.ts'
import type { SharedContext, TestWorld } from '../testing/test-nodes.ts'
import { countRows, testWorlds } from '../testing/test-worlds.ts'
import { type SyncFrame, syncFrameMessage, syncRequestMessage } from '../wire/sync-messages.ts'
import { fetchBase, SlowPeers } from './base-pull.ts'
import { SYNC_PROTOCOL } from './conversation.ts'
import { BASE_BYTES_MAX, BASE_PORTION_BYTES, SYNC_TIMEOUT_MS } from './limits.ts'
import { topicName } from './topics.ts'
import { UnderWay } from './under-way.ts'

const { share } = testWorlds()

type Send = (frame: SyncFrame) => Promise<void>
/** More than a receiver collects before it writes. */
const MANY = Array.from({ length: 1500 }, (_, n) => ({ key: u32be(n), value: u32be(n) }))
const END: SyncFrame = { t: 'end', more: false }

/** From now on the node answers nothing but requests for a base, and these so. Returns who has asked. */
function serving(world: TestWorld, name: string, answer: (send: Send, stream: FrameStream) => Promise<void>): string[] {
  const askers: string[] = []
  world.get(name).node.ports.network.handle(SYNC_PROTOCOL, async (peer, stream) => {
    const send: Send = (frame) => stream.send(syncFrameMessage.encode(frame))
    for await (const bytes of stream.frames) {
      if (syncRequestMessage.decode(bytes).t !== 'base') {
        await send({ t: 'refused', code: 'busy', message: 'not now' })
        continue
      }
      askers.push(peer)
      await answer(send, stream)
    }
  })
  return askers
}

async function pair() {
  const scene = await share('kv-store', ['ada', 'bob'])
  const { world, shared } = scene
  const { network } = world.get('ada').node.ports
  const peers = ['bob']
  const slow = new SlowPeers()
  return {
    ...scene,
    slow,
    /** As ada, who takes everything. */
    fetch: (names = peers, take = drained) =>
      fetchBase(
        { contextId: shared.contextId, peers: names.map((name) => world.get(name).peerId), take },
        { network, underWay: new UnderWay(world.clock, SYNC_TIMEOUT_MS), slow },
      ),
  }
}

async function drained(entries: AsyncIterable<readonly [Bytes, Bytes]>): Promise<void> {
  for await (const _ of entries);
}

describe('a base that is asked for', () => {
  it('is given up when the time of a conversation is over, however often something comes', async () => {
    const { world, fetch } = await pair()
    const askers = serving(world, 'bob', async (send) => {
      for (let n = 0; n < 100; n += 1) {
        await send({ t: 'entries', entries: [{ key: u32be(n), value: u32be(n) }] })
        await sleep(world.clock, SYNC_TIMEOUT_MS - 1000)
      }
      await send(END)
    })
    const sinceMs = world.clock.nowMs()
    // The second time is for another attempt.
    await expect(world.run(fetch(['bob', 'bob']))).rejects.toMatchObject({ code: 'SYNC_NO_PEER' })
    expect(world.clock.nowMs() - sinceMs).toBe(SYNC_TIMEOUT_MS)
    expect(askers).toHaveLength(1)
  })

  it('has twice the time at the next attempt, behind those who were not late', async () => {
    const { world, fetch } = await pair()
    const askers = serving(world, 'bob', async (send) => {
      for (let n = 0; n < 3; n += 1) {
        await send({ t: 'entries', entries: [{ key: u32be(n), value: u32be(n) }] })
        await sleep(world.clock, SYNC_TIMEOUT_MS - 1000)
      }
      await send(END)
    })
    for (const times of [1, 2]) {
      const sinceMs = world.clock.nowMs()
      await expect(world.run(fetch())).rejects.toMatchObject({ code: 'SYNC_NO_PEER' })
      expect(world.clock.nowMs() - sinceMs).toBe(times * SYNC_TIMEOUT_MS)
    }
    await world.run(fetch())
    expect(askers).toHaveLength(3)
  })

  it('is asked of others first where a member took long to give a false one, in time, which has no more time for that', async () => {
    const { world, shared, fetch, slow } = await pair()
    const cyd = await world.start('cyd', { boot: ['ada'] })
    await world.until('cyd to be connected', () => cyd.node.ports.network.peers().length > 0)
    const value = new Uint8Array(1024 * 1024)
    const wrong = serving(world, 'bob', async (send) => {
      for (let n = 0; n < 10; n += 1) {
        await send({ t: 'entries', entries: [{ key: u32be(n), value }] })
        await sleep(world.clock, SYNC_TIMEOUT_MS / 5)
      }
      await send(END)
    })
    const right = serving(world, 'cyd', (send) => send(END))
    const take = async (entries: AsyncIterable<readonly [Bytes, Bytes]>) => {
      await drained(entries)
      if (right.length === 0) throw new StorageError('STATE_ROOT_MISMATCH', 'these are not those')
    }
    await expect(world.run(fetch(['bob', 'cyd'], take))).rejects.toMatchObject({ code: 'SYNC_NO_PEER' })
    await world.run(fetch(['bob', 'cyd'], take))
    expect([wrong.length, right.length]).toEqual([1, 1])
    expect(slow.times(shared.contextId, world.get('bob').peerId)).toBe(1)
  })

  it('has as much time as before where the link has broken, and no more of it for a false one', async () => {
    const { world, shared, fetch, slow } = await pair()
    let last: 'late' | 'broken' | 'false' = 'late'
    serving(world, 'bob', async (send, stream) => {
      for (let n = 0; n < (last === 'late' ? 7 : 3); n += 1) {
        await send({ t: 'entries', entries: [{ key: u32be(n), value: u32be(n) }] })
        await sleep(world.clock, SYNC_TIMEOUT_MS - 1000)
      }
      if (last === 'broken') stream.abort(new Error('the link broke'))
      else await send(END)
    })
    const take = async (entries: AsyncIterable<readonly [Bytes, Bytes]>) => {
      await drained(entries)
      if (last === 'false') throw new StorageError('STATE_ROOT_MISMATCH', 'these are not those')
    }
    const times: number[] = []
    for (last of ['late', 'late', 'broken', 'late', 'false'] as const) {
      await expect(world.run(fetch(['bob'], take))).rejects.toMatchObject({ code: 'SYNC_NO_PEER' })
      times.push(slow.times(shared.contextId, world.get('bob').peerId))
    }
    expect(times).toEqual([2, 4, 4, 8, 1])
    expect(slow.turns(shared.contextId, world.get('bob').peerId)).toBe(5)
  })

  it('has its time again with each portion that has come', async () => {
    const { world, fetch } = await pair()
    const value = new Uint8Array(1024 * 1024)
    serving(world, 'bob', async (send) => {
      for (let n = 0; n < 2.5 * (BASE_PORTION_BYTES / value.byteLength); n += 1) {
        await send({ t: 'entries', entries: [{ key: u32be(n), value }] })
        await sleep(world.clock, SYNC_TIMEOUT_MS / 5)
      }
      await send(END)
    })
    const sinceMs = world.clock.nowMs()
    await world.run(fetch())
    expect(world.clock.nowMs() - sinceMs).toBeGreaterThan(SYNC_TIMEOUT_MS)
  })

  it('comes whole over a link of a quarter of a MiB a second', async () => {
    const { world, fetch } = await pair()
    const value = new Uint8Array(1024 * 1024)
    const askers = serving(world, 'bob', async (send) => {
      for (let n = 0; n < 40; n += 1) {
        await sleep(world.clock, 4000)
        await send({ t: 'entries', entries: [{ key: u32be(n), value }] })
      }
      await send(END)
    })
    let count = 0
    await world.run(
      fetch(['bob'], async (entries) => {
        for await (const _ of entries) count += 1
      }),
    )
    expect([count, askers.length]).toEqual([40, 1])
  })

  it('is given up when it grows over what any is, and is false then', async () => {
    const { world, shared, fetch, slow } = await pair()
    const value = new Uint8Array(2 * 1024 * 1024)
    const askers = serving(world, 'bob', async (send) => {
      const everyMs = askers.length === 1 ? 2 * SYNC_TIMEOUT_MS : SYNC_TIMEOUT_MS / 50
      for (let n = 0; ; n += 1) {
        await send({ t: 'entries', entries: [{ key: u32be(n), value }] })
        await sleep(world.clock, everyMs)
      }
    })
    let bytes = 0
    const take = async (entries: AsyncIterable<readonly [Bytes, Bytes]>) => {
      bytes = 0
      for await (const entry of entries) bytes += entry[1].byteLength
    }
    const times: number[] = []
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      await expect(world.run(fetch(['bob'], take))).rejects.toMatchObject({ code: 'SYNC_NO_PEER' })
      times.push(slow.times(shared.contextId, world.get('bob').peerId))
    }
    expect(times).toEqual([2, 1])
    expect([bytes > BASE_BYTES_MAX / 2, bytes <= BASE_BYTES_MAX + value.byteLength]).toEqual([true, true])
  })

  it('comes from the next member where that of the first is not taken', async () => {
    const { world, fetch } = await pair()
    const askers = serving(world, 'bob', (send) => send(END))
    let times = 0
    const take = async (entries: AsyncIterable<readonly [Bytes, Bytes]>) => {
      await drained(entries)
      times += 1
      if (times === 1) throw new Error('these are not those')
    }
    await world.run(fetch(['bob', 'bob'], take))
    expect([times, askers.length]).toEqual([2, 2])
  })

  it('is asked of members only', async () => {
    const { world, shared } = await pair()
    const eve = await world.start('eve', { boot: ['ada'] })
    const askers = serving(world, 'eve', (send) => send(END))
    for (const topic of [
      { kind: 'namespace', id: shared.namespaceId },
      { kind: 'context', id: shared.contextId },
    ] as const)
      eve.node.ports.network.subscribe(topicName(topic), () => {})
    world.network.cut(world.get('ada').peerId, world.get('bob').peerId)
    const { network } = world.get('ada').node.ports
    await world.until(
      'eve to be known',
      () => network.subscribers(topicName({ kind: 'context', id: shared.contextId })).length > 0,
    )
    await expect(world.run(world.get('ada').node.sync.fetchBase(shared.contextId, drained, {}))).rejects.toMatchObject({
      message: expect.stringContaining('no member is connected'),
    })
    expect(askers).toEqual([])
  })
})

describe('of a base that has come by half', () => {
  /** Cyd is a member, and is to have one more context, which ada serves. */
  async function oneMore(answer: (send: Send, id: ContextId) => Promise<void>) {
    const scene = await share('kv-store', ['ada', 'cyd'])
    const { world, shared } = scene
    const { disk } = world.get('cyd')
    const before = await countRows(disk, 'base')
    let created: ContextId | undefined
    serving(world, 'ada', async (send) => {
      if (created) await answer(send, created)
    })
    created = await create(world, shared)
    return { ...scene, id: created, rows: async () => (await countRows(disk, 'base')) - before }
  }

  async function create(world: TestWorld, { contextId, groupId }: SharedContext): Promise<ContextId> {
    const { contexts } = world.get('ada').node
    const { applicationId } = (await contexts.get(contextId)).record
    const context = await world.run(contexts.create({ applicationId, groupId, initParams: new Uint8Array(0) }))
    return context.record.id
  }

  async function until(world: TestWorld, holds: () => Promise<boolean>): Promise<void> {
    for (let n = 0; !(await holds()); n += 1) {
      if (n > 1000) throw new Error('it never comes to that')
      await world.pass(100)
    }
  }

  it('nothing stays when it breaks off', async () => {
    const { world, rows } = await oneMore(async (send) => {
      await send({ t: 'entries', entries: MANY })
      await sleep(world.clock, 2 * SYNC_TIMEOUT_MS)
    })
    await until(world, async () => (await rows()) > 0)
    await until(world, async () => (await rows()) === 0)
  })

  it('nothing stays when the node dies, whether it finds the context again or not', async () => {
    const { world, rows } = await oneMore(async (send) => {
      await send({ t: 'entries', entries: MANY })
      await sleep(world.clock, 2 * SYNC_TIMEOUT_MS)
    })
    await until(world, async () => (await rows()) > 0)
    world.get('cyd').kill()
    expect(await rows()).toBeGreaterThan(0)
    await world.run(world.get('ada').stop())
    await world.start('cyd')
    expect(await rows()).toBe(0)
  })

  it('nothing stays when the context is given up while the rest comes', async () => {
    let isGone = false
    const { world, id, rows } = await oneMore(async (send, contextId) => {
      const { contexts } = world.get('ada').node
      const entries: { key: Bytes; value: Bytes }[] = []
      for await (const [key, value] of (await contexts.get(contextId)).base()) entries.push({ key, value })
      await send({ t: 'entries', entries })
      while (!isGone) await sleep(world.clock, 100)
      await send(END)
    })
    const { node, disk } = world.get('cyd')
    await world.pass(1000)
    await world.run(detachContext(world.get('ada').node, id))
    await world.until('cyd to hear of it', () => node.namespaces.list().every(({ state }) => !state.contexts.has(id)))
    isGone = true
    await world.pass(2000)
    expect([node.contexts.has(id), await rows(), await countRows(disk, 'context')]).toEqual([false, 0, 1])
  })
})
