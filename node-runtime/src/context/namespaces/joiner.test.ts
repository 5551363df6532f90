import { expect, it, vi } from 'vitest'
import { appWasm } from '../../../../scripts/build-apps.ts'
import { concat, utf8 } from '../../base/bytes.ts'
import { sha256 } from '../../base/hash.ts'
import type { BlobId } from '../../base/ids.ts'
import { sleep } from '../../base/until.ts'
import type { BlobReader } from '../../blobs/blob-reader.ts'
import { BLOB_CHUNK_BYTES } from '../../blobs/limits.ts'
import { manifestOf } from '../../blobs/manifest.ts'
import { BlobExchange } from '../../sync/blobs/blob-exchange.ts'
import { NAMES, testWorlds } from '../../testing/test-worlds.ts'
import { deleteNamespace } from './administration.ts'
import { removeMember } from './membership.ts'

const { share } = testWorlds()

it('a context that cannot be looked at now is looked at later, and nobody is warned', async () => {
  const { world, shared } = await share('kv-store', NAMES)
  const context = await world.get('bob').context(shared.contextId)
  await world.run(context.close())
  await world.run(removeMember(world.get('ada').node, shared.namespaceId, world.get('cyd').node.account))
  await world.pass(1000)
  const digests = ['ada', 'bob'].map((name) => world.get(name).node.namespaces.get(shared.namespaceId).heads().join())
  expect(digests[0]).toBe(digests[1])
  expect(world.get('bob').log.entries).toEqual([])
})

it('who joins has the contexts that it follows, or has tried to get them', async () => {
  const { world, shared } = await share('kv-store', ['ada', 'bob'])
  const { node } = await world.start('cyd', { boot: ['ada', 'bob'] })
  const ada = world.get('ada').node
  const invitation = ada.namespaces.invite(shared.groupId, { lifetimeSec: 3600, role: 'Member' })
  const namespace = await world.run(node.namespaces.join(invitation))
  await world.run(node.joiner.followed(namespace))
  expect(node.contexts.has(shared.contextId)).toBe(true)
  await world.run(world.get('cyd').call(shared.contextId, 'set', { key: 'k', value: 'v' }))
})

it('who joins has what comes, whoever gives the code of another context slowly', async () => {
  const { world, shared } = await share('kv-store', ['ada'])
  const { node } = world.get('ada')
  const { ports, applications, contexts } = node
  const { id: blobId } = await world.run(ports.blobs.put([await appWasm('order-sensitive')]))
  const other = await world.run(applications.installBlob(blobId, { source: 'test', metadata: new Uint8Array(0) }))
  const { groupId } = shared
  await world.run(contexts.create({ applicationId: other.id, groupId, initParams: utf8('{}') }))
  // The code of the one that is looked at first: a chunk of nothing each 25 s, which for a stream is not silence.
  const [first, second] = [...node.namespaces.get(shared.namespaceId).state.contexts.values()]
  const lost = first && applications.get(first.applicationId)?.blobId
  const chunks = 40
  const hash = sha256(new Uint8Array(BLOB_CHUNK_BYTES))
  const manifest = manifestOf(chunks * BLOB_CHUNK_BYTES, concat(Array(chunks).fill(hash)))
  const reader = ports.blobs.reader.bind(ports.blobs)
  const isLost = (address: BlobId) => ports.blobs.resolve(address) === (lost && ports.blobs.resolve(lost))
  ports.blobs.reader = async (address) => {
    if (!isLost(address)) return reader(address)
    const chunk = async () => {
      await new Promise<void>((resolve) => void world.clock.setTimer(resolve, 25_000))
      return new Uint8Array(BLOB_CHUNK_BYTES + 1)
    }
    return { manifest, chunks, chunk, close: async () => {} } as unknown as BlobReader
  }
  const { node: cyd } = await world.start('cyd', { boot: ['ada'] })
  const invitation = node.namespaces.invite(groupId, { lifetimeSec: 3600, role: 'Member' })
  await world.run(cyd.namespaces.join(invitation))
  await world.pass(60_000)
  const isHere = [first, second].map((context) => context !== undefined && cyd.contexts.has(context.id))
  expect(isHere).toEqual([false, true])
})

it('what the last look at a namespace that is deleted has noted is forgotten: joined again, it is a new one', async () => {
  const { world, shared } = await share('kv-store', ['ada', 'bob'])
  const { node } = world.get('ada')
  const { applications, contexts, joiner, namespaces, sync, account } = node
  const { groupId, contextId, namespaceId } = shared
  const { applicationId } = (await world.get('ada').context(contextId)).record
  const { record } = await world.run(contexts.create({ applicationId, groupId, initParams: utf8('{}') }))
  await world.until('bob to have it', () => world.get('bob').node.contexts.has(record.id))
  const invitation = namespaces.invite(groupId, { lifetimeSec: 3600, role: 'Member' })
  // The look begins before the namespace is closed, and asks for code that is lost, and never comes, when it is being left.
  const settle = contexts.residence.settle.bind(contexts.residence)
  const gate = Promise.withResolvers<void>()
  const settling = vi.spyOn(contexts.residence, 'settle').mockImplementation(async (id) => {
    await gate.promise
    await settle(id)
  })
  const lacking = vi.spyOn(applications, 'lacksCode').mockReturnValue(true)
  const fetching = vi
    .spyOn(BlobExchange.prototype, 'fetchOfNamespace')
    .mockImplementation(
      (_id, _address, { signal } = {}) =>
        new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
    )
  const before = namespaces.get(namespaceId)
  joiner.wake(before)
  const parted = deleteNamespace({ namespaces, contexts, joiner, outbound: sync }, namespaceId, account)
  await world.pass(100)
  gate.resolve()
  await world.run(parted)
  expect(fetching.mock.calls.length).toBeGreaterThan(0)
  for (const spy of [settling, lacking]) spy.mockRestore()

  const reconsider = vi.spyOn(contexts, 'reconsider')
  const fetchBase = sync.fetchBase.bind(sync)
  let [atOnce, atOnceMost] = [0, 0]
  vi.spyOn(sync, 'fetchBase').mockImplementation(async (...args) => {
    atOnce += 1
    atOnceMost = Math.max(atOnce, atOnceMost)
    await sleep(world.clock, 5000)
    await fetchBase(...args)
    atOnce -= 1
  })
  const again = await world.run(namespaces.join(invitation))
  await world.run(joiner.ready(again, contextId))
  await world.run(joiner.ready(again, record.id))
  expect(reconsider.mock.calls[0]?.[1]).toBe('due')
  // Nothing of it is late: the one is waited for before the other.
  expect(atOnceMost).toBe(1)
  fetching.mockClear()
  vi.spyOn(applications, 'lacksCode').mockReturnValue(true)
  // By a context that is still being closed.
  joiner.wantCode(before, applicationId)
  joiner.wantCode(again, applicationId)
  await world.pass(1000)
  expect(fetching).toHaveBeenCalled()
  vi.restoreAllMocks()
})
