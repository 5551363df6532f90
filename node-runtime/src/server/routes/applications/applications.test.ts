// Installing applications from the node's machine, and looking at them.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { appWasm } from '../../../../../scripts/build-apps.ts'
import { toBase58, utf8 } from '../../../base/bytes.ts'
import { systemClock } from '../../../base/clock.ts'
import { artifact, TEST_SIGNER, testBundle } from '../../../runtime/testing/test-bundle.ts'
import { nameBytes } from '../../../runtime/testing/test-guests.ts'
import { TestWorld } from '../../../testing/test-nodes.ts'
import type { ServerParts } from '../../server-parts.ts'
import { BASE58, type Refusal, refusalsOf, type ServedNode, serve } from '../../testing/served-node.ts'

const INSTALL = '/admin-api/install-dev-application'
const URL_INSTALL = '/admin-api/install-application'
const LIST = '/admin-api/applications'
const UNKNOWN = '1'.repeat(32)

let world: TestWorld
let node: ServedNode
let folder: string
let file: string

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'calbox-apps-'))
  file = path.join(folder, 'kv store.wasm')
  await writeFile(file, await appWasm('kv-store'))
  await writeFile(path.join(folder, 'text.wasm'), 'not WebAssembly')
  world = await TestWorld.open({ clock: systemClock })
  node = await serve((await world.start('ada')).node)
})

afterAll(async () => {
  await node.close()
  await world.close()
  await rm(folder, { recursive: true, force: true })
})

test('an application is installed from a file, listed and shown; again is the same', async () => {
  expect(await node.get(LIST)).toMatchObject({ status: 200, body: { data: { apps: [] } } })
  const request = { path: file, metadata: [1, 2, 255], package: 'kv', version: '1.0.0', unknown: 'ignored' }
  const installed = await node.post(INSTALL, { body: request })
  expect([installed.status, installed.body]).toEqual([200, { data: { applicationId: expect.stringMatching(BASE58) } }])
  expect((await node.post(INSTALL, { body: { path: file } })).body).toEqual(installed.body)
  const { applicationId } = (installed.body as { data: { applicationId: string } }).data
  const application = {
    id: applicationId,
    blob: { bytecode: expect.stringMatching(BASE58), compiled: expect.stringMatching(BASE58) },
    size: (await appWasm('kv-store')).byteLength,
    source: pathToFileURL(file).href,
    metadata: [1, 2, 255],
    package: 'kv',
    version: '1.0.0',
  }
  expect(await node.get(LIST)).toMatchObject({ status: 200, body: { data: { apps: [application] } } })
  const shown = await node.get(`${LIST}/${applicationId}`)
  expect([shown.status, shown.body]).toEqual([200, { data: { application } }])
})

test('an application without package and version is shown without them', async () => {
  const wasm = path.join(folder, 'handlers.wasm')
  await writeFile(wasm, await appWasm('kv-store-with-handlers'))
  const installed = await node.post(INSTALL, { body: { path: wasm, metadata: [], package: null, version: null } })
  const { applicationId } = (installed.body as { data: { applicationId: string } }).data
  const { body } = await node.get(`${LIST}/${applicationId}`)
  const { application } = (body as { data: { application: object } }).data
  expect(Object.keys(application)).toEqual(['id', 'blob', 'size', 'source', 'metadata'])
})

test('what cannot be installed is refused with the field or the file', async () => {
  const refused = (why: string, body: unknown, says: string | RegExp): Refusal => ({
    why,
    method: 'POST',
    path: INSTALL,
    asking: { body },
    status: 400,
    says,
  })
  const several = path.join(folder, 'several.mpk')
  await writeFile(several, testBundle({ wasm: new Uint8Array(1), manifest: { services: [{}, {}] } }))
  const [seen, wanted] = await refusalsOf(node, [
    refused('nothing', undefined, 'body'),
    refused('null', null, 'body'),
    refused('a list', [], 'body'),
    refused('no path', {}, 'path'),
    refused('a number as path', { path: 1 }, 'body/path'),
    refused('an empty path', { path: '' }, 'body/path'),
    refused('a long path', { path: `/${'a'.repeat(4096)}` }, 'body/path'),
    refused('a relative path', { path: 'app.wasm' }, 'absolute'),
    refused('a path upwards', { path: '/tmp/../etc/passwd' }, '".."'),
    refused('a path with a zero byte', { path: '/tmp/a\0b' }, 'path'),
    refused(
      'metadata out of range',
      { path: file, metadata: [1, 256] },
      'body/metadata must be a list of integers from 0 to 255; item 1 is 256',
    ),
    refused('metadata as text', { path: file, metadata: 'AQ==' }, 'body/metadata'),
    refused('too much metadata', { path: file, metadata: new Array(65_537).fill(0) }, 'body/metadata'),
    refused('a long package', { path: file, package: 'a'.repeat(129) }, 'body/package'),
    refused('a long version', { path: file, version: 'a'.repeat(65) }, 'body/version'),
    refused('a file that is not there', { path: path.join(folder, 'none.wasm') }, path.join(folder, 'none.wasm')),
    refused('a folder', { path: folder }, folder),
    refused('no WebAssembly', { path: path.join(folder, 'text.wasm') }, 'is not an application this node can run'),
    refused('services without names', { path: several }, 'one of its services has no name'),
  ])
  expect(seen).toEqual(wanted)
})

test('a package that is longer in bytes than members may be told is refused when it is installed', async () => {
  const wasm = path.join(folder, 'every-type.wasm')
  await writeFile(wasm, await appWasm('every-type'))
  const { status, body } = await node.post(INSTALL, { body: { path: wasm, package: '€'.repeat(128) } })
  expect([status, body]).toEqual([400, { error: expect.stringContaining('package') }])
})

test('an application that is not there, and an id that is none', async () => {
  const [seen, wanted] = await refusalsOf(node, [
    { why: 'unknown', path: `${LIST}/${UNKNOWN}`, status: 404, says: /^Application not found$/ },
    { why: 'hex', path: `${LIST}/${'a'.repeat(64)}`, status: 400, says: 'id' },
    { why: 'short', path: `${LIST}/abc`, status: 400, says: '32 bytes' },
    { why: 'not base58', path: `${LIST}/0OIl`, status: 400, says: '"0OIl"' },
  ])
  expect(seen).toEqual(wanted)
})

test('the versions of a package are told, the newest first, with the latest of all', async () => {
  const ids: string[] = []
  for (const version of ['1.9.0', '1.10.0']) {
    const wasm = path.join(folder, `${version}.wasm`)
    // Other code each time: a custom section with its version.
    await writeFile(wasm, Buffer.concat([await appWasm('kv-store'), customBytes('version', version)]))
    const { body } = await node.post(INSTALL, { body: { path: wasm, package: 'com.example/a', version } })
    ids.push((body as { data: { applicationId: string } }).data.applicationId)
  }
  expect((await node.get('/admin-api/packages')).body).toMatchObject({
    packages: expect.arrayContaining(['com.example/a']),
  })
  const of = encodeURIComponent('com.example/a')
  expect((await node.get(`/admin-api/packages/${of}/versions`)).body).toEqual({ versions: ['1.10.0', '1.9.0'] })
  expect((await node.get(`/admin-api/packages/${of}/latest`)).body).toEqual({
    applicationId: ids[1],
    version: '1.10.0',
  })
  expect((await node.get('/admin-api/packages/none/versions')).body).toEqual({ versions: [] })
  expect((await node.get('/admin-api/packages/none/latest')).body).toEqual({ applicationId: null, version: null })
  const { body } = await node.get(`${LIST}/${ids[0]}/versions`)
  expect(body).toEqual({
    data: ['1.10.0', '1.9.0'].map((version) => ({
      version,
      blobId: expect.stringMatching(BASE58),
      size: expect.any(Number),
      package: 'com.example/a',
    })),
  })
})

test('a signed bundle says itself what it is called, and what it was signed as is run', async () => {
  const abi = { schema_version: 'wasm-abi/1', methods: [{ name: 'get' }] }
  const archive = testBundle({ wasm: await appWasm('kv-store'), abi: utf8(JSON.stringify(abi)) })
  const bundle = path.join(folder, 'kv-store.mpk')
  await writeFile(bundle, archive)
  const { body } = await node.post(INSTALL, { body: { path: bundle, metadata: [1], package: 'other', version: '9' } })
  const { applicationId } = (body as { data: { applicationId: string } }).data
  const { application } = ((await node.get(`${LIST}/${applicationId}`)).body as { data: { application: object } }).data
  const metadata = { name: 'Example', package: 'com.example.app', version: '1.0.0' }
  expect(application).toMatchObject({
    size: archive.byteLength,
    package: 'com.example.app',
    version: '1.0.0',
    signer_id: TEST_SIGNER,
    metadata: [...utf8(JSON.stringify(metadata))],
  })
  expect((await node.get(`${LIST}/${applicationId}/abi`)).body).toEqual({ data: abi })
  const { namespaceId } = dataOf(await node.post('/admin-api/namespaces', { body: { applicationId } }))
  const created = { applicationId, groupId: namespaceId, initializationParams: [] }
  const { contextId } = dataOf(await node.post('/admin-api/contexts', { body: created }))
  const execute = { jsonrpc: '2.0', id: 1, method: 'execute', params: { contextId, method: 'len', argsJson: {} } }
  expect((await node.post('/jsonrpc', { body: execute })).body).toMatchObject({ result: { output: 0 } })

  await writeFile(bundle, testBundle({ wasm: await appWasm('kv-store'), changed: { package: 'stolen' } }))
  const refused = await node.post(INSTALL, { body: { path: bundle } })
  expect([refused.status, refused.body]).toEqual([400, { error: expect.stringContaining('signature') }])
})

test('of an application of several services a context runs the one that it was made with', async () => {
  const [store, handlers] = await Promise.all([appWasm('kv-store'), appWasm('kv-store-with-handlers')])
  const abi = { schema_version: 'wasm-abi/1', methods: [{ name: 'len' }] }
  const abiBytes = utf8(JSON.stringify(abi))
  const services = [
    { name: 'store', wasm: artifact('app.wasm', store), abi: artifact('abi.json', abiBytes) },
    { name: 'handling', wasm: artifact('handlers.wasm', handlers) },
  ]
  const archive = testBundle({
    wasm: store,
    abi: abiBytes,
    before: [{ name: 'handlers.wasm', content: handlers }],
    manifest: { package: 'com.example.several', wasm: null, abi: null, services },
  })
  const bundle = path.join(folder, 'several.mpk')
  await writeFile(bundle, archive)
  const { applicationId } = dataOf(await node.post(INSTALL, { body: { path: bundle } }))
  const about = (await node.get(`${LIST}/${applicationId}`)).body
  const code = { bytecode: expect.stringMatching(BASE58), compiled: expect.stringMatching(BASE58) }
  expect(about).toMatchObject({ data: { application: { services: { store: code, handling: code } } } })
  const abiOf = async (query: string) => {
    const { status, body } = await node.get(`${LIST}/${applicationId}/abi${query}`)
    return [status, body]
  }
  expect(await abiOf('?service_name=store')).toEqual([200, { data: abi }])
  expect(await abiOf('')).toEqual([400, { error: expect.stringContaining('store, handling') }])
  for (const name of ['handling', 'none']) {
    expect(await abiOf(`?service_name=${name}`)).toEqual([404, { error: expect.stringMatching(/ABI|no service/) }])
  }
  const { namespaceId } = dataOf(await node.post('/admin-api/namespaces', { body: { applicationId } }))
  const create = (serviceName?: string) =>
    node.post('/admin-api/contexts', {
      body: { applicationId, groupId: namespaceId, initializationParams: [], serviceName },
    })
  for (const name of ['none', undefined]) {
    const { status, body } = await create(name)
    expect([status, body]).toEqual([
      400,
      { error: expect.stringMatching(/^serviceName: .* has the services store, handling$/) },
    ])
  }
  const { contextId } = dataOf(await create('handling'))
  expect((await node.get(`/admin-api/contexts/${contextId}`)).body).toMatchObject({ data: { serviceName: 'handling' } })
  const method = 'get_handler_execution_count'
  const execute = { jsonrpc: '2.0', id: 1, method: 'execute', params: { contextId, method, argsJson: {} } }
  expect((await node.post('/jsonrpc', { body: execute })).body).toMatchObject({ result: { output: 0 } })
  // Code without names would run under any.
  const plain = path.join(folder, 'plain.wasm')
  await writeFile(plain, handlers)
  const { applicationId: targetApplicationId } = dataOf(await node.post(INSTALL, { body: { path: plain } }))
  for (const forceCodeOnly of [false, true]) {
    const upgrade = { body: { targetApplicationId, forceCodeOnly } }
    const answer = await node.post(`/admin-api/groups/${namespaceId}/upgrade`, upgrade)
    expect([answer.status, answer.body]).toEqual([409, { error: expect.stringContaining('run handling') }])
  }
})

test('an application is forgotten, and once more is no failure', async () => {
  const { body } = await node.post(INSTALL, { body: { path: path.join(folder, 'handlers.wasm') } })
  const { applicationId } = (body as { data: { applicationId: string } }).data
  for (const times of ['once', 'twice']) {
    for (const asking of [{}, { body: {} }]) {
      const answer = await node.ask('DELETE', `${LIST}/${applicationId}`, asking)
      expect([times, answer.status, answer.body]).toEqual([times, 200, { data: { applicationId } }])
    }
  }
  expect((await node.get(`${LIST}/${applicationId}`)).status).toBe(404)
})

test('an application says what it can, where it carries that', async () => {
  const abi = { schema_version: 'wasm-abi/1', methods: [{ name: 'len' }], events: [], types: {} }
  const described = Buffer.concat([await appWasm('kv-store'), customBytes('calimero_abi_v1', JSON.stringify(abi))])
  const idOf = async (name: string, wasm: Uint8Array) => {
    await writeFile(path.join(folder, name), wasm)
    const { body } = await node.post(INSTALL, { body: { path: path.join(folder, name) } })
    return (body as { data: { applicationId: string } }).data.applicationId
  }
  const application = await idOf('described.wasm', described)
  const answer = await node.get(`${LIST}/${application}/abi`)
  expect([answer.status, answer.body]).toEqual([200, { data: abi }])
  const [seen, wanted] = await refusalsOf(node, [
    { why: 'no such service', path: `${LIST}/${application}/abi?service_name=x`, status: 400, says: 'service_name' },
    { why: 'unknown', path: `${LIST}/${UNKNOWN}/abi`, status: 404, says: 'not found' },
  ])
  expect(seen).toEqual(wanted)
})

function customBytes(name: string, content: string): Uint8Array {
  const section = [...nameBytes(name), ...Buffer.from(content)]
  return Uint8Array.from([0, ...leb(section.length), ...section])
}

/** Unsigned LEB128. */
function leb(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...leb(value >> 7)]
}

test('an application is installed from where the node may fetch it, with the hash that is asked for', async () => {
  const wasm = Buffer.concat([await appWasm('kv-store'), customBytes('from', 'web')])
  const web = createServer((_request, response) => response.end(wasm))
  web.listen(0, '127.0.0.1')
  await once(web, 'listening')
  const address = web.address()
  const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/app.wasm`
  const anywhere = { resolve: async () => ['127.0.0.1'], mayConnect: () => true }
  const open = await serve(world.get('ada').node, { downloads: anywhere })
  const install = (asked: object) => open.post(URL_INSTALL, { body: { url, metadata: [], ...asked } })
  const hash = toBase58(createHash('sha256').update(wasm).digest())
  const installed = await install({ hash, package: 'com.example.web', version: '1.0.0' })
  expect([installed.status, installed.body]).toEqual([200, { data: { applicationId: expect.stringMatching(BASE58) } }])
  const { applicationId } = (installed.body as { data: { applicationId: string } }).data
  const { body } = await node.get(`${LIST}/${applicationId}`)
  expect(body).toMatchObject({ data: { application: { source: url, package: 'com.example.web', size: wasm.length } } })
  expect((await install({ hash: UNKNOWN })).status).toBe(400)
  expect((await node.post(URL_INSTALL, { body: { url, metadata: [] } })).body).toEqual({
    error: expect.stringContaining('private network'),
  })
  await open.close()
  web.close()
  web.closeAllConnections()
  await once(web, 'close')
  expect((await serveAndInstall(anywhere, url)).status).toBe(502)
})

async function serveAndInstall(downloads: ServerParts['downloads'] & object, url: string) {
  const open = await serve(world.get('ada').node, { downloads })
  const answer = await open.post(URL_INSTALL, { body: { url, metadata: [] } })
  await open.close()
  return answer
}

function dataOf({ body }: { readonly body: unknown }): Record<string, string> {
  return (body as { data: Record<string, string> }).data
}
