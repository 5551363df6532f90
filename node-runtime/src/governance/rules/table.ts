// The table of all kinds of operations: who may, what it does, whose rights it takes.
import type { AccountId } from '../../base/ids.ts'
import { accountOf } from '../../base/keys.ts'
import type { OpBody, Operation } from '../../base/operations.ts'
import type { NamespaceSnapshot } from '../namespace-snapshot.ts'
import { contextCreated, contextDetached } from './contexts.ts'
import { groupCreated, groupDeleted, groupMoved, namespaceCreated, visibilitySet } from './groups.ts'
import { keyRotated } from './keys.ts'
import { capabilitiesSet, memberAdded, memberJoined, memberRemoved, roleSet } from './members.ts'
import { proposalApproved, proposalMade } from './proposals.ts'
import { removalPinned } from './removals.ts'
import type { Rule } from './rule.ts'
import { applicationKnown, applicationSet, autoFollowSet, metadataSet } from './settings.ts'

const RULES: { readonly [K in OpBody['kind']]: Rule<K> } = {
  namespace_created: namespaceCreated,
  member_joined: memberJoined,
  member_added: memberAdded,
  member_removed: memberRemoved,
  removal_pinned: removalPinned,
  role_set: roleSet,
  capabilities_set: capabilitiesSet,
  group_created: groupCreated,
  visibility_set: visibilitySet,
  group_moved: groupMoved,
  group_deleted: groupDeleted,
  context_created: contextCreated,
  context_detached: contextDetached,
  metadata_set: metadataSet,
  auto_follow_set: autoFollowSet,
  application_set: applicationSet,
  application_known: applicationKnown,
  key_rotated: keyRotated,
  proposal_made: proposalMade,
  proposal_approved: proposalApproved,
}

// The compiler cannot see that the rule of a body's kind takes that body.
function ruleOf(op: Pick<Operation, 'body'>): Rule<OpBody['kind']> {
  return RULES[op.body.kind] as unknown as Rule<OpBody['kind']>
}

export function refusalOf(state: NamespaceSnapshot, op: Operation): string | undefined {
  return ruleOf(op).refusal(state, op, accountOf(op.author))
}

export function effectOf(state: NamespaceSnapshot, op: Operation): NamespaceSnapshot {
  return ruleOf(op).effect(state, op, accountOf(op.author))
}

/** The account that loses rights by `op`, judged in the state at its cut. */
export function revokedBy(state: NamespaceSnapshot, op: Operation): AccountId | undefined {
  return ruleOf(op).revokes?.(state, op)
}

/** Whose rights `op` rests on. */
export function reliesOn(op: Operation): readonly AccountId[] {
  const author = accountOf(op.author)
  return op.body.kind === 'member_joined' ? [author, accountOf(op.body.invitation.inviter)] : [author]
}
