// How chunks are hashed. A chunk takes milliseconds, so a running node has it done outside of its event loop.
import { subtle } from 'node:crypto'
import type { Bytes } from '../base/bytes.ts'
import { sha256 } from '../base/hash.ts'

export type Digest = (bytes: Bytes) => Promise<Bytes>

/** On the caller's thread: for the simulator and tests, where nothing may happen beside the event loop. */
export const inlineDigest: Digest = async (bytes) => sha256(bytes)

/** Below this, handing over costs more than hashing. */
const HAND_OVER_MIN_BYTES = 64 * 1024

/** On a thread of the process's pool. */
export const threadDigest: Digest = async (bytes) => {
  if (bytes.byteLength < HAND_OVER_MIN_BYTES) return sha256(bytes)
  return new Uint8Array(await subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>))
}
