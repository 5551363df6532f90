// What a snapshot of a namespace is made of, and the bytes that its hashes are taken over.
import { encode as cborEncode } from '@ipld/dag-cbor'
import { type Bytes, utf8 } from '../base/bytes.ts'
import { sha256 } from '../base/hash.ts'
import type { AccountId, ApplicationId, ContextId, GroupId, NamespaceId, OpId } from '../base/ids.ts'
import type { MemberRole } from '../base/operations.ts'
import { IdMap } from './id-map.ts'
import type {
  ApplicationRecord,
  AutoFollow,
  ContextRecord,
  GroupState,
  Member,
  MetadataRecord,
  Removal,
} from './namespace-state.ts'
import type { Removals } from './removals.ts'

export interface MemberRecord extends Member {
  /** Groups with a row of this account. At zero the record moves to `former`. */
  readonly rows: number
  /** Salts of the invitations the account has used, in hex. */
  readonly usedInvitations: readonly string[]
}

export interface GroupRecord extends GroupState {
  readonly members: IdMap<AccountId, MemberRole>
  /** The operations by which a member writes: what gave it its row, and what raised its role since. */
  readonly foundations: IdMap<AccountId, readonly OpId[]>
  readonly capabilities: IdMap<AccountId, number>
  readonly departed: IdMap<AccountId, Removal>
  readonly contexts: IdMap<ContextId, ContextRecord>
  readonly memberMetadata: IdMap<AccountId, MetadataRecord>
  readonly autoFollow: IdMap<AccountId, AutoFollow>
}

export interface SnapshotParts {
  readonly namespaceId: NamespaceId
  readonly createdHlc: bigint
  readonly groups: IdMap<GroupId, GroupRecord>
  readonly members: IdMap<AccountId, MemberRecord>
  /** Keys of accounts without any row, for when they are added again. */
  readonly former: IdMap<AccountId, MemberRecord>
  readonly contexts: IdMap<ContextId, ContextRecord>
  readonly applications: IdMap<ApplicationId, ApplicationRecord>
  readonly removals: Removals
  /** Ids of groups and contexts that were deleted, and when: nothing is made under them again. */
  readonly gone: IdMap<GroupId | ContextId, bigint>
}

/** Without anybody and anything in it. */
export const emptyGroup = () => ({
  members: IdMap.empty<AccountId, MemberRole>(cborEncode),
  foundations: IdMap.empty<AccountId, readonly OpId[]>(cborEncode),
  capabilities: IdMap.empty<AccountId, number>(cborEncode),
  departed: IdMap.empty<AccountId, Removal>(cborEncode),
  contexts: IdMap.empty<ContextId, ContextRecord>(contextBytes),
  memberMetadata: IdMap.empty<AccountId, MetadataRecord>(cborEncode),
  autoFollow: IdMap.empty<AccountId, AutoFollow>(cborEncode),
})

/** The id of a proposal's operation covers its actions, and there may be many. */
export function contextBytes({ proposals, ...plain }: ContextRecord): Uint8Array {
  if (proposals === undefined) return cborEncode(plain)
  const bare = <P extends { readonly actions: Bytes }>({ actions: _actions, ...rest }: P) => rest
  const { active, deleted, done, ...settings } = proposals
  const lists = { active: active.map(bare), deleted: deleted.map(bare), done: done.map(bare) }
  return cborEncode({ ...plain, proposals: { ...settings, ...lists } })
}

export function groupBytes(group: GroupRecord): Uint8Array {
  const { members, foundations, capabilities, departed, contexts, memberMetadata, autoFollow, keys, ...plain } = group
  return cborEncode({
    ...plain,
    // As one text: there may be many, and each operation of the group has them hashed anew.
    keys: sha256(utf8(keys.map(({ keyId, covers }) => keyId + covers).join(''))),
    memberMetadata: memberMetadata.digest(),
    autoFollow: autoFollow.digest(),
    members: members.digest(),
    foundations: foundations.digest(),
    capabilities: capabilities.digest(),
    departed: departed.digest(),
    contexts: contexts.digest(),
  })
}

export function wholeContent(parts: SnapshotParts): object {
  const { groups, members, former, contexts, applications, removals, gone, ...plain } = parts
  return {
    ...plain,
    groups: groups.digest(),
    members: members.digest(),
    former: former.digest(),
    contexts: contexts.digest(),
    applications: applications.digest(),
    removals: removals.digest(),
    gone: gone.digest(),
  }
}
