// Blobs from a guest's call to another member, and what stays of calls that fail.
import { beforeAll, describe, expect, test } from 'vitest'
import { fromUtf8, utf8 } from '../../base/bytes.ts'
import { type BlobId, idBytes, idFromBytes } from '../../base/ids.ts'
import { silentLogger } from '../../base/log.ts'
import type { GuestDisk } from '../../blobs/blob-disk.ts'
import { createGuestBlob } from '../../blobs/guest-blobs.ts'
import { UNREFERENCED_GRACE_MS } from '../../blobs/limits.ts'
import type { GuestModule, GuestOutcome } from '../../runtime/guest-executor.ts'
import { compileGuest } from '../../runtime/testing/test-guests.ts'
import { shareContext, type TestNode } from '../../testing/test-nodes.ts'
import { testWorlds } from '../../testing/test-worlds.ts'
import { BlobEffects } from './blob-effects.ts'
import { BLOB_SWEEP_MS } from './blob-limits.ts'

/** Less than a world's patience. */
const STEP_MS = 300_000

const worlds = testWorlds()
let probe: GuestModule
beforeAll(async () => {
  probe = await compileGuest('probe')
}, 120_000)

async function scene(names = ['ada', 'bob']) {
  const world = await worlds.open()
  const { contextId } = await shareContext(world, probe.bytes, names)
  const call = async (node: TestNode, method: string, input = '') => {
    const context = await node.context(contextId)
    return (await world.run(context.call({ method, input: utf8(input) }))).value
  }
  /** The application is a blob, too. */
  const written = ({ node }: TestNode) => node.ports.blobs.list().filter(({ size }) => size < 1000)
  return { world, contextId, call, written, ada: world.get('ada') }
}

/** What a guest's run leaves behind before its call is committed. */
function stagedIn(disk: GuestDisk, content: string): GuestOutcome {
  const writer = createGuestBlob(disk, 'test', 1)
  writer.write(utf8(content))
  return {
    status: 'ok',
    logs: [],
    events: [],
    changes: [],
    privateChanges: [],
    xcalls: [],
    proposals: [],
    approvals: [],
    blobs: { created: [writer.finish()], announced: [] },
    beganNs: 0n,
    timeNs: 0n,
    tookMs: 0,
  }
}

describe('a blob that a call writes', () => {
  test('is the context’s: another member fetches it, and its guest reads it', async () => {
    const { world, contextId, call, written, ada } = await scene()
    const bob = world.get('bob')
    const id = idFromBytes<BlobId>((await call(ada, 'blob_put', 'from ada')) ?? utf8(''))
    expect(written(ada)).toEqual([{ id, size: 8 }])
    expect(ada.node.blobReferences.holds(contextId, id)).toBe(true)
    await world.run(bob.node.blobExchange.fetchOfContext(contextId, id))
    expect(fromUtf8(await bob.node.ports.blobs.bytes(id))).toBe('from ada')
    const context = await bob.context(contextId)
    const { value } = await world.run(context.call({ method: 'blob_sum', input: idBytes(id) }))
    expect(fromUtf8(value ?? utf8(''))).toMatch(/^8 /)
  })

  test('and whose bytes are gone later ends the call that reads it, with where they were, and comes again', async () => {
    const { world, contextId, call, ada } = await scene()
    const bob = world.get('bob')
    const id = idFromBytes<BlobId>((await call(ada, 'blob_put', 'from ada')) ?? utf8(''))
    await world.run(bob.node.blobExchange.fetchOfContext(contextId, id))
    const { blobs: disk } = world.place('bob')
    const record = await disk.get(id, 'record')
    await disk.remove(id)
    await disk.make(id)
    await disk.put(id, 'record', record ?? expect.unreachable())
    const context = await bob.context(contextId)
    const sum = () => world.run(context.call({ method: 'blob_sum', input: idBytes(id) }))
    await expect(sum()).rejects.toThrow(`are gone from this node's disk (memory/${id}/data); members are asked for it`)
    await world.until('the blob to come again', () => bob.node.ports.blobs.resolve(id) === id)
    expect(fromUtf8((await sum()).value ?? utf8(''))).toMatch(/^8 /)
  })

  test.each([false, true])(
    'and is damaged while no member is there comes when one is; after a restart: %s',
    async (again) => {
      const { world, contextId, call, ada } = await scene()
      const id = idFromBytes<BlobId>((await call(ada, 'blob_put', 'from ada')) ?? utf8(''))
      const bob = () => world.get('bob')
      await world.run(bob().node.blobExchange.fetchOfContext(contextId, id))
      world.network.partition([ada.peerId], [bob().peerId])
      const data = world.place('bob').blobs.content(id, 'data')
      if (data) data[0] = 0
      const sum = async () => {
        const context = await bob().context(contextId)
        return (await world.run(context.call({ method: 'blob_sum', input: idBytes(id) }))).value
      }
      await expect(sum()).rejects.toThrow(/chunk 0 of blob \w+ is damaged/)
      await world.pass(60_000)
      if (again) {
        bob().kill()
        await world.start('bob')
        await world.pass(10_000)
      }
      // Never as if it were empty.
      await expect(sum()).rejects.toThrow(`memory/.partial-${id}/data`)
      expect(bob().node.ports.blobs.resolve(id)).toBeUndefined()
      world.network.heal()
      await world.until('the blob to come again', () => bob().node.ports.blobs.resolve(id) === id)
      expect(fromUtf8((await sum()) ?? utf8(''))).toMatch(/^8 /)
    },
  )

  test('and that is damaged on the disk later ends the call that reads it, and comes again from a member', async () => {
    const { world, contextId, call, ada } = await scene()
    const bob = world.get('bob')
    const id = idFromBytes<BlobId>((await call(ada, 'blob_put', 'from ada')) ?? utf8(''))
    await world.run(bob.node.blobExchange.fetchOfContext(contextId, id))
    const content = world.place('bob').blobs.content(id, 'data')
    if (content) content[0] = 0
    const context = await bob.context(contextId)
    const sum = () => world.run(context.call({ method: 'blob_sum', input: idBytes(id) }))
    await expect(sum()).rejects.toThrow(/chunk 0 of blob \w+ is damaged/)
    await world.until('the blob to come again', () => bob.node.ports.blobs.resolve(id) === id && content?.[0] !== 0)
    expect(fromUtf8((await sum()).value ?? utf8(''))).toMatch(/^8 /)
    expect(bob.log.entries.map(({ level, message }) => [level, message])).toEqual([
      ['error', 'a blob is damaged on this disk; it is fetched again from a member'],
    ])
  })

  test('leaves no trace when the call fails', async () => {
    const { call, written, ada } = await scene(['ada'])
    await expect(call(ada, 'blob_put_and_fail', 'never')).rejects.toMatchObject({ code: 'GUEST_FAILED' })
    expect(written(ada)).toEqual([])
    expect(await ada.node.blobReferences.all()).toEqual([])
  })

  test('stays when another call that wrote the same bytes fails after it was placed', async () => {
    const { world, contextId, call, written, ada } = await scene(['ada'])
    const { blobs } = ada.node.ports
    const outcome = stagedIn(world.place('ada').blobs.guest, 'both')
    const parts = {
      blobs,
      references: ada.node.blobReferences,
      blobOutbound: { announce: () => {} },
      log: silentLogger,
    }
    const failing = new BlobEffects(contextId, parts, outcome)
    await failing.place()
    // Another context's call whose batch is still to come counts on it, too.
    const { id } = await blobs.put([utf8('both')])
    await failing.end()
    expect(written(ada).map((blob) => blob.id)).toEqual([id])
    expect(await ada.node.blobReferences.all()).toEqual([])
    await world.run(call(ada, 'blob_put', 'both'))
    expect(fromUtf8(await blobs.bytes(id))).toBe('both')
  })

  test('stays as long as its context; what nothing refers to goes after its time', async () => {
    const { world, call, written, ada } = await scene(['ada'])
    const id = idFromBytes<BlobId>((await call(ada, 'blob_put', 'kept')) ?? utf8(''))
    const application = ada.node.ports.blobs.list().find(({ size }) => size >= 1000)
    const { id: lost } = await ada.node.ports.blobs.put([utf8('lost')])
    expect(BLOB_SWEEP_MS).toBeLessThan(UNREFERENCED_GRACE_MS)
    ada.clock.skewMs = UNREFERENCED_GRACE_MS
    // The keeper's own sweep.
    for (let leftMs = BLOB_SWEEP_MS; leftMs > 0; leftMs -= STEP_MS) await world.pass(STEP_MS)
    await world.until('the sweep to end', () => ada.node.ports.blobs.resolve(lost) === undefined)
    expect(written(ada).map((blob) => blob.id)).toEqual([id])
    expect(ada.node.ports.blobs.resolve(lost)).toBeUndefined()
    expect(application && ada.node.ports.blobs.resolve(application.id)).toBeDefined()
  })
})
