// Applications that come as bundles: what one node installed is the same application on the nodes that fetch it.
import { afterEach, expect, test } from 'vitest'
import { appWasm } from '../../../../../scripts/build-apps.ts'
import { utf8 } from '../../../base/bytes.ts'
import type { BlobId, ContextId, GroupId } from '../../../base/ids.ts'
import { BlobStore } from '../../../blobs/blob-store.ts'
import { UNREFERENCED_GRACE_MS } from '../../../blobs/limits.ts'
import { memoryDisk } from '../../../blobs/memory-disk.ts'
import { readBundle } from '../../../runtime/bundle/bundle.ts'
import { TEST_SIGNER, testBundle } from '../../../runtime/testing/test-bundle.ts'
import { converge, joinContext, shareContext, TestWorld } from '../../../testing/test-nodes.ts'
import { twoServices } from '../../../testing/two-services.ts'
import { Applications } from './applications.ts'

const worlds: TestWorld[] = []

afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close()
})

test('a member fetches the bundle of its group, and knows from it what its creator knows', async () => {
  const world = await TestWorld.open()
  worlds.push(world)
  const abi = '{"schema_version":"wasm-abi/1"}'
  const bundle = testBundle({ wasm: await appWasm('kv-store'), abi: utf8(abi) })
  const { contextId } = await shareContext(world, bundle, ['ada', 'bob'])
  await world.run(world.get('bob').call(contextId, 'set', { key: 'a', value: 'b' }))
  await converge(world, contextId, ['ada', 'bob'])
  expect(await world.run(world.get('ada').call(contextId, 'get', { key: 'a' }))).toBe('b')
  const [ada, bob] = await Promise.all(['ada', 'bob'].map((name) => world.get(name).node.applications.list()))
  expect(bob).toEqual(ada?.map((application) => ({ ...application, source: 'peer' })))
  expect(bob).toMatchObject([{ package: 'com.example.app', version: '1.0.0', signerId: TEST_SIGNER }])
  for (const { id } of bob ?? []) expect(await world.get('bob').node.applications.abi(id)).toBe(abi)
  // It is what members are told of the application, too.
  expect([...(world.get('bob').node.namespaces.list()[0]?.state.applications.values() ?? [])]).toMatchObject([
    { package: 'com.example.app', version: '1.0.0', size: bundle.byteLength },
  ])
})

test('a context runs the service that its creator has named, on every node and after a restart', async () => {
  const world = await TestWorld.open()
  worlds.push(world)
  for (const name of ['ada', 'bob']) await world.start(name, { boot: ['ada', 'bob'] })
  const { node } = world.get('ada')
  const { id: blobId } = await world.run(node.ports.blobs.put([await twoServices()]))
  const details = { source: 'test', metadata: new Uint8Array(0) }
  const { id: applicationId, services } = await world.run(node.applications.installBlob(blobId, details))
  expect(services.map(({ name }) => name)).toEqual(['store', 'handling'])
  const namespace = await world.run(node.namespaces.create(applicationId))
  const create = (serviceName?: string) =>
    node.contexts.create({
      applicationId,
      groupId: namespace.id,
      initParams: utf8('{}'),
      ...(serviceName !== undefined && { serviceName }),
    })
  await expect(world.run(create())).rejects.toMatchObject({
    code: 'SERVICE_UNKNOWN',
    message: /several.*store, handling/,
  })
  await expect(world.run(create('none'))).rejects.toMatchObject({ code: 'SERVICE_UNKNOWN' })
  const made = [await world.run(create('store')), await world.run(create('handling'))]
  const [store, handling] = made.map(({ record }) => record.id)
  if (store === undefined || handling === undefined) throw new Error('no contexts')
  for (const contextId of [store, handling]) {
    await joinContext(world, { contextId, namespaceId: namespace.id, groupId: namespace.id as GroupId }, 'ada', 'bob')
    await world.run(world.get('bob').call(contextId, 'set', { key: 'a', value: 'b' }))
    await converge(world, contextId, ['ada', 'bob'])
  }
  await world.run(world.get('bob').stop())
  await world.start('bob', { boot: ['ada'] })
  const handled = (id: ContextId) => world.run(world.get('bob').call(id, 'get_handler_execution_count', {}))
  expect(await world.run(world.get('bob').call(store, 'get', { key: 'a' }))).toBe('b')
  await expect(handled(store)).rejects.toThrow('get_handler_execution_count')
  expect(await handled(handling)).toEqual(expect.anything())
  const abiOf = (service?: string) => world.run(world.get('bob').node.applications.abi(applicationId, service))
  expect([await abiOf('store'), await abiOf('handling')]).toEqual([expect.stringContaining('"len"'), undefined])
})

test('of a file that may be one, its first bytes decide', async () => {
  const world = await TestWorld.open()
  worlds.push(world)
  const { node } = await world.start('ada')
  const install = async (bytes: Uint8Array) => {
    const { id } = await world.run(node.ports.blobs.put([bytes]))
    return world.run(node.applications.installBlob(id, { source: 'test', metadata: new Uint8Array(0) }))
  }
  await expect(install(Uint8Array.of(0x1f, 0x8b, 8, 0))).rejects.toThrow('bundle cannot be unpacked')
  const changed = testBundle({ wasm: await appWasm('kv-store'), changed: { package: 'stolen' } })
  await expect(install(changed)).rejects.toThrow('signature is not that of its manifest')
  expect(await install(await appWasm('kv-store'))).toMatchObject({ signerId: undefined, package: undefined })
})

test('all who want the code of an application at once share one reading of it', async () => {
  const world = await TestWorld.open()
  worlds.push(world)
  const { store, blobs, executor } = (await world.start('ada')).node.ports
  let unpacked = 0
  const isBroken = { now: false }
  const applications = new Applications({
    store,
    executor,
    blobs,
    readBundle: async (archive) => {
      unpacked += 1
      if (isBroken.now) throw new Error('no memory')
      return readBundle(archive)
    },
  })
  const { id } = await world.run(blobs.put([testBundle({ wasm: await appWasm('kv-store') })]))
  const installed = await world.run(applications.installBlob(id, { source: 'test', metadata: new Uint8Array(0) }))
  const all = () => Promise.all([1, 2, 3, 4].map(() => applications.module(installed.id)))
  unpacked = 0
  isBroken.now = true
  await expect(world.run(all())).rejects.toThrow('no memory')
  expect(unpacked).toBe(1)
  isBroken.now = false
  const modules = await world.run(all())
  expect(unpacked, 'a failure is not kept').toBe(2)
  expect(new Set(modules).size).toBe(1)
})

test('what was refused is refused again unread', async () => {
  const world = await TestWorld.open()
  worlds.push(world)
  const { store, blobs, executor } = (await world.start('ada')).node.ports
  const read: string[] = []
  const counted = {
    put: blobs.put.bind(blobs),
    contentHash: blobs.contentHash.bind(blobs),
    resolve: blobs.resolve.bind(blobs),
    renew: blobs.renew.bind(blobs),
    folder: blobs.folder,
    bytes: (id: BlobId) => {
      read.push(id)
      return blobs.bytes(id)
    },
  }
  const applications = new Applications({ store, executor, blobs: counted })
  const details = { source: 'peer', metadata: new Uint8Array(0) }
  const { id, hash } = await world.run(blobs.put([Uint8Array.of(0x1f, 0x8b, 8, 0)]))
  for (const address of [id, hash, id]) {
    await expect(applications.installBlob(address, details)).rejects.toThrow('bundle cannot be unpacked')
  }
  expect(read).toEqual([hash])
})

test('code that has been here for long is not collected while it is installed', async () => {
  const world = await TestWorld.open()
  worlds.push(world)
  const { store, executor, random } = (await world.start('ada')).node.ports
  let nowMs = 0
  const blobs = await BlobStore.open(memoryDisk(), random, { nowMs: () => nowMs })
  const { hash } = await blobs.put([await appWasm('kv-store')])
  nowMs = UNREFERENCED_GRACE_MS
  const applications = new Applications({ store, executor, blobs })
  const installed = applications.installBlob(hash, { source: 'peer', metadata: new Uint8Array(0) })
  // Its roots were read before.
  const removed = await blobs.collect(async () => false)
  expect([removed, (await world.run(installed)).blobId]).toEqual([[], hash])
})
