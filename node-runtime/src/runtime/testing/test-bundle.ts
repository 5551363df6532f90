// Makes application bundles, good ones and such as must be refused.
import { Buffer } from 'node:buffer'
import { gzipSync } from 'node:zlib'
import { type Bytes, bufferOf, toHex, utf8 } from '../../base/bytes.ts'
import { sha256 } from '../../base/hash.ts'
import { idBytes } from '../../base/ids.ts'
import { signingKeyFromSeed } from '../../base/keys.ts'
import { didKey, signedBytes } from '../bundle/manifest-signature.ts'

const SIGNER = signingKeyFromSeed(new Uint8Array(32).fill(7))
export const TEST_SIGNER = didKey(idBytes(SIGNER.publicKey))

export interface TarEntry {
  readonly name: string
  readonly content: Bytes
  /** `0`: a regular file. */
  readonly type?: string
}

export interface TestBundle {
  readonly wasm: Bytes
  readonly abi?: Bytes
  /** Over what every manifest has. */
  readonly manifest?: Readonly<Record<string, unknown>>
  /** After it was signed. */
  readonly changed?: Readonly<Record<string, unknown>>
  /** Before the files that every bundle has. */
  readonly before?: readonly TarEntry[]
}

export function artifact(path: string, content: Bytes): object {
  return { path, hash: toHex(sha256(content)), size: content.byteLength }
}

export function testBundle({ wasm, abi, manifest, changed, before = [] }: TestBundle): Bytes {
  const written = JSON.stringify({
    version: '1.0',
    package: 'com.example.app',
    appVersion: '1.0.0',
    minRuntimeVersion: '0.1.0',
    signerId: TEST_SIGNER,
    metadata: { name: 'Example' },
    wasm: artifact('app.wasm', wasm),
    ...(abi === undefined ? {} : { abi: artifact('abi.json', abi) }),
    ...manifest,
  })
  const files = [
    { name: 'manifest.json', content: utf8(JSON.stringify({ ...signedManifest(JSON.parse(written)), ...changed })) },
    { name: './app.wasm', content: wasm },
    ...(abi === undefined ? [] : [{ name: 'abi.json', content: abi }]),
  ]
  return gzipSync(tarOf([...before, ...files]))
}

/** `said`: what JSON.parse gives. A signature that it has stays. */
export function signedManifest(said: Readonly<Record<string, unknown>>): { readonly signature: object } {
  const base64Url = (bytes: Bytes) => bufferOf(bytes).toString('base64url')
  const signature = {
    algorithm: 'ed25519',
    publicKey: base64Url(idBytes(SIGNER.publicKey)),
    signature: base64Url(SIGNER.sign(signedBytes(said))),
  }
  return { signature, ...said }
}

export function tarOf(entries: readonly TarEntry[]): Bytes {
  return Buffer.concat([...entries.flatMap(blocksOf), Buffer.alloc(1024)])
}

function blocksOf({ name, content, type = '0' }: TarEntry): Bytes[] {
  const header = Buffer.alloc(512)
  header.write(name, 0, 100)
  header.write('0000644\0', 100)
  header.write(`${content.byteLength.toString(8).padStart(11, '0')}\0`, 124)
  header.write(type, 156)
  header.write('ustar\x0000', 257)
  withTarSum(header)
  return [header, content, Buffer.alloc((512 - (content.byteLength % 512)) % 512)]
}

/** In place. */
export function withTarSum(header: Buffer): void {
  header.fill(' ', 148, 156)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
}
