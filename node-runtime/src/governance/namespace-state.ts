// What a namespace is at one causal cut. Immutable; versions share structure.
import type {
  AccountId,
  ApplicationId,
  BlobId,
  ContextId,
  GroupId,
  NamespaceId,
  OpId,
  PublicKey,
  RootHash,
} from '../base/ids.ts'
import type { MemberKeys, PinnedHeads, Role, StorageKind, Visibility } from '../base/operations.ts'

export interface Member extends MemberKeys {
  readonly joinedHlc: bigint
}

export interface GroupState {
  readonly id: GroupId
  /** Absent in the namespace itself. */
  readonly parentId?: GroupId
  readonly name?: string
  readonly visibility: Visibility
  readonly creator: PublicKey
  /** Direct members; inheritance is in `roleIn`. */
  readonly members: ReadonlyMap<AccountId, Role>
  readonly defaultCapabilities: number
  /** Explicit values only. */
  readonly capabilities: ReadonlyMap<AccountId, number>
  /** Accounts that left or were removed: they inherit nothing here until added again. */
  readonly departed: ReadonlyMap<AccountId, Departure>
}

export interface Departure {
  readonly how: 'left' | 'removed'
  readonly op: OpId
  readonly pinned?: PinnedHeads
}

export interface ContextRecord {
  readonly id: ContextId
  readonly groupId: GroupId
  readonly applicationId: ApplicationId
  readonly baseRoot: RootHash
  readonly storage: StorageKind
  readonly creator: PublicKey
  readonly name?: string
  readonly serviceName?: string
}

export interface ApplicationRecord {
  readonly id: ApplicationId
  readonly blobId: BlobId
  readonly size: number
  readonly source?: string
  readonly package?: string
  readonly version?: string
}

export interface NamespaceState {
  readonly namespaceId: NamespaceId
  /** Absent before genesis. */
  readonly applicationId?: ApplicationId
  readonly name?: string
  readonly createdAtMs: number
  /** The namespace itself is one of them. */
  readonly groups: ReadonlyMap<GroupId, GroupState>
  readonly members: ReadonlyMap<AccountId, Member>
  readonly contexts: ReadonlyMap<ContextId, ContextRecord>
  readonly applications: ReadonlyMap<ApplicationId, ApplicationRecord>
  /** Direct, or inherited through open groups. */
  roleIn(groupId: GroupId, account: AccountId): Role | undefined
  /** Bits of `CAPABILITY`: all for an admin, none for who is not a member. */
  capabilitiesIn(groupId: GroupId, account: AccountId): number
  memberOf(publicKey: PublicKey): Member | undefined
  canWrite(contextId: ContextId, publicKey: PublicKey): boolean
  isMember(groupId: GroupId, publicKey: PublicKey): boolean
  /** SHA-256 in hex, equal iff the group's state is; for the namespace, iff the whole state is. */
  groupStateHash(groupId: GroupId): string
}
