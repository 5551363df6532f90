// SHA-256 with domain separation. Pure.
import { Buffer } from 'node:buffer'
import { createHash, hash as hashAtOnce } from 'node:crypto'
import { type Bytes, fromHex, utf8 } from './bytes.ts'

/** A hash object costs more than to hash this much. */
const AT_ONCE_BYTES = 4096
const gathered = Buffer.allocUnsafeSlow(AT_ONCE_BYTES)

export function sha256(...parts: readonly Bytes[]): Bytes {
  let length = 0
  for (const part of parts) length += part.byteLength
  if (length > AT_ONCE_BYTES) return sha256Of(parts)
  let at = 0
  for (const part of parts) {
    gathered.set(part, at)
    at += part.byteLength
  }
  // As a buffer it would get memory of its own, which costs more than the way through text.
  return fromHex(hashAtOnce('sha256', gathered.subarray(0, length), 'hex'))
}

function sha256Of(parts: readonly Bytes[]): Bytes {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** Domains are constants of the code, so they are few; encoding one costs as much as hashing a little. */
const domains = new Map<string, Bytes>()

/** SHA-256(domain ‖ 0x00 ‖ parts…): no two uses of a hash can be taken for each other. */
export function taggedHash(domain: string, ...parts: readonly Bytes[]): Bytes {
  let prefix = domains.get(domain)
  if (prefix === undefined) {
    prefix = utf8(`${domain}\0`)
    domains.set(domain, prefix)
  }
  return sha256(prefix, ...parts)
}
