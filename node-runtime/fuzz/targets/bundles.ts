// Application bundles, which a stranger may have made: the archive as it comes; the tar in it; the manifest in that, and
// what it names. Behind a checksum, a digest or a signature nothing changed would get: these are made again.
import { gunzipSync, gzipSync } from 'node:zlib'
import { type Bytes, concat, fromUtf8, utf8 } from '../../src/base/bytes.ts'
import { type Bundle, readBundle } from '../../src/runtime/bundle/bundle.ts'
import { BUNDLE_LIMITS } from '../../src/runtime/bundle/limits.ts'
import {
  artifact,
  signedManifest,
  type TarEntry,
  TEST_SIGNER,
  tarOf,
  testBundle,
  withTarSum,
} from '../../src/runtime/testing/test-bundle.ts'
import type { Target } from '../target.ts'

const wasm = utf8('module')
const abi = utf8('{"methods":[]}')
const REFUSED = ['BUNDLE_INVALID']
/** What zlib takes for itself, here and in the decoder. */
const OF_ZLIB = 1 << 20

const archiveTarget: Target = {
  name: 'bundle-archive',
  decoders: ['runtime/bundle/bundle.ts#readBundle'],
  codes: REFUSED,
  format: 'binary',
  seeds: [testBundle({ wasm }), testBundle({ wasm, abi })],
  share: 0.2,
  // A byte of an archive unpacks to 1,032 at most, up to a cap of the whole.
  allocation: { perByte: 4096, base: 1 << 22 },
  run: (input) => checked(readBundle(input)),
}

const BLOCK = 512
const pax = (...records: string[]): TarEntry => ({ name: 'pax', type: 'x', content: utf8(records.join('')) })
const before: readonly (readonly TarEntry[])[] = [
  [],
  [{ name: 'assets/', type: '5', content: new Uint8Array(0) }],
  [
    { name: 'long', type: 'L', content: utf8('a/long/name.txt\0') },
    { name: 'cut', content: utf8('text') },
  ],
  [pax('30 mtime=1700000000.123456789\n', '18 path=a/file.js\n'), { name: 'cut', type: '\0', content: utf8('text') }],
  [pax('9 mtime=\n', '7 path=')],
  [{ name: 'all', type: 'g', content: utf8('11 path=no\n') }],
  [{ name: 'app.wasm', content: utf8('another') }],
  // More of them, and larger ones, than there may be.
  Array.from({ length: BUNDLE_LIMITS.entries }, () => ({ name: 'x', content: new Uint8Array(0) })),
  [{ name: 'long', type: 'L', content: new Uint8Array(BUNDLE_LIMITS.headerBytes + 1) }],
  Array.from({ length: 17 }, () => ({ name: 'l', type: 'L', content: new Uint8Array(BUNDLE_LIMITS.headerBytes) })),
]
const tars = before.map((entries) => gunzipSync(testBundle({ wasm, abi, before: entries })))
/** A name of two fields, as ustar has it. */
const [plain = new Uint8Array(0)] = tars
const prefixed = Buffer.from(plain)
prefixed.write('folder', 345)

/** The first byte says whether the sums of the headers are made again. */
const tarTarget: Target = {
  name: 'bundle-tar',
  decoders: ['runtime/bundle/tar.ts#filesOfTar'],
  codes: REFUSED,
  format: 'binary',
  seeds: [...tars, prefixed].flatMap((tar) => [0, 1].map((first) => concat([Uint8Array.of(first), tar]))),
  share: 0.5,
  allocation: { perByte: 200, base: OF_ZLIB },
  run(input) {
    const tar = input.subarray(1)
    return checked(readBundle(gzipSync((input[0] ?? 0) % 2 === 1 ? withSums(tar) : tar, { level: 0 })))
  },
}

/** As far as the headers lead. */
function withSums(tar: Bytes): Bytes {
  const out = Buffer.from(tar)
  for (let at = 0; at + BLOCK <= out.byteLength; ) {
    const header = out.subarray(at, at + BLOCK)
    if (header.every((byte) => byte === 0)) break
    withTarSum(header)
    const size = Number.parseInt(header.toString('latin1', 124, 136), 8)
    if (!(size >= 0)) break
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK
  }
  return out
}

const files = [
  { name: './app.wasm', content: wasm },
  { name: 'abi.json', content: abi },
  { name: 'text.json', content: utf8('"text"') },
]
const said = {
  package: 'com.example.app',
  appVersion: '1.0.0',
  signerId: TEST_SIGNER,
  metadata: { name: 'Example', order: { b: [1, 2.5, null], a: 'é', _: true } },
  links: { frontend: 'https://example.com' },
  wasm: artifact('app.wasm', wasm),
  abi: artifact('abi.json', abi),
}
const service = (name: unknown) => ({ name, wasm: said.wasm, abi: null })
const manifests: readonly unknown[] = [
  said,
  { ...said, abi: null, metadata: undefined, _of: 'nobody' },
  { ...said, abi: artifact('text.json', utf8('"text"')) },
  { ...said, wasm: artifact('./app.wasm', utf8('another')) },
  { ...said, package: 'a/b', appVersion: '' },
  { ...said, package: 'a'.repeat(BUNDLE_LIMITS.packageBytes + 1) },
  { ...said, metadata: { text: 'a'.repeat(BUNDLE_LIMITS.metadataBytes) } },
  { ...said, text: 'a'.repeat(BUNDLE_LIMITS.manifestBytes) },
  { ...said, deep: nested(BUNDLE_LIMITS.manifestDepth) },
  { ...said, signerId: 'did:key:z6Mk' },
  { ...said, services: [service('a'), { ...service('b-2.c'), abi: said.abi }] },
  { ...said, services: [service(null)] },
  { ...said, services: [service('a'), service('a')] },
  { ...said, services: [service('no name'), 5] },
  { ...said, services: [5] },
  { ...said, services: [service('a'), service('')] },
  { ...said, services: [service('a'.repeat(BUNDLE_LIMITS.serviceNameBytes + 1))] },
  { ...said, services: Array.from({ length: BUNDLE_LIMITS.services + 1 }, (_, n) => service(`s${n}`)) },
  // As they were signed, rightly and not.
  signedManifest(said),
  { ...signedManifest(said), appVersion: '2.0.0' },
  ...['algorithm', 'publicKey', 'signature'].map((name) => {
    const signed = signedManifest(said)
    return { ...signed, signature: { ...signed.signature, [name]: 'short' } }
  }),
  { ...said, signature: 'none' },
]

function nested(levels: number): unknown {
  return levels === 0 ? {} : { in: nested(levels - 1) }
}

/** Signed where it does not say itself who has, so that what is signed is looked at, too. */
const manifestTarget: Target = {
  name: 'bundle-manifest',
  decoders: ['runtime/bundle/manifest-signature.ts#signerOf', 'runtime/bundle/canonical-json.ts#canonicalJson'],
  codes: REFUSED,
  format: 'text',
  seeds: manifests.map((manifest) => utf8(JSON.stringify(manifest))),
  share: 0.5,
  allocation: { perByte: 200, base: OF_ZLIB },
  run(input) {
    const tar = tarOf([{ name: 'manifest.json', content: signedText(input) }, ...files])
    return checked(readBundle(gzipSync(tar, { level: 0 })))
  },
}

function signedText(input: Bytes): Bytes {
  let manifest: unknown
  try {
    manifest = JSON.parse(fromUtf8(input))
  } catch {
    return input
  }
  if (typeof manifest !== 'object' || manifest === null || 'signature' in manifest) return input
  return Array.isArray(manifest)
    ? input
    : utf8(JSON.stringify(signedManifest(Object.fromEntries(Object.entries(manifest)))))
}

const abiTarget: Target = {
  name: 'bundle-abi',
  decoders: ['runtime/bundle/bundle.ts#readBundle'],
  codes: REFUSED,
  format: 'text',
  seeds: [abi, utf8('{"methods":[{"name":"set","params":[],"é":null}]}')],
  share: 0.2,
  allocation: { perByte: 200, base: OF_ZLIB },
  run(input) {
    const { abi: read } = readBundle(testBundle({ wasm, abi: input }))
    const text = fromUtf8(input)
    // A mark of the byte order before it is no part of the text.
    if (read !== text && `\ufeff${read}` !== text) throw new Error('it has another ABI than the one that was signed')
    return undefined
  },
}

/** Only one key has signed here, and nothing that is shown may say another thing than what was checked. */
function checked(bundle: Bundle): undefined {
  if (bundle.signerId !== TEST_SIGNER) throw new Error('another signer than the one that signed')
  const shown: unknown = JSON.parse(fromUtf8(bundle.metadata))
  for (const field of ['package', 'version'] as const) {
    if (Reflect.get(Object(shown), field) !== bundle[field]) throw new Error(`it shows another ${field} than its own`)
  }
}

export const bundleTargets: readonly Target[] = [archiveTarget, tarTarget, manifestTarget, abiTarget]
