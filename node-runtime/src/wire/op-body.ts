// The bodies of governance operations. The types are shared plain data (base/operations.ts).
import type {
  AccountId,
  ApplicationId,
  BlobId,
  ContextId,
  DeltaId,
  GroupId,
  KeyId,
  OpId,
  ProposalId,
  RootHash,
} from '../base/ids.ts'
import { type OpBody as Body, ROLES } from '../base/operations.ts'
import { attestation, member, teePolicy } from './attestation.ts'
import { invitation } from './invitation.ts'
import {
  APPLICATION_BYTES_MAX,
  HASH_BYTES,
  METADATA_FIELDS_MAX,
  METADATA_KEY_BYTES_MAX,
  METADATA_VALUE_BYTES_MAX,
  NAME_BYTES_MAX,
  PINNED_CONTEXTS_MAX,
  PINNED_HEADS_MAX,
  PROPOSAL_BYTES_MAX,
  SALT_BYTES,
  SOURCE_BYTES_MAX,
} from './limits.ts'
import { bytes, flag, id, idSet, idTable, oneOf, pairsOf, record, type Shape, text, uint, union } from './shape.ts'

export type OpBody = Body

const name = text(NAME_BYTES_MAX)
const salt = bytes(SALT_BYTES, SALT_BYTES)
const role = oneOf(ROLES)
const visibility = oneOf(['open', 'restricted'])
const groupId = id<GroupId>()
const keyId = id<KeyId>()
const proposalId = id<ProposalId>()
const covers = bytes(HASH_BYTES, HASH_BYTES)
const account = id<AccountId>()
const applicationId = id<ApplicationId>()
const pinned = idTable<ContextId, readonly DeltaId[]>(idSet<DeltaId>(PINNED_HEADS_MAX), PINNED_CONTEXTS_MAX)
const fields = pairsOf(text(METADATA_KEY_BYTES_MAX, 1), text(METADATA_VALUE_BYTES_MAX), METADATA_FIELDS_MAX)

export const opBody: Shape<OpBody> = union<'kind', OpBody>('kind', {
  namespace_created: record({ applicationId, admin: member, keyId, salt }, { name }),
  member_joined: record({ invitation, member }),
  member_added: record({ groupId, account, role }),
  member_removed: record({ groupId, account }, { pinned }),
  removal_pinned: record({ account, removal: id<OpId>(), pinned }),
  role_set: record({ groupId, account, role }, { pinned }),
  capabilities_set: record({ groupId, capabilities: uint(2 ** 32 - 1) }, { account }),
  group_created: record({ groupId, parentId: groupId, keyId, covers, salt, visibility }, { name }),
  visibility_set: record({ groupId, visibility }),
  group_moved: record({ groupId, parentId: groupId }),
  group_deleted: record({ groupId }),
  context_detached: record({ contextId: id<ContextId>() }),
  metadata_set: record({ groupId, fields }, { account, contextId: id<ContextId>(), name }),
  auto_follow_set: record({ groupId, account, contexts: flag(), subgroups: flag() }),
  application_set: record({ groupId, applicationId, cascade: flag() }),
  context_created: record(
    {
      contextId: id<ContextId>(),
      groupId,
      salt,
      applicationId,
      baseRoot: id<RootHash>(),
      storage: oneOf(['guest', 'host']),
    },
    { name, serviceName: name },
  ),
  application_known: record(
    { applicationId, blobId: id<BlobId>(), size: uint(APPLICATION_BYTES_MAX) },
    { source: text(SOURCE_BYTES_MAX), package: name, version: name },
  ),
  key_rotated: record({ groupId, keyId, covers }),
  proposal_made: record({ contextId: id<ContextId>(), proposalId, actions: bytes(PROPOSAL_BYTES_MAX) }),
  proposal_approved: record({ contextId: id<ContextId>(), proposal: id<OpId>() }),
  tee_policy_set: record({}, { policy: teePolicy }),
  tee_admitted: record({ member, attestation }),
})
