// Who goes: a removal pins what was accepted from the member, and what is written from then on is sealed anew.
import type { AccountId, ContextId, DeltaId, GroupId } from '../../base/ids.ts'
import { PARENTS_MAX, PINNED_CONTEXTS_MAX } from '../../wire/limits.ts'
import type { Contexts } from '../contexts.ts'
import type { Namespace } from './namespace.ts'
import type { Namespaces } from './namespaces.ts'

export interface MembershipParts {
  readonly namespaces: Namespaces
  readonly contexts: Contexts
}

/**
 * Removes an account from a group, from the namespace with all its groups, or makes our own leave. Resolves when it is
 * stored here; others hear of it by gossip. Throws ContextError GROUP_NOT_FOUND, NOT_ALLOWED with the rule against it.
 */
export async function removeMember(parts: MembershipParts, groupId: GroupId, account: AccountId): Promise<void> {
  const namespace = parts.namespaces.ofGroup(groupId)
  const groups = namespace.state.groupsWithin(groupId)
  const pinned = await acceptedIn(parts.contexts, namespace, new Set(groups))
  await namespace.submit({ kind: 'member_removed', groupId, account, pinned })
  for (const id of groups) await namespace.renewKey(id)
}

/**
 * The heads of every context here: their past is what was accepted. Of more heads than an operation carries the newest
 * stay out; the next write here joins them.
 */
async function acceptedIn(contexts: Contexts, namespace: Namespace, groups: ReadonlySet<GroupId>) {
  const pinned: Record<ContextId, readonly DeltaId[]> = {}
  const affected = [...namespace.state.contexts.values()].filter(({ groupId }) => groups.has(groupId))
  for (const { id } of affected.filter(({ id }) => contexts.has(id)).slice(0, PINNED_CONTEXTS_MAX)) {
    pinned[id] = (await contexts.get(id)).heads().slice(0, PARENTS_MAX)
  }
  return pinned
}
