// Blobs from a guest's call to another member, and what stays of calls that fail.
import { beforeAll, describe, expect, test } from 'vitest'
import { fromUtf8, utf8 } from '../base/bytes.ts'
import { type BlobId, idBytes, idFromBytes } from '../base/ids.ts'
import { UNREFERENCED_GRACE_MS } from '../blobs/limits.ts'
import type { GuestModule } from '../runtime/guest-executor.ts'
import { compileGuest } from '../runtime/testing/test-guests.ts'
import { shareContext, type TestNode } from '../testing/test-nodes.ts'
import { testWorlds } from '../testing/test-worlds.ts'
import { BLOB_SWEEP_MS } from './blob-limits.ts'

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

  test('leaves no trace when the call fails', async () => {
    const { call, written, ada } = await scene(['ada'])
    await expect(call(ada, 'blob_put_and_fail', 'never')).rejects.toMatchObject({ code: 'GUEST_FAILED' })
    expect(written(ada)).toEqual([])
    expect(await ada.node.blobReferences.all()).toEqual([])
  })

  test('stays as long as its context; what nothing refers to goes after its time', async () => {
    const { world, call, written, ada } = await scene(['ada'])
    const id = idFromBytes<BlobId>((await call(ada, 'blob_put', 'kept')) ?? utf8(''))
    const application = ada.node.ports.blobs.list().find(({ size }) => size >= 1000)
    const { id: lost } = await ada.node.ports.blobs.put([utf8('lost')])
    expect(BLOB_SWEEP_MS).toBeLessThan(UNREFERENCED_GRACE_MS)
    ada.clock.skewMs = UNREFERENCED_GRACE_MS
    await world.pass(BLOB_SWEEP_MS / 1000)
    await ada.node.sweepBlobs()
    expect(written(ada).map((blob) => blob.id)).toEqual([id])
    expect(ada.node.ports.blobs.resolve(lost)).toBeUndefined()
    expect(application && ada.node.ports.blobs.resolve(application.id)).toBeDefined()
  })
})
