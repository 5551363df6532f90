// What a namespace is at one causal cut, as others read it. Immutable; versions share structure.
import type { Bytes } from '../base/bytes.ts'
import type {
  AccountId,
  ApplicationId,
  BlobId,
  ContextId,
  GroupId,
  KeyId,
  NamespaceId,
  OpId,
  ProposalId,
  PublicKey,
  RootHash,
} from '../base/ids.ts'
import type {
  Measurements,
  MemberKeys,
  MemberRole,
  MetadataField,
  PinnedHeads,
  StorageKind,
  TeePolicy,
  Visibility,
} from '../base/operations.ts'

/** Digest of the removals where nobody was removed. */
export const NO_REMOVALS: Bytes = new Uint8Array(32)

export interface Member extends MemberKeys {
  readonly joinedHlc: bigint
  /** What it was let in with; only of who has the role `ReadOnlyTee`. */
  readonly attested?: Measurements
}

/** One key of a group. */
export interface GroupKeyRecord {
  readonly keyId: KeyId
  /** The removals after which it was made, as `removalsDigest` in hex. */
  readonly covers: string
}

/** Name and free fields of a group, a member or a context. */
export interface MetadataRecord {
  readonly name?: string
  /** Ascending by key. */
  readonly fields: readonly MetadataField[]
  readonly updatedHlc: bigint
  readonly updatedBy: PublicKey
}

/** What a member's node takes in by itself; without a record of its own, everything. */
export interface AutoFollow {
  readonly contexts: boolean
  readonly subgroups: boolean
}

/** The last change of a group's application. */
export interface GroupUpgrade {
  readonly from: ApplicationId
  readonly to: ApplicationId
  readonly hlc: bigint
  readonly by: PublicKey
  /** Came with that of a group above. */
  readonly cascaded: boolean
  /** Was of this group with all beneath it, or came with such a one. */
  readonly isCascade?: true
}

export interface GroupState {
  readonly id: GroupId
  /** Absent in the namespace itself. */
  readonly parentId?: GroupId
  /** What its contexts run. */
  readonly applicationId: ApplicationId
  readonly upgrade?: GroupUpgrade
  readonly metadata?: MetadataRecord
  readonly memberMetadata: ReadonlyMap<AccountId, MetadataRecord>
  readonly autoFollow: ReadonlyMap<AccountId, AutoFollow>
  readonly visibility: Visibility
  /** Owner: cannot be removed from this group, nor lowered in it. */
  readonly creator: PublicKey
  /** Direct members; inheritance is in `roleIn`. */
  readonly members: ReadonlyMap<AccountId, MemberRole>
  readonly defaultCapabilities: number
  /** Explicit values of direct members. */
  readonly capabilities: ReadonlyMap<AccountId, number>
  /** Accounts that left or were removed: they inherit nothing here until added again. */
  readonly departed: ReadonlyMap<AccountId, Removal>
  readonly contexts: ReadonlyMap<ContextId, ContextRecord>
  /** In canonical order of the operations that name them: the first one, or those that cover what the last one covers. */
  readonly keys: readonly GroupKeyRecord[]
  /** Of the namespace itself: which attested nodes are let in; absent: none. */
  readonly teePolicy?: TeePolicy
}

/** Whose removal it is: an account, or a group, where a way of inheriting ends for all who came by it. */
export type Removed = AccountId | GroupId

/** A member that may not write any more, or not even read. */
export interface Removal {
  readonly op: OpId
  readonly hlc: bigint
  readonly groupId: GroupId
  /**
   * Whoever left may come back with a new invitation; whoever was removed must be added; who was lowered reads on. Shut is
   * a way by which groups were inherited (`ways.ts`): into the group from above, or through it to those beneath. A policy
   * that lets fewer attested nodes in takes all from those it names no more: they never wrote, so only keys depend on it.
   * Only keys depend on what is void, too, by which somebody had the group, and its keys, where that was not known yet. Not given
   * is what an account could write by that, and writes on a cut in which it stands.
   */
  readonly how:
    | 'left'
    | 'removed'
    | 'lowered'
    | 'shut from above'
    | 'shut beneath'
    | 'not attested'
    | 'void'
    | 'not given'
  /** Where it is a group's: accounts that have not lost anything by it. Ascending. */
  readonly kept?: readonly AccountId[]
  /** By whoever removed. */
  readonly pinned?: PinnedHeads
  /** By others afterwards, ascending by who. */
  readonly said?: readonly Word[]
  /** All that is `said` together; heads in ascending order. */
  readonly witnessed?: PinnedHeads
}

/** What a witness of a removal had accepted; heads in ascending order. */
export interface Word {
  readonly by: AccountId
  readonly pinned: PinnedHeads
}

export interface ContextRecord {
  readonly id: ContextId
  readonly groupId: GroupId
  readonly applicationId: ApplicationId
  /** What it ran before, the one that has made it, then the last ones, up to where it runs one of these again; absent: nothing else. */
  readonly ran?: readonly ApplicationId[]
  readonly createdBy: OpId
  readonly baseRoot: RootHash
  readonly storage: StorageKind
  readonly creator: PublicKey
  readonly metadata?: MetadataRecord
  readonly serviceName?: string
  /** Absent where nothing was ever proposed. */
  readonly proposals?: ContextProposals
}

/** One that waits for approval. */
export interface Proposal {
  /** What made it. */
  readonly op: OpId
  /** What its author calls it; others may call theirs the same. */
  readonly id: ProposalId
  readonly author: PublicKey
  readonly actions: Bytes
  readonly madeHlc: bigint
  /** In the order in which they came to count, the author's first. */
  readonly approvals: readonly PublicKey[]
}

export interface ContextProposals {
  /** Of members who may write, or all of them where there are fewer. */
  readonly approvalsNeeded: number
  /** Of one author. */
  readonly activeMax: number
  /** In the order in which they were made. */
  readonly active: readonly Proposal[]
  /** The newest that were deleted: approvals by who had not heard of it still count. */
  readonly deleted: readonly Proposal[]
  /** Ascending by key. */
  readonly values: readonly { readonly key: Bytes; readonly value: Bytes }[]
  /** The newest that were approved and carried out, the latest last. */
  readonly done: readonly DoneProposal[]
}

export interface DoneProposal extends Pick<Proposal, 'op' | 'id' | 'author' | 'actions'> {
  /** With which it had enough: an approval, or a change of who may write. */
  readonly by: OpId
  /** Places of the actions for which there was no room; absent where all were carried out. */
  readonly left?: readonly number[]
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
  /** Of the namespace itself, its root group; absent before genesis. */
  readonly applicationId: ApplicationId | undefined
  readonly name: string | undefined
  readonly createdAtMs: number
  /** The namespace itself is one of them. */
  readonly groups: ReadonlyMap<GroupId, GroupState>
  /** Everybody with a row in some group. */
  readonly members: ReadonlyMap<AccountId, Member>
  readonly contexts: ReadonlyMap<ContextId, ContextRecord>
  readonly applications: ReadonlyMap<ApplicationId, ApplicationRecord>
  /** Groups and contexts that were deleted, with the stamp of the operation. */
  readonly gone: ReadonlyMap<GroupId | ContextId, bigint>
  /** Direct, or inherited through open groups; what an attested member has in the namespace it has in all its groups. */
  roleIn(groupId: GroupId, account: AccountId): MemberRole | undefined
  /** What its node takes in by itself: from the row that its membership of the group rests on. */
  autoFollowIn(groupId: GroupId, account: AccountId): AutoFollow
  /** Bits of `CAPABILITY`: all for an admin, none without a row in the group itself, or for an attested member. */
  capabilitiesIn(groupId: GroupId, account: AccountId): number
  /** In whatever group of the namespace. */
  memberOf(publicKey: PublicKey): Member | undefined
  canWrite(contextId: ContextId, publicKey: PublicKey): boolean
  isMember(groupId: GroupId, publicKey: PublicKey): boolean
  /** Every removal of the account, or group, so far, in canonical order; also those that an addition followed. */
  removalsOf(account: Removed): readonly Removal[]
  /**
   * Removals of `publicKey` from the context's group, or a group above it, that are known here and were not at `cut`,
   * the state its delta cites: the delta is void unless it is in the past of what each of them pins (`pinsOf`).
   */
  removalsUnseen(contextId: ContextId, publicKey: PublicKey, cut: NamespaceState): readonly Removal[]
  /** Removals from the context's group and the groups above it, and those that pin something in it, with whom they removed. */
  removalsIn(contextId: ContextId): readonly (readonly [Removed, Removal])[]
  /** Equal iff the removals that touch the context are, and what they pin there; all zero when there was none. */
  judgement(contextId: ContextId): Bytes
  /** The group and all beneath it. */
  groupsWithin(groupId: GroupId): readonly GroupId[]
  /** SHA-256 over the removals, sorted, by which somebody has lost this group; all zero when there was none. */
  removalsDigest(groupId: GroupId): Bytes
  /** That of a group which is made beneath this one now. */
  removalsDigestBeneath(parentId: GroupId): Bytes
  /**
   * The keys that fit this state, the latest first: made after every removal up to here. A delta that cites it must be
   * sealed with one of them. None: a member was removed since the last rotation, so a new key is due.
   */
  fittingKeys(groupId: GroupId): readonly KeyId[]
  /** SHA-256 in hex, equal iff the group's state is; for the namespace, iff the whole state is. */
  groupStateHash(groupId: GroupId): string
}
