// SHA-256 with domain separation. Pure.
import { createHash } from 'node:crypto'
import { type Bytes, utf8 } from './bytes.ts'

export function sha256(...parts: readonly Bytes[]): Bytes {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** SHA-256(domain ‖ 0x00 ‖ parts…): no two uses of a hash can be taken for each other. */
export function taggedHash(domain: string, ...parts: readonly Bytes[]): Bytes {
  return sha256(utf8(`${domain}\0`), ...parts)
}
