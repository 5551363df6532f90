// Who signed a bundle: Ed25519 over the SHA-256 of the manifest in canonical form, without its signature and without
// members that begin with `_`, which are nobody's word. Pure.
import { Buffer } from 'node:buffer'
import { type Bytes, concat, toBase58, utf8 } from '../../base/bytes.ts'
import { sha256 } from '../../base/hash.ts'
import { idFromBytes, type PublicKey } from '../../base/ids.ts'
import { verify } from '../../base/keys.ts'
import { RuntimeError } from '../runtime-error.ts'
import { canonicalJson } from './canonical-json.ts'

/** Multicodec of an Ed25519 public key. */
const ED25519_PUBLIC = Uint8Array.of(0xed, 0x01)

/** The `did:key` of the signer, who must be the one that the manifest names. Throws RuntimeError BUNDLE_INVALID. */
export function signerOf(manifest: Readonly<Record<string, unknown>>): string {
  const { signature } = manifest
  if (typeof signature !== 'object' || signature === null) throw unsigned('it is not signed')
  const member = (name: string): unknown => (name in signature ? Reflect.get(signature, name) : undefined)
  if (member('algorithm') !== 'ed25519') throw unsigned('its signature is not of the algorithm "ed25519"')
  const key = base64Url(member('publicKey'), 32)
  const signed = base64Url(member('signature'), 64)
  if (!verify(idFromBytes<PublicKey>(key), signedBytes(manifest), signed)) {
    throw unsigned('its signature is not that of its manifest: one of them was changed')
  }
  const signer = didKey(key)
  if (manifest.signerId !== signer) throw unsigned(`it names another signer than ${signer}, whose signature it has`)
  return signer
}

/** What is signed: 32 bytes. */
export function signedBytes(manifest: Readonly<Record<string, unknown>>): Bytes {
  const said = Object.entries(manifest).filter(([name]) => name !== 'signature' && !name.startsWith('_'))
  return sha256(utf8(canonicalJson(Object.fromEntries(said))))
}

export function didKey(key: Bytes): string {
  return `did:key:z${toBase58(concat([ED25519_PUBLIC, key]))}`
}

function base64Url(text: unknown, length: number): Bytes {
  const bytes = typeof text === 'string' && /^[\w-]+$/.test(text) ? Buffer.from(text, 'base64url') : undefined
  if (bytes?.byteLength !== length)
    throw unsigned(`its signature has no ${length} bytes in base64url where they belong`)
  return bytes
}

function unsigned(why: string): RuntimeError {
  return new RuntimeError('BUNDLE_INVALID', `the bundle is refused: ${why}`)
}
