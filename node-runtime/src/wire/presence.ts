// Presence: what a member shows to the others of a context for the moment, such as a cursor. It is sealed with the key of
// the group, signed by its author, and nowhere stored.
import { type Bytes, concat } from '../base/bytes.ts'
import { taggedHash } from '../base/hash.ts'
import type { ContextId, KeyId, PublicKey } from '../base/ids.ts'
import { open, type SigningKey, seal, verify } from '../base/keys.ts'
import type { Random } from '../base/random.ts'
import { message } from './codec.ts'
import { PRESENCE_BYTES_MAX, SIGNATURE_BYTES } from './limits.ts'
import { bytes, id, record, u64 } from './shape.ts'

/** Nonce and tag. */
const SEAL_BYTES = 28

export interface Presence {
  readonly contextId: ContextId
  readonly author: PublicKey
  /** Of two of one author the later counts. Milliseconds on its clock, and always more than before. */
  readonly seq: bigint
  readonly keyId: KeyId
  readonly sealed: Bytes
  readonly signature: Bytes
}

type PresenceHead = Pick<Presence, 'contextId' | 'author' | 'seq' | 'keyId'>

const head = { contextId: id<ContextId>(), author: id<PublicKey>(), seq: u64(), keyId: id<KeyId>() }
const headMessage = message('presence-head/1', record(head), 1024)

/** As gossip carries it. */
export const presenceShape = record({
  ...head,
  sealed: bytes(PRESENCE_BYTES_MAX + SEAL_BYTES, SEAL_BYTES),
  signature: bytes(SIGNATURE_BYTES, SIGNATURE_BYTES),
})

export interface SealPresenceInput {
  readonly head: PresenceHead
  readonly state: Bytes
  readonly groupKey: Bytes
  readonly signingKey: SigningKey
  readonly random: Random
}

export function sealPresence({ head, state, groupKey, signingKey, random }: SealPresenceInput): Presence {
  const sealed = seal(groupKey, state, headMessage.encode(head), random)
  return { ...head, sealed, signature: signingKey.sign(signedHash(head, sealed)) }
}

export function verifyPresence(presence: Presence): boolean {
  return verify(presence.author, signedHash(presence, presence.sealed), presence.signature)
}

/** Throws KeyError when `groupKey` is not the one. */
export function openPresence(presence: Presence, groupKey: Bytes): Bytes {
  return open(groupKey, presence.sealed, headMessage.encode(headOf(presence)))
}

function signedHash(presence: PresenceHead, sealed: Bytes): Bytes {
  return taggedHash('calbox/presence/1', concat([headMessage.encode(headOf(presence)), sealed]))
}

function headOf({ contextId, author, seq, keyId }: PresenceHead): PresenceHead {
  return { contextId, author, seq, keyId }
}
