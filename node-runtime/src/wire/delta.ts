// A delta: one signed, sealed change of a context. The header is readable by every peer; the payload by members only.
import type { Bytes } from '../base/bytes.ts'
import { assert } from '../base/errors.ts'
import { taggedHash } from '../base/hash.ts'
import {
  type ContextId,
  type DeltaId,
  idBytes,
  idFromBytes,
  type KeyId,
  type OpId,
  type PublicKey,
} from '../base/ids.ts'
import { open, type SigningKey, seal, verify } from '../base/keys.ts'
import type { Random } from '../base/random.ts'
import { message } from './codec.ts'
import {
  ARTIFACT_BYTES_MAX,
  DELTA_BYTES_MAX,
  EVENT_DATA_BYTES_MAX,
  EVENT_DEPTH_MAX,
  EVENT_HANDLER_BYTES_MAX,
  EVENT_KIND_BYTES_MAX,
  EVENTS_MAX,
  GOVERNANCE_HEADS_MAX,
  PARENTS_MAX,
  SEALED_BYTES_MAX,
  SIGNATURE_BYTES,
} from './limits.ts'
import { bytes, bytesWithin, id, idSet, list, oneOf, record, text, u64, uint } from './shape.ts'

export interface DeltaHeader {
  readonly contextId: ContextId
  readonly author: PublicKey
  /** Sorted, unique. Empty: directly on the context's base. */
  readonly parents: readonly DeltaId[]
  readonly hlc: bigint
  /** Governance heads the author acted under; sorted, unique. */
  readonly governance: readonly OpId[]
  readonly keyId: KeyId
}

export interface Delta extends DeltaHeader {
  /** Tagged hash of the canonical body, `sealed` included. */
  readonly id: DeltaId
  readonly sealed: Bytes
  /** The author's, over the id. */
  readonly signature: Bytes
}

export interface EventRecord {
  readonly kind: string
  readonly data: Bytes
  readonly handler?: string
}

export interface DeltaPayload {
  readonly artifact: { readonly kind: 'guest' | 'host'; readonly bytes: Bytes }
  readonly events: readonly EventRecord[]
  /** How many handlers led here: 0 for a client's call. */
  readonly depth: number
  /** The delta that this one stands for: the first of those that a checkpoint did not contain. */
  readonly rewrites?: Pick<Delta, 'hlc' | 'id'>
}

const header = {
  contextId: id<ContextId>(),
  author: id<PublicKey>(),
  parents: idSet<DeltaId>(PARENTS_MAX),
  hlc: u64(),
  governance: idSet<OpId>(GOVERNANCE_HEADS_MAX),
  keyId: id<KeyId>(),
}
// The header alone is what the sealed payload is bound to.
const headerMessage = message('delta-header/1', record(header), DELTA_BYTES_MAX)
// What the id is the hash of.
const bodyMessage = message('delta-body/1', record({ ...header, sealed: bytes(SEALED_BYTES_MAX) }), DELTA_BYTES_MAX)
// The body travels as the bytes that were hashed.
const deltaMessage = message(
  'delta/1',
  record({ body: bytesWithin(DELTA_BYTES_MAX), signature: bytes(SIGNATURE_BYTES, SIGNATURE_BYTES) }),
  DELTA_BYTES_MAX,
)
const event = record(
  { kind: text(EVENT_KIND_BYTES_MAX), data: bytes(EVENT_DATA_BYTES_MAX) },
  { handler: text(EVENT_HANDLER_BYTES_MAX) },
)
const payloadMessage = message(
  'payload/1',
  record(
    {
      artifact: record({ kind: oneOf(['guest', 'host']), bytes: bytes(ARTIFACT_BYTES_MAX) }),
      events: list(event, EVENTS_MAX),
      depth: uint(EVENT_DEPTH_MAX),
    },
    { rewrites: record({ hlc: u64(), id: id<DeltaId>() }) },
  ),
  SEALED_BYTES_MAX,
)

export interface SealDeltaInput {
  readonly header: DeltaHeader
  readonly payload: DeltaPayload
  readonly groupKey: Bytes
  readonly signingKey: SigningKey
  readonly random: Random
}

/** Throws WireError when header or payload break a bound. */
export function sealDelta({ header, payload, groupKey, signingKey, random }: SealDeltaInput): Delta {
  assert(signingKey.publicKey === header.author, 'a delta is signed by its author')
  const sealed = seal(groupKey, payloadMessage.encode(payload), headerMessage.encode(header), random)
  const id = idOf(bodyMessage.encode({ ...header, sealed }))
  return { ...header, id, sealed, signature: signingKey.sign(idBytes(id)) }
}

/** Throws KeyError when `groupKey` is not the one, WireError when the payload is malformed. */
export function openDelta(delta: Delta, groupKey: Bytes): DeltaPayload {
  return payloadMessage.decode(open(groupKey, delta.sealed, headerMessage.encode(headerOf(delta))))
}

/** Checks the signature; the id was computed by whoever made the value. */
export function verifyDelta(delta: Delta): boolean {
  return verify(delta.author, idBytes(delta.id), delta.signature)
}

/** Of deltas that came as bytes or went: one value has one byte form, and most that come are stored or sent on. */
const encodings = new WeakMap<Delta, Bytes>()

export function encodeDelta(delta: Delta): Bytes {
  const known = encodings.get(delta)
  if (known !== undefined) return known
  const body = bodyMessage.encode({ ...headerOf(delta), sealed: delta.sealed })
  const bytes = deltaMessage.encode({ body, signature: delta.signature })
  encodings.set(delta, bytes)
  return bytes
}

/** Throws WireError. The id is computed from the bytes; the signature is not checked. The bytes must not change. */
export function decodeDelta(bytes: Bytes): Delta {
  const { body, signature } = deltaMessage.decode(bytes)
  const delta: Delta = { ...bodyMessage.decode(body), id: idOf(body), signature }
  encodings.set(delta, bytes)
  return delta
}

function idOf(body: Bytes): DeltaId {
  return idFromBytes<DeltaId>(taggedHash('calbox/delta/1', body))
}

function headerOf({ contextId, author, parents, hlc, governance, keyId }: DeltaHeader): DeltaHeader {
  return { contextId, author, parents, hlc, governance, keyId }
}
