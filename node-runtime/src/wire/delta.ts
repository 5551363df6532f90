// A delta: one signed, sealed change of a context. The header is readable by every peer; the payload by members only.
import type { Bytes } from '../base/bytes.ts'
import type { ContextId, DeltaId, KeyId, OpId, PublicKey } from '../base/ids.ts'
import type { SigningKey } from '../base/keys.ts'
import type { Random } from '../base/random.ts'

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
}

export interface SealDeltaInput {
  readonly header: DeltaHeader
  readonly payload: DeltaPayload
  readonly groupKey: Bytes
  readonly signingKey: SigningKey
  readonly random: Random
}

export declare function sealDelta(input: SealDeltaInput): Delta
/** Throws KeyError when `groupKey` is not the one, WireError when the payload is malformed. */
export declare function openDelta(delta: Delta, groupKey: Bytes): DeltaPayload
/** Checks the signature; the id was computed by whoever made the value. */
export declare function verifyDelta(delta: Delta): boolean
export declare function encodeDelta(delta: Delta): Bytes
export declare function decodeDelta(bytes: Bytes): Delta
