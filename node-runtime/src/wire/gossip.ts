// Frames on gossip topics. Gossip is a hint: everything in it can be had by pulling too.
import type { Bytes } from '../base/bytes.ts'
import type { ContextId, DeltaId, PublicKey, RootHash } from '../base/ids.ts'
import type { SigningKey } from '../base/keys.ts'

export interface AnnouncedDelta {
  readonly id: DeltaId
  readonly parents: readonly DeltaId[]
}

export interface HeadsBeat {
  readonly contextId: ContextId
  /** Sorted, unique. */
  readonly heads: readonly DeltaId[]
  readonly root: RootHash
  readonly author: PublicKey
  readonly signature: Bytes
}

export type Gossip =
  | { readonly t: 'deltas'; readonly items: readonly Bytes[] }
  | { readonly t: 'announce'; readonly items: readonly AnnouncedDelta[] }
  | ({ readonly t: 'heads' } & HeadsBeat)
  | { readonly t: 'ops'; readonly items: readonly Bytes[] }

export declare function encodeGossip(gossip: Gossip): Bytes
export declare function decodeGossip(bytes: Bytes): Gossip
export declare function signHeads(beat: Omit<HeadsBeat, 'author' | 'signature'>, signingKey: SigningKey): HeadsBeat
export declare function verifyHeads(beat: HeadsBeat): boolean
