// The table of all kinds of operations, and the kinds that make things: namespace, groups, contexts, applications.
import { type Bytes, toHex } from '../base/bytes.ts'
import type { AccountId, KeyId } from '../base/ids.ts'
import { accountOf } from '../base/keys.ts'
import { contextIdOf, groupIdOf, namespaceIdOf, type OpBody, type Operation } from '../base/operations.ts'
import { CAPABILITY, DEFAULT_CAPABILITIES } from './capabilities.ts'
import { keyRotated } from './key-rules.ts'
import { GROUP_DEPTH_MAX } from './limits.ts'
import { capabilitiesSet, hasBit, isAdmin, memberAdded, memberJoined, memberRemoved, roleSet } from './member-rules.ts'
import {
  emptyContexts,
  emptyNumbers,
  emptyRemovals,
  emptyRoles,
  type GroupRecord,
  type NamespaceSnapshot,
} from './namespace-snapshot.ts'
import { type ContextRecord, NO_REMOVALS } from './namespace-state.ts'
import { removalPinned } from './removal-rules.ts'
import type { Rule } from './rule.ts'

const namespaceCreated: Rule<'namespace_created'> = {
  refusal(state, { author, body: { admin, salt } }, account) {
    if (namespaceIdOf(author, salt) !== state.namespaceId) return 'the namespace is not the author’s'
    if (admin.publicKey !== author || admin.account !== account) return 'the first admin is not the author'
    return state.root === undefined ? undefined : 'the namespace exists'
  },
  effect(state, { author, hlc, body: { applicationId, name, admin, keyId } }) {
    if (state.root !== undefined) return state
    const root = newGroup({
      id: state.namespaceId,
      creator: author,
      visibility: 'restricted',
      keyId,
      covers: NO_REMOVALS,
      ...named(name),
    })
    return state
      .with({ applicationId, createdHlc: hlc, ...named(name) })
      .withGroup(root)
      .withRow(root.id, admin.account, 'Admin', { ...admin, joinedHlc: hlc })
  },
}

const groupCreated: Rule<'group_created'> = {
  refusal(state, { author, body: { groupId, parentId, covers, salt } }, account) {
    if (groupIdOf(state.namespaceId, author, salt) !== groupId) return 'the group id is not made from author and salt'
    if (!state.groups.has(parentId)) return 'no such parent group'
    if (state.groups.has(groupId)) return 'the group exists'
    if (toHex(covers) !== toHex(state.removalsDigest(parentId))) return 'its key does not cover the removals before it'
    if (state.depthOf(parentId) + 1 >= GROUP_DEPTH_MAX) return `groups nest at most ${GROUP_DEPTH_MAX} deep`
    const atRoot = parentId === state.namespaceId
    const may =
      isAdmin(state, state.namespaceId, account) ||
      (atRoot && hasBit(state, parentId, account, CAPABILITY.createSubgroup))
    return may ? undefined : 'the author may not create groups here'
  },
  effect(state, { author, body: { groupId, parentId, keyId, covers, name, visibility } }, account) {
    if (state.groups.has(groupId) || !state.groups.has(parentId)) return state
    const group = newGroup({ id: groupId, parentId, creator: author, visibility, keyId, covers, ...named(name) })
    return state.withGroup(group).withRow(groupId, account, 'Admin')
  },
}

type NewGroup = Pick<GroupRecord, 'id' | 'parentId' | 'creator' | 'visibility' | 'name'> & {
  readonly keyId: KeyId
  readonly covers: Bytes
}

function newGroup({ keyId, covers, ...facts }: NewGroup): GroupRecord {
  return {
    ...facts,
    members: emptyRoles(),
    defaultCapabilities: DEFAULT_CAPABILITIES,
    capabilities: emptyNumbers(),
    departed: emptyRemovals(),
    contexts: emptyContexts(),
    keys: [{ keyId, covers: toHex(covers) }],
  }
}

const visibilitySet: Rule<'visibility_set'> = {
  refusal(state, { body: { groupId } }, account) {
    if (!state.groups.has(groupId)) return 'no such group'
    return hasBit(state, groupId, account, CAPABILITY.manageVisibility)
      ? undefined
      : 'the author may not set visibility'
  },
  effect(state, { body: { groupId, visibility } }) {
    const group = state.groups.get(groupId)
    return group === undefined ? state : state.withGroup({ ...group, visibility })
  },
}

const contextCreated: Rule<'context_created'> = {
  refusal(state, { author, body: { contextId, groupId, salt } }, account) {
    if (contextIdOf(state.namespaceId, author, salt) !== contextId)
      return 'the context id is not made from author and salt'
    if (!state.groups.has(groupId)) return 'no such group'
    if (state.contexts.has(contextId)) return 'the context exists'
    return hasBit(state, groupId, account, CAPABILITY.createContext) ? undefined : 'the author may not create contexts'
  },
  effect(state, { author, body }) {
    const group = state.groups.get(body.groupId)
    if (group === undefined || state.contexts.has(body.contextId)) return state
    const { contextId, groupId, applicationId, baseRoot, storage, name, serviceName } = body
    const record: ContextRecord = {
      id: contextId,
      groupId,
      applicationId,
      baseRoot,
      storage,
      creator: author,
      ...named(name),
      ...(serviceName === undefined ? {} : { serviceName }),
    }
    return state
      .withGroup({ ...group, contexts: group.contexts.set(contextId, record) })
      .with({ contexts: state.contexts.set(contextId, record) })
  },
}

const applicationKnown: Rule<'application_known'> = {
  refusal(state, { author, body: { applicationId } }) {
    if (state.applications.has(applicationId)) return 'the application is known'
    return state.memberOf(author) === undefined ? 'the author is no member' : undefined
  },
  effect(state, { body: { kind: _kind, applicationId, ...facts } }) {
    if (state.applications.has(applicationId)) return state
    return state.with({ applications: state.applications.set(applicationId, { id: applicationId, ...facts }) })
  },
}

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
  context_created: contextCreated,
  application_known: applicationKnown,
  key_rotated: keyRotated,
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

function named(name: string | undefined): { readonly name?: string } {
  return name === undefined ? {} : { name }
}
