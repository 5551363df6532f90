// Who goes, or may only read from now on: a removal pins what was accepted from the member, and what is written from then on is sealed anew.
import type { AccountId, ContextId, DeltaId, GroupId } from '../../base/ids.ts'
import type { OpBody, PinnedHeads } from '../../base/operations.ts'
import type { Contexts } from '../contexts.ts'
import type { Namespace } from './namespace.ts'
import type { Namespaces } from './namespaces.ts'
import { portionsOf } from './pin-portions.ts'

export interface MembershipParts {
  readonly namespaces: Namespaces
  readonly contexts: Contexts
}

export interface RemovalReport {
  /** Contexts of this node that could not say what was accepted there: others that have them will. */
  readonly unpinned: readonly { readonly contextId: ContextId; readonly reason: string }[]
}

/**
 * Removes an account from a group, from the namespace with all its groups, or makes our own leave. Resolves when it is
 * stored here; others hear of it by gossip. Throws ContextError GROUP_NOT_FOUND, NOT_ALLOWED with the rule against it.
 */
export function removeMember(parts: MembershipParts, groupId: GroupId, account: AccountId): Promise<RemovalReport> {
  return revoke(parts, { groupId, account }, (pinned) => ({ kind: 'member_removed', groupId, account, pinned }))
}

/** Lets a direct member of a group that writes only read. Resolves and throws as `removeMember`. */
export function lowerMember(parts: MembershipParts, groupId: GroupId, account: AccountId): Promise<RemovalReport> {
  return revoke(parts, { groupId, account }, (pinned) => ({
    kind: 'role_set',
    groupId,
    account,
    role: 'ReadOnly',
    pinned,
  }))
}

interface Revoked {
  readonly groupId: GroupId
  readonly account: AccountId
}

async function revoke(
  { namespaces, contexts }: MembershipParts,
  { groupId, account }: Revoked,
  operation: (pinned: PinnedHeads) => OpBody,
): Promise<RemovalReport> {
  const namespace = namespaces.ofGroup(groupId)
  const groups = namespace.state.groupsWithin(groupId)
  const still = new StandingStill()
  try {
    for (const contextId of writableIn(namespace, new Set(groups))) {
      if (contexts.has(contextId)) await still.add(contexts, contextId, account)
    }
    const [first = {}, ...others] = portionsOf(still.pinned)
    const { id: removal } = await namespace.submit(operation(first))
    for (const pinned of others) await namespace.pinRemoval({ account, removal, pinned })
  } finally {
    await still.end()
  }
  for (const id of groups) await namespace.renewKey(id)
  return { unpinned: still.failures }
}

/** Contexts of the groups that our member may write, in the order of their ids: two removals never wait for each other. */
function writableIn(namespace: Namespace, groups: ReadonlySet<GroupId>): ContextId[] {
  const { publicKey } = namespace.ownKeys
  return [...namespace.state.contexts.values()]
    .filter(({ id, groupId }) => groups.has(groupId) && namespace.mayWrite(id, publicKey))
    .map(({ id }) => id)
    .sort()
}

/**
 * Contexts that take nothing in until the removal is stored: so whatever they have acknowledged to others is pinned, and
 * others may have pruned it.
 */
class StandingStill {
  readonly pinned: [ContextId, readonly DeltaId[]][] = []
  readonly failures: { contextId: ContextId; reason: string }[] = []
  readonly #ended: Promise<void>[] = []
  readonly #end = Promise.withResolvers<void>()

  /** One that cannot be read, or has too much to do, keeps nobody from being removed. */
  async add(contexts: Contexts, contextId: ContextId, account: AccountId): Promise<void> {
    const read = Promise.withResolvers<void>()
    const standing = contexts
      .get(contextId)
      .then((context) =>
        context.standStill(async (accepted) => {
          this.pinned.push([contextId, await accepted(account)])
          read.resolve()
          await this.#end.promise
        }),
      )
      .catch((error) => {
        this.failures.push({ contextId, reason: error instanceof Error ? error.message : String(error) })
        read.resolve()
      })
    this.#ended.push(standing)
    await read.promise
  }

  async end(): Promise<void> {
    this.#end.resolve()
    await Promise.all(this.#ended)
  }
}
