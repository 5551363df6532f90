// What groups are told about themselves: metadata, who follows what, the application that is run and where it is.
import type { AccountId, ApplicationId, ContextId } from '../../base/ids.ts'
import { applicationIdOf } from '../../base/operations.ts'
import { CAPABILITY } from '../capabilities.ts'
import { APPLICATIONS_BEFORE_MAX } from '../limits.ts'
import type { NamespaceSnapshot } from '../namespace-snapshot.ts'
import type { ContextRecord, MetadataRecord } from '../namespace-state.ts'
import type { GroupRecord } from '../snapshot-parts.ts'
import { hasBit, isAdmin } from './members.ts'
import type { OpOf, Rule } from './rule.ts'

export const metadataSet: Rule<'metadata_set'> = {
  refusal(state, { body: { groupId, account, contextId } }, author) {
    if (!state.groups.has(groupId)) return 'no such group'
    if (account !== undefined && contextId !== undefined) return 'it is about a member and a context at once'
    if (contextId !== undefined && state.contexts.get(contextId)?.groupId !== groupId) return 'no such context in it'
    if (account !== undefined && state.roleIn(groupId, account) === undefined) return 'no member of the group'
    if (account === author) return undefined
    return hasBit(state, groupId, author, CAPABILITY.manageMetadata) ? undefined : 'the author may not set metadata'
  },
  effect(state, op) {
    const { groupId, account, contextId } = op.body
    const group = state.groups.get(groupId)
    if (group === undefined) return state
    const record = recordOf(op)
    if (contextId !== undefined) return withContextRecord(state, contextId, record)
    if (account === undefined) return state.withGroup({ ...group, metadata: record })
    if (state.roleIn(groupId, account) === undefined) return state
    return state.withGroup({ ...group, memberMetadata: group.memberMetadata.set(account, record) })
  },
}

function recordOf({ author, hlc, body: { name, fields } }: OpOf<'metadata_set'>): MetadataRecord {
  return { ...(name === undefined ? {} : { name }), fields, updatedHlc: hlc, updatedBy: author }
}

function withContextRecord(state: NamespaceSnapshot, id: ContextId, metadata: MetadataRecord): NamespaceSnapshot {
  const context = state.contexts.get(id)
  return context === undefined ? state : state.withContext({ ...context, metadata })
}

export const autoFollowSet: Rule<'auto_follow_set'> = {
  refusal(state, { body: { groupId, account } }, author) {
    if (!state.groups.has(groupId)) return 'no such group'
    if (state.roleIn(groupId, account) === undefined) return 'no member of the group'
    return account === author || isAdmin(state, groupId, author)
      ? undefined
      : 'only the member itself or an admin says what it follows'
  },
  effect(state, { body: { groupId, account, contexts, subgroups } }) {
    const group = state.groups.get(groupId)
    if (group === undefined || state.roleIn(groupId, account) === undefined) return state
    return state.withGroup({ ...group, autoFollow: group.autoFollow.set(account, { contexts, subgroups }) })
  },
}

export const applicationSet: Rule<'application_set'> = {
  refusal(state, { body: { groupId, applicationId } }, author) {
    const group = state.groups.get(groupId)
    if (group === undefined) return 'no such group'
    if (!mayUpgrade(state, group, author)) return 'the author may not set the application'
    if (group.applicationId === applicationId) return 'the group has this application already'
    return state.applications.has(applicationId) ? undefined : 'nobody has said where the application is'
  },
  effect(state, op) {
    const { groupId, applicationId, cascade } = op.body
    const from = state.groups.get(groupId)?.applicationId
    if (from === undefined || from === applicationId) return state
    const groups = cascade ? state.groupsWithin(groupId) : [groupId]
    return groups.reduce((after, id) => {
      const group = after.groups.get(id)
      return group?.applicationId === from ? upgraded(after, group, op) : after
    }, state)
  },
}

function mayUpgrade(state: NamespaceSnapshot, group: GroupRecord, author: AccountId): boolean {
  return hasBit(state, group.id, author, CAPABILITY.manageApplication)
}

/** With those of its contexts that run what it had before. */
function upgraded(state: NamespaceSnapshot, group: GroupRecord, op: OpOf<'application_set'>): NamespaceSnapshot {
  const { applicationId: to, groupId, cascade } = op.body
  const from = group.applicationId
  const facts = { from, to, hlc: op.hlc, by: op.author, cascaded: group.id !== groupId }
  const upgrade = cascade ? { ...facts, isCascade: true as const } : facts
  const changed = state.withGroup({ ...group, applicationId: to, upgrade })
  return [...group.contexts.values()]
    .filter(({ applicationId }) => applicationId === from)
    .reduce((after, context) => after.withContext(running(context, to)), changed)
}

/** Which application comes after which says what becomes of its state; what has made the context is never forgotten. */
function running({ ran: before = [], ...context }: ContextRecord, to: ApplicationId): ContextRecord {
  const all = [...before, context.applicationId]
  const place = all.indexOf(to)
  const kept = all.slice(0, place === -1 ? all.length : place)
  const ran = [...kept.slice(0, 1), ...kept.slice(1).slice(1 - APPLICATIONS_BEFORE_MAX)]
  return { ...context, applicationId: to, ...(ran.length === 0 ? {} : { ran }) }
}

export const applicationKnown: Rule<'application_known'> = {
  refusal(state, { author, body: { applicationId, blobId } }) {
    // Said first it would stand in the way of the truth for ever.
    if (applicationIdOf(blobId) !== applicationId) return 'the application has another code'
    if (state.applications.has(applicationId)) return 'the application is known'
    return state.memberOf(author) === undefined ? 'the author is no member' : undefined
  },
  effect(state, { body: { kind: _kind, applicationId, ...facts } }) {
    if (state.applications.has(applicationId)) return state
    return state.with({ applications: state.applications.set(applicationId, { id: applicationId, ...facts }) })
  },
}
