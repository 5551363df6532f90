// What an operator does with groups: one signed operation each, after which keys and contexts of this node follow it.
import { type AccountId, type ContextId, type GroupId, idBase58, type NamespaceId } from '../../base/ids.ts'
import type { OpBody, Role } from '../../base/operations.ts'
import type { Contexts } from '../contexts.ts'
import { ContextError } from '../errors.ts'
import type { Outbound } from '../ports.ts'
import type { Joiner } from './joiner.ts'
import { lowerMember } from './membership.ts'
import type { Namespaces } from './namespaces.ts'

export interface AdministrationParts {
  readonly namespaces: Namespaces
  readonly contexts: Contexts
}

/** Throws GROUP_NOT_FOUND, NOT_ALLOWED with the rule against it. Resolves when it is in force here. */
export async function govern(
  { namespaces, contexts }: AdministrationParts,
  groupId: GroupId,
  body: OpBody,
): Promise<void> {
  const namespace = namespaces.ofGroup(groupId)
  await namespace.submit(body)
  for (const id of namespace.state.groupsWithin(groupId)) await namespace.renewKey(id)
  await contexts.residence.settle(namespace.id)
}

export interface NewMember {
  readonly account: AccountId
  readonly role: Role
}

/**
 * Adds members of the namespace to a group; who is in it gets the role. Who has just joined the namespace is waited for
 * a little. Throws GROUP_NOT_FOUND, NOT_ALLOWED; those before the one that was refused are added.
 */
export async function addMembers(
  { namespaces, contexts }: AdministrationParts,
  groupId: GroupId,
  { members, signal }: { readonly members: readonly NewMember[]; readonly signal: AbortSignal },
): Promise<void> {
  const namespace = namespaces.ofGroup(groupId)
  for (const { account, role } of members) {
    const before = namespace.state.groups.get(groupId)?.members.get(account)
    if (before === role) continue
    if (before !== undefined) {
      if (role === 'ReadOnly') await lowerMember({ namespaces, contexts }, groupId, account)
      else await namespace.submit({ kind: 'role_set', groupId, account, role })
      continue
    }
    // Of the namespace itself whoever has been in it may be added: no use to wait.
    if (groupId !== namespace.id) await namespaces.knows(namespace, account, { signal })
    await namespace.submit({ kind: 'member_added', groupId, account, role })
  }
}

/** Takes a context out of its group, on every node and for good. Throws CONTEXT_NOT_FOUND, NOT_ALLOWED. */
export async function detachContext(
  parts: AdministrationParts,
  contextId: ContextId,
  groupId?: GroupId,
): Promise<void> {
  const found = parts.namespaces.list().flatMap(({ state }) => state.contexts.get(contextId) ?? [])
  const context = found.find((each) => groupId === undefined || each.groupId === groupId)
  if (!context)
    throw new ContextError('CONTEXT_NOT_FOUND', `context ${idBase58(contextId)} is in no such group of this node`)
  await govern(parts, context.groupId, { kind: 'context_detached', contextId })
}

export interface DeletionParts extends AdministrationParts {
  readonly joiner: Joiner
  readonly outbound: Pick<Outbound, 'unfollowNamespace'>
}

/**
 * Removes a namespace with all its contexts from this node; others keep theirs. Throws NAMESPACE_NOT_FOUND, NOT_ALLOWED for
 * a member that is no admin of it.
 */
export async function deleteNamespace(parts: DeletionParts, id: NamespaceId, account: AccountId): Promise<void> {
  const { namespaces, contexts, joiner, outbound } = parts
  const namespace = namespaces.get(id)
  const role = namespace.state.roleIn(id, account)
  if (role !== undefined && role !== 'Admin') {
    throw new ContextError('NOT_ALLOWED', `only an admin of namespace ${id} deletes it; a member leaves it`)
  }
  outbound.unfollowNamespace(id)
  await namespace.close()
  await joiner.part(namespace)
  await contexts.residence.dropAll(id)
  await namespaces.forget(namespace)
}
