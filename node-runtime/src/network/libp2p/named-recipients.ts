// Whom a message goes to from where it was published stands in front of it, so that nobody passes it on to them: in a small
// mesh, where all are neighbours, each message would come to everybody once from each of them.
import { type Bytes, concat, toHex, utf8 } from '../../base/bytes.ts'
import { sha256 } from '../../base/hash.ts'
import { GOSSIP_NAMED_MAX } from '../limits.ts'
import type { PeerId } from '../network.ts'

/** Of the hash of a peer's id. Two with the same are told apart by nobody: one of them pulls then. */
const NAME_BYTES = 8

export interface Parted {
  readonly data: Bytes
  /** As `nameOf` names them. */
  readonly recipients: readonly string[]
}

/** Of more peers than can be named the rest gets it twice. */
export function withRecipients(data: Bytes, recipients: readonly PeerId[]): Bytes {
  const named = recipients.slice(0, GOSSIP_NAMED_MAX)
  return concat([Uint8Array.of(named.length), ...named.map(nameBytes), data])
}

/** Undefined: nobody has written this with `withRecipients`. */
export function partRecipients(message: Bytes): Parted | undefined {
  const count = message[0] ?? Number.POSITIVE_INFINITY
  const start = 1 + count * NAME_BYTES
  if (count > GOSSIP_NAMED_MAX || start > message.byteLength) return undefined
  const recipients = Array.from({ length: count }, (_, index) => {
    return toHex(message.subarray(1 + index * NAME_BYTES, 1 + (index + 1) * NAME_BYTES))
  })
  return { data: message.subarray(start), recipients }
}

export function nameOf(peer: PeerId): string {
  return toHex(nameBytes(peer))
}

function nameBytes(peer: PeerId): Bytes {
  return sha256(utf8(peer)).subarray(0, NAME_BYTES)
}
