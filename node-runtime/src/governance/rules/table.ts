// The table of all kinds of operations: who may, what it does, whose rights it takes.
import type { AccountId, GroupId, NamespaceId } from '../../base/ids.ts'
import { accountOf } from '../../base/keys.ts'
import type { OpBody, Operation } from '../../base/operations.ts'
import type { NamespaceSnapshot } from '../namespace-snapshot.ts'
import { teeAdmitted, teePolicySet } from './attested.ts'
import { contextCreated, contextDetached } from './contexts.ts'
import { groupCreated, groupDeleted, groupMoved, namespaceCreated, visibilitySet } from './groups.ts'
import { keyRotated } from './keys.ts'
import { withNothingGiven, withRemoval } from './losses.ts'
import { capabilitiesSet, memberAdded, memberJoined, memberRemoved, roleSet } from './members.ts'
import { proposalApproved, proposalMade, settledAfter } from './proposals.ts'
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
  tee_policy_set: teePolicySet,
  tee_admitted: teeAdmitted,
}

// The compiler cannot see that the rule of a body's kind takes that body.
function ruleOf(op: Pick<Operation, 'body'>): Rule<OpBody['kind']> {
  return RULES[op.body.kind] as unknown as Rule<OpBody['kind']>
}

export function refusalOf(state: NamespaceSnapshot, op: Operation): string | undefined {
  return ruleOf(op).refusal(state, op, accountOf(op.author))
}

/** They change who may write: proposals may have enough approvals with it, or lose their author. */
const CHANGE_WRITERS: ReadonlySet<OpBody['kind']> = new Set<OpBody['kind']>([
  'member_joined',
  'member_added',
  'member_removed',
  'role_set',
  'capabilities_set',
  'visibility_set',
  'group_moved',
  'group_deleted',
])

export function effectOf(state: NamespaceSnapshot, op: Operation): NamespaceSnapshot {
  const after = ruleOf(op).effect(state, op, accountOf(op.author))
  return CHANGE_WRITERS.has(op.body.kind) ? settledAfter(after, op.id) : after
}

/**
 * What comes of an operation that is void: where it gave somebody a group, that one may have got its keys, from whoever did not
 * know better, and they are due to change. Whom it made a writer goes on to write on the cut of then, and is in the place of a
 * removed member there.
 */
export function voidEffectOf(state: NamespaceSnapshot, op: Operation): NamespaceSnapshot {
  const { id, hlc, namespaceId, body } = op
  const groupId = givenBy(body, namespaceId)
  if (groupId === undefined) return state
  const after = withRemoval(state, groupId, { op: id, hlc, groupId, how: 'void' })
  if (body.kind === 'member_joined') {
    return withNothingGiven(after, { op, groupId, account: body.member.account, role: body.invitation.role })
  }
  const isRow = body.kind === 'member_added' || body.kind === 'role_set'
  return isRow ? withNothingGiven(after, { op, groupId, account: body.account, role: body.role }) : after
}

/** The group that somebody may have by it, with those beneath. */
function givenBy(body: OpBody, namespaceId: NamespaceId): GroupId | undefined {
  switch (body.kind) {
    case 'member_joined':
      return body.invitation.groupId
    case 'tee_admitted':
      return namespaceId
    case 'member_added':
    case 'role_set':
    case 'capabilities_set':
    case 'group_moved':
      return body.groupId
    case 'visibility_set':
      return body.visibility === 'open' ? body.groupId : undefined
    default:
      return undefined
  }
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
