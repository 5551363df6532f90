// Governance operations as plain data: what `wire` encodes and `governance` folds. Only types and id derivations here.
import type { Bytes } from './bytes.ts'
import { taggedHash } from './hash.ts'
import {
  type AccountId,
  type ApplicationId,
  type BlobId,
  type ContextId,
  type DeltaId,
  type GroupId,
  idBytes,
  idFromBytes,
  type KemKey,
  type KeyId,
  type NamespaceId,
  type OpId,
  type ProposalId,
  type PublicKey,
  type RootHash,
} from './ids.ts'

/** The index of a role is its number in the HTTP form of an invitation. */
export const ROLES = ['Admin', 'Member', 'ReadOnly'] as const
export type Role = (typeof ROLES)[number]
/** `ReadOnlyTee`: of who came by attestation. Nobody is given it, and who has it is given no other. */
export type MemberRole = Role | 'ReadOnlyTee'

export type Visibility = 'open' | 'restricted'
export type StorageKind = 'guest' | 'host'

export interface MemberKeys {
  /** `accountOf(publicKey)`. */
  readonly account: AccountId
  readonly publicKey: PublicKey
  readonly kemKey: KemKey
}

/** A bearer token: whoever holds it may join, each account once, until it expires. */
export interface Invitation {
  readonly inviter: PublicKey
  readonly namespaceId: NamespaceId
  /** The group joined: the namespace itself, or a group of it. */
  readonly groupId: GroupId
  readonly expiresAtSec: bigint
  /** 32 bytes. */
  readonly salt: Bytes
  readonly role: Role
  /** The inviter's, over all of the above. */
  readonly signature: Bytes
}

/** What a trusted environment says of itself: 48 bytes each. */
export interface Measurements {
  /** Who vouches for it: of a mock nobody does. */
  readonly provider: 'mock'
  readonly mrtd: Bytes
  /** Four of them. */
  readonly rtmrs: readonly Bytes[]
}

/** Which environments a namespace lets in. */
export interface TeePolicy {
  /** Those that only pretend to be one, for tests. */
  readonly acceptMock: boolean
  /** Ascending in bytes, each once; none: any. */
  readonly mrtds: readonly Bytes[]
  /** For each of the four registers, as above. */
  readonly rtmrs: readonly (readonly Bytes[])[]
  /** States of the platform, ascending. A mock has none. */
  readonly tcbStatuses: readonly string[]
}

/** Made for one admission: by whom and with which `nonce` is signed with it. */
export interface Attestation extends Measurements {
  /** 32 bytes, chosen by who admits. */
  readonly nonce: Bytes
  /** By the key that is attested: of a mock nothing else vouches. */
  readonly signature: Bytes
}

/** In each context heads whose past is what was accepted from a removed member: its deltas outside of it are void. */
export type PinnedHeads = Readonly<Record<ContextId, readonly DeltaId[]>>

export interface NamespaceCreated {
  readonly kind: 'namespace_created'
  readonly applicationId: ApplicationId
  readonly name?: string
  readonly admin: MemberKeys
  /** Of the first key of the namespace. */
  readonly keyId: KeyId
  /** 32 bytes; with the admin's key it makes the namespace's id. */
  readonly salt: Bytes
}

export interface MemberJoined {
  readonly kind: 'member_joined'
  readonly invitation: Invitation
  /** The author's own keys. */
  readonly member: MemberKeys
}

export interface MemberAdded {
  readonly kind: 'member_added'
  readonly groupId: GroupId
  readonly account: AccountId
  readonly role: Role
}

export interface MemberRemoved {
  readonly kind: 'member_removed'
  readonly groupId: GroupId
  readonly account: AccountId
  readonly pinned?: PinnedHeads
}

/** What the author has accepted from a removed member, in contexts that the removal itself says nothing of. */
export interface RemovalPinned {
  readonly kind: 'removal_pinned'
  /** Or the group that some had inherited: then what was accepted from all but those who write in it still. */
  readonly account: AccountId | GroupId
  readonly removal: OpId
  readonly pinned: PinnedHeads
}

export interface RoleSet {
  readonly kind: 'role_set'
  readonly groupId: GroupId
  readonly account: AccountId
  readonly role: Role
  /** Where a writer may only read from now on: as of a removed member. */
  readonly pinned?: PinnedHeads
}

export interface CapabilitiesSet {
  readonly kind: 'capabilities_set'
  readonly groupId: GroupId
  /** Absent: the group's default for members without a value of their own. */
  readonly account?: AccountId
  /** Bits of `CAPABILITY`. */
  readonly capabilities: number
}

export interface GroupCreated {
  readonly kind: 'group_created'
  /** `groupIdOf(namespaceId, author, salt)`, so that nobody can take another author's id. */
  readonly groupId: GroupId
  readonly parentId: GroupId
  /** Of the group's first key. */
  readonly keyId: KeyId
  /** `NamespaceState.removalsDigestBeneath(parentId)` as the author saw it: after what the key was made. */
  readonly covers: Bytes
  readonly salt: Bytes
  readonly name?: string
  readonly visibility: Visibility
}

export interface VisibilitySet {
  readonly kind: 'visibility_set'
  readonly groupId: GroupId
  readonly visibility: Visibility
}

/** Moves a group with all beneath it. */
export interface GroupMoved {
  readonly kind: 'group_moved'
  readonly groupId: GroupId
  readonly parentId: GroupId
}

/** With all groups beneath it and their contexts. Their ids are not used again. */
export interface GroupDeleted {
  readonly kind: 'group_deleted'
  readonly groupId: GroupId
}

/** Takes a context out of its group for good: from then on nobody may write or read it. */
export interface ContextDetached {
  readonly kind: 'context_detached'
  readonly contextId: ContextId
}

/** Name and free fields of a group, or of one member or context of it. Replaces what was there. */
export interface MetadataSet {
  readonly kind: 'metadata_set'
  readonly groupId: GroupId
  readonly account?: AccountId
  readonly contextId?: ContextId
  readonly name?: string
  /** Ascending by key, each key once. */
  readonly fields: readonly MetadataField[]
}

export type MetadataField = readonly [key: string, value: string]

/** What the node of a member takes in by itself. */
export interface AutoFollowSet {
  readonly kind: 'auto_follow_set'
  readonly groupId: GroupId
  readonly account: AccountId
  /** Contexts of this group. */
  readonly contexts: boolean
  /** Contexts of groups beneath it that it reaches through this membership. */
  readonly subgroups: boolean
}

/** The application that the contexts of a group run, those included that ran the one before. */
export interface ApplicationSet {
  readonly kind: 'application_set'
  readonly groupId: GroupId
  readonly applicationId: ApplicationId
  /** Also in the groups beneath that had the same application as this one. */
  readonly cascade: boolean
}

export interface ContextCreated {
  readonly kind: 'context_created'
  /** `contextIdOf(namespaceId, author, salt)`, so that nobody can take another author's id. */
  readonly contextId: ContextId
  readonly groupId: GroupId
  readonly salt: Bytes
  readonly applicationId: ApplicationId
  readonly baseRoot: RootHash
  readonly storage: StorageKind
  readonly name?: string
  readonly serviceName?: string
}

/** Where an application's bytes are found. The application id vouches for them, so the first statement stays. */
export interface ApplicationKnown {
  readonly kind: 'application_known'
  readonly applicationId: ApplicationId
  readonly blobId: BlobId
  readonly size: number
  readonly source?: string
  readonly package?: string
  readonly version?: string
}

/** A new key of a group, after which who was removed reads nothing that is written. The key itself travels apart. */
export interface KeyRotated {
  readonly kind: 'key_rotated'
  readonly groupId: GroupId
  readonly keyId: KeyId
  /** `NamespaceState.removalsDigest(groupId)` as the author saw it: the removals after which this key was made. */
  readonly covers: Bytes
}

/** What members of a context are asked to approve. Its author approves it. */
export interface ProposalMade {
  readonly kind: 'proposal_made'
  readonly contextId: ContextId
  /** What its author calls it. Others may call theirs the same: what is approved is this operation, by its own id. */
  readonly proposalId: ProposalId
  /** As older applications write them: a Borsh list of actions. */
  readonly actions: Bytes
}

export interface ProposalApproved {
  readonly kind: 'proposal_approved'
  readonly contextId: ContextId
  /** The `proposal_made` whose actions the author has seen. */
  readonly proposal: OpId
}

/** Which attested nodes the namespace lets in from now on; those that are in and fit no more are out. */
export interface TeePolicySet {
  readonly kind: 'tee_policy_set'
  /** Absent: none. */
  readonly policy?: TeePolicy
}

/** The author has checked the attestation of a node, which becomes a member that only reads. */
export interface TeeAdmitted {
  readonly kind: 'tee_admitted'
  readonly member: MemberKeys
  readonly attestation: Attestation
}

export type OpBody =
  | NamespaceCreated
  | MemberJoined
  | MemberAdded
  | MemberRemoved
  | RemovalPinned
  | RoleSet
  | CapabilitiesSet
  | GroupCreated
  | VisibilitySet
  | GroupMoved
  | GroupDeleted
  | ContextDetached
  | MetadataSet
  | AutoFollowSet
  | ApplicationSet
  | ContextCreated
  | ApplicationKnown
  | KeyRotated
  | ProposalMade
  | ProposalApproved
  | TeePolicySet
  | TeeAdmitted

/** One node of a namespace's DAG. */
export interface Operation {
  readonly id: OpId
  readonly namespaceId: NamespaceId
  readonly author: PublicKey
  /** Sorted, unique; empty only in `namespace_created`. */
  readonly parents: readonly OpId[]
  readonly hlc: bigint
  readonly body: OpBody
}

export function namespaceIdOf(admin: PublicKey, salt: Bytes): NamespaceId {
  return idFromBytes<NamespaceId>(taggedHash('calbox/namespace/1', idBytes(admin), salt))
}

export function groupIdOf(namespaceId: NamespaceId, author: PublicKey, salt: Bytes): GroupId {
  return idFromBytes<GroupId>(taggedHash('calbox/group/1', idBytes(namespaceId), idBytes(author), salt))
}

/** Of the code with this content address, whoever names it. */
export function applicationIdOf(blobId: BlobId): ApplicationId {
  return idFromBytes<ApplicationId>(taggedHash('calbox/application/1', idBytes(blobId)))
}

export function contextIdOf(namespaceId: NamespaceId, author: PublicKey, salt: Bytes): ContextId {
  return idFromBytes<ContextId>(taggedHash('calbox/context/1', idBytes(namespaceId), idBytes(author), salt))
}
