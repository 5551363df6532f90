// Keys and the three things done with them: sign, seal under a shared key, seal to one recipient. All from node:crypto
// with KeyObjects kept, which is several times faster than building one per operation; a cipher that is given raw bytes
// takes 5 times as long to begin as one with a KeyObject.
import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  diffieHellman,
  hkdfSync,
  type KeyObject,
  sign as nodeSign,
  verify as nodeVerify,
} from 'node:crypto'
import { type Bytes, concat, fromHex, utf8 } from './bytes.ts'
import { CodedError } from './errors.ts'
import { taggedHash } from './hash.ts'
import { type AccountId, idBytes, idFromBytes, type KemKey, type KeyId, type PublicKey } from './ids.ts'
import type { Random } from './random.ts'

export class KeyError extends CodedError<'KEY_INVALID' | 'KEY_CANNOT_OPEN'> {}

// DER headers of RFC 8410: a raw 32-byte key follows.
const ED25519_PKCS8 = fromHex('302e020100300506032b657004220420')
const ED25519_SPKI = fromHex('302a300506032b6570032100')
const X25519_PKCS8 = fromHex('302e020100300506032b656e04220420')
const X25519_SPKI = fromHex('302a300506032b656e032100')
const KEY_CACHE_MAX = 4096
const NONCE_LENGTH = 12
const TAG_LENGTH = 16

export interface SigningKey {
  readonly publicKey: PublicKey
  /** 32-byte Ed25519 seed. Secret. */
  readonly seed: Bytes
  sign(message: Bytes): Bytes
}

export function signingKeyFromSeed(seed: Bytes): SigningKey {
  const key = privateKey(ED25519_PKCS8, seed)
  return { publicKey: rawPublic<PublicKey>(key), seed, sign: (message) => nodeSign(null, message, key) }
}

const publicKeys = new Map<string, KeyObject>()

/** True when `signature` over `message` is `publicKey`'s. Never throws for peer input. */
export function verify(publicKey: PublicKey, message: Bytes, signature: Bytes): boolean {
  if (signature.byteLength !== 64) return false
  try {
    return nodeVerify(null, message, publicKeyObject(ED25519_SPKI, publicKey), signature)
  } catch {
    // A public key that is no curve point: the signature cannot be its.
    return false
  }
}

const accounts = new Map<PublicKey, AccountId>()

export function accountOf(publicKey: PublicKey): AccountId {
  const known = accounts.get(publicKey)
  if (known !== undefined) return known
  const account = idFromBytes<AccountId>(taggedHash('calbox/account/1', idBytes(publicKey)))
  makeRoom(accounts)
  accounts.set(publicKey, account)
  return account
}

export interface KemKeyPair {
  readonly publicKey: KemKey
  /** 32-byte X25519 private key. Secret. */
  readonly secret: Bytes
}

export function kemKeyFromSecret(secret: Bytes): KemKeyPair {
  return { publicKey: rawPublic<KemKey>(privateKey(X25519_PKCS8, secret)), secret }
}

/** AES-256-GCM: nonce(12) ‖ ciphertext ‖ tag(16). `aad` is authenticated, not hidden. */
export function seal(key: Bytes, plaintext: Bytes, aad: Bytes, random: Random): Bytes {
  const nonce = random.bytes(NONCE_LENGTH)
  const cipher = createCipheriv('aes-256-gcm', secretKeyObject(key), nonce).setAAD(aad)
  return concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

/** Throws KeyError when the key, the `aad` or the bytes are not those of `seal`. */
export function open(key: Bytes, sealed: Bytes, aad: Bytes): Bytes {
  if (sealed.byteLength < NONCE_LENGTH + TAG_LENGTH) throw cannotOpen()
  try {
    const nonce = sealed.subarray(0, NONCE_LENGTH)
    const decipher = createDecipheriv('aes-256-gcm', secretKeyObject(key), nonce).setAAD(aad)
    decipher.setAuthTag(sealed.subarray(sealed.byteLength - TAG_LENGTH))
    return concat([decipher.update(sealed.subarray(NONCE_LENGTH, sealed.byteLength - TAG_LENGTH)), decipher.final()])
  } catch (cause) {
    throw cannotOpen(cause)
  }
}

/** Seals to one X25519 recipient: ephemeral public key(32) ‖ seal(HKDF(shared secret)). */
export function sealTo(recipient: KemKey, plaintext: Bytes, aad: Bytes, random: Random): Bytes {
  const ephemeral = kemKeyFromSecret(random.bytes(32))
  const key = agreedKey(ephemeral, recipient, ephemeral.publicKey, recipient)
  return concat([idBytes(ephemeral.publicKey), seal(key, plaintext, aad, random)])
}

/** Throws KeyError when the bytes were not sealed to `own` with this `aad`. */
export function openSealed(own: KemKeyPair, sealed: Bytes, aad: Bytes): Bytes {
  if (sealed.byteLength < 32) throw cannotOpen()
  const ephemeral = idFromBytes<KemKey>(sealed.subarray(0, 32))
  return open(agreedKey(own, ephemeral, ephemeral, own.publicKey), sealed.subarray(32), aad)
}

export function keyIdOf(groupKey: Bytes): KeyId {
  return idFromBytes<KeyId>(taggedHash('calbox/key-id/1', groupKey))
}

/** By the array that holds the key, which is kept as it is for as long as the key is in use. */
const secretKeys = new WeakMap<Bytes, KeyObject>()

function secretKeyObject(key: Bytes): KeyObject {
  const known = secretKeys.get(key)
  if (known) return known
  const made = createSecretKey(key)
  secretKeys.set(key, made)
  return made
}

function agreedKey(own: KemKeyPair, other: KemKey, ephemeral: KemKey, recipient: KemKey): Bytes {
  let shared: Bytes
  try {
    shared = diffieHellman({
      privateKey: privateKey(X25519_PKCS8, own.secret),
      publicKey: publicKeyObject(X25519_SPKI, other),
    })
  } catch (cause) {
    throw cannotOpen(cause)
  }
  const salt = concat([idBytes(ephemeral), idBytes(recipient)])
  return new Uint8Array(hkdfSync('sha256', shared, salt, utf8('calbox/seal-to/1'), 32))
}

function privateKey(header: Bytes, raw: Bytes): KeyObject {
  if (raw.byteLength !== 32) throw new KeyError('KEY_INVALID', `expected a 32-byte key, got ${raw.byteLength} bytes`)
  return createPrivateKey({ key: Buffer.from(concat([header, raw])), format: 'der', type: 'pkcs8' })
}

function rawPublic<T extends PublicKey | KemKey>(key: KeyObject): T {
  const der = createPublicKey(key).export({ format: 'der', type: 'spki' })
  return idFromBytes<T>(der.subarray(der.byteLength - 32))
}

function publicKeyObject(header: Bytes, id: PublicKey | KemKey): KeyObject {
  const cacheKey = `${header[8]}:${id}`
  const known = publicKeys.get(cacheKey)
  if (known) return known
  const made = createPublicKey({ key: Buffer.from(concat([header, idBytes(id)])), format: 'der', type: 'spki' })
  makeRoom(publicKeys)
  publicKeys.set(cacheKey, made)
  return made
}

/** Full: forget the oldest. It is made anew when next needed. */
function makeRoom<K>(cache: Map<K, unknown>): void {
  if (cache.size < KEY_CACHE_MAX) return
  const oldest = cache.keys().next()
  if (!oldest.done) cache.delete(oldest.value)
}

function cannotOpen(cause?: unknown): KeyError {
  return new KeyError('KEY_CANNOT_OPEN', 'the sealed bytes do not open with this key', { cause })
}
