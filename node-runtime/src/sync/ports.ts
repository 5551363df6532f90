// What synchronisation needs of the contexts and namespaces of this node. Implemented by `context/`, bound in `node.ts`.
import type { Bytes } from '../base/bytes.ts'
import type { BlobId, ContextId, DeltaId, GroupId, KeyId, NamespaceId, OpId, PublicKey, RootHash } from '../base/ids.ts'
import type { Attestation, MemberKeys } from '../base/operations.ts'
import type { PeerId } from '../network/network.ts'
import type { Bound } from '../reconcile/item-key.ts'
import type { SetView } from '../reconcile/set-view.ts'
import type { TreeView } from '../storage/tree-view.ts'
import type { CertifiedCheckpoint } from '../wire/checkpoint.ts'
import type { Delta } from '../wire/delta.ts'
import type { HeadsBeat } from '../wire/gossip.ts'
import type { SignedOp } from '../wire/op.ts'
import type { Presence } from '../wire/presence.ts'

/** A log that is filled from a peer. */
export type PulledLog = Pick<SyncedNamespace, 'id' | 'heads' | 'holds' | 'receive'>

/** What lacks keys that a peer may have. */
export type PulledKeys = Pick<SyncedNamespace, 'id' | 'keysLacking' | 'newestOps' | 'receiveKeys'>

export interface SyncedNamespace {
  readonly id: NamespaceId
  heads(): OpId[]
  /** It is part of the log here. */
  holds(id: OpId): boolean
  opsNotIn(have: readonly OpId[], limit: number): SignedOp[]
  receive(ops: readonly SignedOp[], from: PeerId | undefined): Promise<number>
  hasMember(publicKey: PublicKey): boolean
  members(): PublicKey[]
  /** Members of the context's group. */
  readers(contextId: ContextId): PublicKey[]
  isMember(groupId: GroupId, publicKey: PublicKey): boolean
  /** While a key of the group is to be asked for. */
  lacksKeys(groupId: GroupId): boolean
  /** Those that our member is in. */
  groupsLackingKeys(): GroupId[]
  /** Whether the log says that an application's code is this blob. */
  namesBlob(blobId: BlobId): boolean
  /** The last operations, parents first. */
  newestOps(limit: number): SignedOp[]
  /** Keys that are not here. `needed`: without them something here cannot be read, or nothing be written. */
  keysLacking(groupId: GroupId): { readonly needed: readonly KeyId[]; readonly others: readonly KeyId[] }
  /** Each of `wanted` that is here, sealed to that member as it is taken; none when it is not one. */
  sealedKeysFor(groupId: GroupId, publicKey: PublicKey, wanted?: readonly KeyId[]): Iterable<Bytes>
  receiveKeys(groupId: GroupId, sealed: readonly Bytes[]): Promise<number>
}

export interface SyncedContext {
  readonly root: RootHash
  /** Digest of the removals of members that `root` was judged by; undefined until it was since the start. */
  readonly removals: Bytes | undefined
  /** Hash of the checkpoint beneath it; undefined while nothing is pruned. */
  readonly beneath: Bytes | undefined
  /** True for what has this hash and is beneath, or was before: whoever stands there is not ahead of us. */
  hasStoodOn(checkpoint: Bytes): boolean
  heads(): DeltaId[]
  holds(id: DeltaId): boolean
  /** It came, and can never be taken here. */
  refuses(id: DeltaId): boolean
  missing(limit: number): DeltaId[]
  /** Runs `work`, which must not wait, on the set of ids held in any state, as stored at that moment. */
  readHeld<T>(work: (view: SetView) => T): T
  /** What is before it was pruned here: it is compared with nobody. */
  heldFrom(): Bound
  /** Our heads, signed; undefined while they cannot be said. */
  beat(): HeadsBeat | undefined
  /** The newest that is known of each other member. */
  beats(): readonly HeadsBeat[]
  /** A member says to have another root for the same heads, removals and checkpoint. */
  doubt(difference: { readonly member: PublicKey; readonly ours: RootHash; readonly theirs: RootHash }): Promise<void>
  /** Genuine ones count, others are left out. */
  acknowledge(beats: readonly HeadsBeat[]): Promise<void>
  /** As bytes. Applied, waiting or parked. */
  encodedDelta(id: DeltaId): Bytes | undefined
  receive(deltas: readonly Delta[], from: PeerId | undefined): Promise<unknown>
  /** How far history is pruned here. */
  checkpoint(): CertifiedCheckpoint | undefined
  /** What another part of the group stands on, and may not be taken here. */
  other(): CertifiedCheckpoint | undefined
  /** Prunes to a peer's where just what it contains is held here; `behind`: only its snapshot brings us there. */
  advance(certified: CertifiedCheckpoint): Promise<'none' | 'taken' | 'behind'>
  /** The state at our checkpoint, which this is the hash of, from behind a key on. Throws when it is another by now. */
  snapshot(checkpoint: Bytes, after: Bytes | undefined): AsyncIterable<readonly [Bytes, Bytes]>
  /** From one peer at a time. True when the state was replaced: this object has ended then. `over`: another peer has its turn. */
  adopt(
    checkpoint: CertifiedCheckpoint,
    from: PeerId,
    pages: (after: Bytes | undefined, over: AbortSignal) => AsyncIterable<readonly (readonly [Bytes, Bytes])[]>,
  ): Promise<boolean>
  base(): AsyncIterable<readonly [Bytes, Bytes]>
  /** The tree of our state, to be closed; undefined where it has another root by now. */
  tree(root: RootHash): TreeView | undefined
}

/** What an attestation is to be made for. */
export interface Challenge {
  readonly namespaceId: NamespaceId
  /** 32 bytes. */
  readonly nonce: Bytes
}

/** Who is let in by attestation. What is thrown says why not, and the asker is told. */
export interface AdmissionDesk {
  challenge(groupId: GroupId, asker: PublicKey): Challenge
  admit(
    asker: PublicKey,
    request: { readonly namespaceId: NamespaceId; readonly member: MemberKeys; readonly attestation: Attestation },
  ): Promise<void>
}

export interface Directory {
  /** Undefined where nobody is let in that way. */
  readonly admission?: AdmissionDesk | undefined
  namespace(id: NamespaceId): SyncedNamespace | undefined
  /** The namespace of a context that is here. */
  namespaceOf(id: ContextId): SyncedNamespace | undefined
  /** Those whose log says that an application's code is this blob. */
  namespacesNaming(blobId: BlobId): NamespaceId[]
  /** The group of a context decides who may have it. */
  mayRead(id: ContextId, publicKey: PublicKey): boolean
  /** Undefined while its state is not here. */
  context(id: ContextId): Promise<SyncedContext | undefined>
  /** What a member shows for the moment. Neither its signature nor its author is checked. */
  receivePresence(presence: Presence): void
}
