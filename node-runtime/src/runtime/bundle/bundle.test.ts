// Bundles: what is in them is what was signed, or they are refused with the reason.
import { gunzipSync, gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { fromUtf8, utf8 } from '../../base/bytes.ts'
import { artifact, TEST_SIGNER, type TestBundle, tarOf, testBundle } from '../testing/test-bundle.ts'
import { isBundle, openBundle, readBundle } from './bundle.ts'
import { canonicalJson } from './canonical-json.ts'

const WASM = utf8('a module, as far as a bundle knows')
const other = utf8('another module')
const ABI = utf8('{"schema_version":"wasm-abi/1","methods":[]}')

test('a bundle gives its module, its ABI, what it is called and who signed it', () => {
  const archive = testBundle({ wasm: WASM, abi: ABI, manifest: { links: { docs: 'https://a' }, extra: [1.5, null] } })
  expect([isBundle(archive), isBundle(WASM)]).toEqual([true, false])
  const { wasm, metadata, ...bundle } = readBundle(archive)
  expect(fromUtf8(wasm)).toBe(fromUtf8(WASM))
  expect(bundle).toEqual({
    package: 'com.example.app',
    version: '1.0.0',
    signerId: TEST_SIGNER,
    abi: fromUtf8(ABI),
    services: [],
  })
  expect(JSON.parse(fromUtf8(metadata))).toEqual({
    name: 'Example',
    package: 'com.example.app',
    version: '1.0.0',
    links: { docs: 'https://a' },
  })
  expect(readBundle(testBundle({ wasm: WASM })).abi).toBeUndefined()
})

test('one service is the application, and needs no name', () => {
  for (const name of ['main', undefined]) {
    const services = [{ name, wasm: artifact('app.wasm', WASM) }]
    const bundle = readBundle(testBundle({ wasm: WASM, manifest: { wasm: null, services } }))
    expect(bundle.wasm).toEqual(WASM)
    expect(bundle.services.map((each) => each.name)).toEqual(name === undefined ? [] : [name])
  }
})

test('a bundle gives each of its services with what describes it', () => {
  const services = [
    { name: 'main', wasm: artifact('app.wasm', WASM), abi: artifact('abi.json', ABI) },
    { name: 'lobby', wasm: artifact('lobby.wasm', other) },
  ]
  const before = [{ name: 'lobby.wasm', content: other }]
  const bundle = readBundle(testBundle({ wasm: WASM, abi: ABI, before, manifest: { wasm: null, abi: null, services } }))
  expect(bundle.services).toEqual([
    { name: 'main', wasm: WASM, abi: fromUtf8(ABI) },
    { name: 'lobby', wasm: other, abi: undefined },
  ])
  expect([bundle.wasm, bundle.abi]).toEqual([WASM, fromUtf8(ABI)])
})

test('files are found by their whole names, long ones of GNU tar and of pax too', () => {
  const name = `${'folder/'.repeat(20)}app.wasm`
  const record = `path=${name}\n`
  const length = String(record.length + 4)
  const before = [
    { name: 'old/manifest.json', content: utf8('{}') },
    { name: 'manifest.json', content: utf8(''), type: '5' },
    { name: '././@LongLink', content: utf8(`${name}\0`), type: 'L' },
    { name: name.slice(0, 99), content: WASM },
    { name: 'pax_global_header', content: utf8(''), type: 'g' },
    { name: 'PaxHeader', content: utf8(`${length} ${record}`.replace(name, `2/${name}`)), type: 'x' },
    { name: 'short', content: utf8('other') },
  ]
  // The record of `2/…` is two bytes longer than it says.
  expect(() => readBundle(testBundle({ wasm: WASM, before }))).toThrow('extended headers')
  const pax = { name: 'PaxHeader', content: utf8(`${length} ${record}`), type: 'x' }
  const after = { name: 'short', content: WASM }
  const manifest = { wasm: artifact(name, WASM) }
  expect(readBundle(testBundle({ wasm: WASM, manifest, before: before.slice(0, 5) })).wasm).toEqual(WASM)
  expect(readBundle(testBundle({ wasm: WASM, manifest, before: [pax, after] })).wasm).toEqual(WASM)
})

const refused: readonly (readonly [string, Partial<TestBundle>, string])[] = [
  ['a manifest changed after it was signed', { changed: { appVersion: '2.0.0' } }, 'signature is not that of'],
  ['no signature', { changed: { signature: undefined } }, 'not signed'],
  ['another algorithm', { changed: { signature: { algorithm: 'ED25519' } } }, 'algorithm'],
  ['a short key', { changed: { signature: { algorithm: 'ed25519', publicKey: 'AA' } } }, '32 bytes in base64url'],
  ['another signer', { manifest: { signerId: 'did:key:z6Mk' } }, 'another signer'],
  ['another module', { manifest: { wasm: artifact('app.wasm', other) } }, 'SHA-256 is another one'],
  ['a module that is not there', { manifest: { wasm: artifact('b.wasm', WASM) } }, 'it has no b.wasm'],
  ['no module', { manifest: { wasm: undefined } }, 'which file is its wasm'],
  ['two manifests', { before: [{ name: './manifest.json', content: utf8('{}') }] }, 'more than once'],
  ['two modules of one name', { before: [{ name: 'app.wasm', content: other }] }, 'more than once'],
  ['too large an ABI', { abi: new Uint8Array(4 * 1024 * 1024 + 1) }, 'its abi has more than 4194304 bytes'],
  ['an ABI that is no JSON', { abi: utf8('{') }, 'no JSON object'],
  ['a service without a name among several', { manifest: { services: [{}, {}] } }, 'has no name'],
  ['two services of one name', { manifest: { services: [{ name: 'a' }, { name: 'a' }] } }, 'two of its services'],
  ['a service that is none', { manifest: { services: ['main'] } }, 'no object'],
  [
    'a service whose module was changed',
    { manifest: { services: [{ name: 'a', wasm: artifact('app.wasm', other) }] } },
    'another one',
  ],
  ['too many services', { manifest: { services: Array.from({ length: 17 }, () => ({})) } }, '16 are the most'],
  ['a long name of a service', { manifest: { services: [{ name: 'a'.repeat(65) }] } }, 'more than 64 bytes'],
  ['a service called with a line', { manifest: { services: [{ name: 'a\n' }] } }, 'letters, digits'],
  ['a service called like a list', { manifest: { services: [{ name: 'a, b' }] } }, 'letters, digits'],
  ['no package', { manifest: { package: '' } }, 'no package'],
  ['a package that is a path', { manifest: { package: '../etc' } }, 'looks like a path'],
  ['a long package', { manifest: { package: '€'.repeat(43) } }, 'more than 128 bytes'],
  ['a long version', { manifest: { appVersion: '1'.repeat(65) } }, 'more than 64 bytes'],
  ['too much to show', { manifest: { metadata: { name: 'a'.repeat(65_536) } } }, 'to be shown'],
  ['a manifest too deep', { manifest: { deep: JSON.parse(`${'['.repeat(40)}${']'.repeat(40)}`) } }, 'too deeply'],
]

test.each(refused)('%s is refused', (_why, bundle, says) => {
  expect(() => readBundle(testBundle({ wasm: WASM, ...bundle }))).toThrow(says)
})

test('extended headers and long names are refused unread where they are too large, one or all', () => {
  const records = (bytes: number, type = 'x') => ({ name: 'h', content: Buffer.alloc(bytes, '4 a\n'), type })
  const saysOf = (before: TestBundle['before'] = []) => {
    try {
      return fromUtf8(readBundle(testBundle({ wasm: WASM, before })).wasm)
    } catch (error) {
      return String(error)
    }
  }
  const kib64 = 64 * 1024
  expect(saysOf([records(kib64)])).toBe(fromUtf8(WASM))
  expect(saysOf([records(kib64 + 4)])).toContain('one of its extended headers has more than 65536 bytes')
  expect(saysOf([records(kib64 + 4, 'L')])).toContain('one of its extended headers has more than 65536 bytes')
  expect(saysOf(new Array(17).fill(records(kib64)))).toContain('its extended headers have more than 1048576 bytes')
})

test('archives that are cut off, damaged, endless or of something else are refused, on whatever thread', async () => {
  const archive = testBundle({ wasm: WASM })
  const tar = gunzipSync(archive)
  const damaged = Buffer.from(tar)
  damaged[3] = 0xff
  const all = [
    archive.subarray(0, archive.byteLength - 20),
    gzipSync(tar.subarray(0, 700)),
    gzipSync(damaged),
    // Unpacked it has 65 MiB.
    Buffer.concat(new Array(65).fill(gzipSync(Buffer.alloc(1024 * 1024)))),
    gzipSync(tarOf([])),
    gzipSync(tarOf(new Array(1025).fill({ name: 'a', content: utf8('') }))),
    gzipSync(tarOf([{ name: 'manifest.json', content: utf8('[]') }])),
    gzipSync(tarOf([{ name: 'manifest.json', content: utf8('nothing') }])),
    gzipSync(tarOf([{ name: 'manifest.json', content: Buffer.alloc(1024 * 1024 + 1, ' ') }])),
  ]
  const wordsOf = (error: unknown) => (error instanceof Error ? error.message : error)
  const said = all.map((bytes) => {
    try {
      return readBundle(bytes)
    } catch (error) {
      return wordsOf(error)
    }
  })
  const beside = await Promise.all(all.map((bytes) => openBundle(bytes).catch(wordsOf)))
  expect(beside).toEqual(said)
  expect(said).toEqual([
    expect.stringContaining('cannot be unpacked'),
    expect.stringContaining('cut off'),
    expect.stringContaining('damaged'),
    expect.stringContaining('cannot be unpacked'),
    expect.stringContaining('no manifest.json'),
    expect.stringContaining('more than 1024 entries'),
    expect.stringContaining('no object'),
    expect.stringContaining('not JSON'),
    expect.stringContaining('more than 1048576 bytes'),
  ])
})

test('what is signed is the one form of the JSON (RFC 8785)', () => {
  // The example of the RFC, section 3.2.2.
  const text = String.raw`{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],
    "string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}`
  expect(canonicalJson(JSON.parse(text))).toBe(
    String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
  )
  expect(canonicalJson({ '\u20ac': 1, '\r': 2, '1': 3, '\ud83d\ude00': 4, '\ufb33': 5 })).toBe(
    '{"\\r":2,"1":3,"€":1,"😀":4,"\ufb33":5}',
  )
})
