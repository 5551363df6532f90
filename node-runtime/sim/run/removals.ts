// How a member loses the shared context: it is removed, or it had the context's group by inheritance and that ends.
import type { AccountId, DeltaId, OpId } from '../../src/base/ids.ts'
import { accountOf } from '../../src/base/keys.ts'
import type { OpBody, Operation } from '../../src/base/operations.ts'
import { govern } from '../../src/context/namespaces/administration.ts'
import { removeMember } from '../../src/context/namespaces/membership.ts'
import type { Node } from '../../src/node.ts'
import type { SharedContext } from '../../src/testing/test-nodes.ts'
import type { Delta } from '../../src/wire/delta.ts'
import type { WayOut } from '../scenario/scenario.ts'

export interface Leaving {
  readonly account: AccountId
  readonly staying: readonly AccountId[]
  readonly how: WayOut
}

/** Rejects where the log rules against it. May be repeated. */
export async function takeOut(
  node: Node,
  { namespaceId, groupId }: SharedContext,
  { account, staying, how }: Leaving,
): Promise<void> {
  if (how === 'removed') {
    await removeMember(node, groupId, account)
  } else if (how === 'right') {
    await govern(node, namespaceId, { kind: 'capabilities_set', groupId: namespaceId, account, capabilities: 0 })
  } else {
    const namespace = node.namespaces.get(namespaceId)
    for (const each of staying) {
      if (namespace.state.groups.get(groupId)?.members.has(each) !== false) continue
      await namespace.submit({ kind: 'member_added', groupId, account: each, role: 'Member' })
    }
    await govern(node, groupId, { kind: 'visibility_set', groupId, visibility: 'restricted' })
  }
}

/** True for an operation by which the account loses the shared context, if it had it till then. */
export function takesFrom(body: OpBody, account: AccountId, { groupId }: SharedContext): boolean {
  if (body.kind === 'member_removed' || body.kind === 'capabilities_set') return body.account === account
  return body.kind === 'visibility_set' && body.groupId === groupId && body.visibility === 'restricted'
}

/**
 * What counts of an account that has lost the context, though it cites nothing of that and is not in the past of what
 * others have said they had accepted. `ops` and `parents` are all that there is, `counting` what counts above a checkpoint.
 */
export function unpinnedOf(
  account: AccountId,
  { contextId, ...shared }: SharedContext,
  {
    ops,
    parents,
    counting,
  }: {
    readonly ops: readonly Operation[]
    readonly parents: ReadonlyMap<DeltaId, readonly DeltaId[]>
    readonly counting: readonly Pick<Delta, 'id' | 'author' | 'governance'>[]
  },
): DeltaId[] {
  const knowing = new Set<OpId>()
  const losses = new Set<OpId>()
  const pinned: DeltaId[][] = []
  // Ancestors first.
  for (const { id, author, parents: before, body } of ops) {
    const isLoss = takesFrom(body, account, { contextId, ...shared })
    if (isLoss) losses.add(id)
    if (isLoss || before.some((parent) => knowing.has(parent))) knowing.add(id)
    const isSaid = body.kind === 'removal_pinned' && losses.has(body.removal) && !isLost({ id, author }, ops)
    if ((isSaid || isLoss) && 'pinned' in body && body.pinned?.[contextId]) pinned.push([...body.pinned[contextId]])
  }
  // Until somebody has said it, all counts.
  if (pinned.length === 0) return []
  const past = new Set<DeltaId>()
  const work = pinned.flat()
  for (let id = work.pop(); id !== undefined; id = work.pop()) {
    if (past.has(id)) continue
    past.add(id)
    work.push(...(parents.get(id) ?? []))
  }
  return counting
    .filter(({ author, governance }) => accountOf(author) === account && !governance.some((head) => knowing.has(head)))
    .flatMap(({ id }) => (past.has(id) ? [] : [id]))
}

/** What a witness says counts for nothing where something that did not know of it has taken the context from the witness. */
function isLost({ id, author }: Pick<Operation, 'id' | 'author'>, ops: readonly Operation[]): boolean {
  const account = accountOf(author)
  const knowing = new Set<OpId>([id])
  return ops.some(({ id: other, parents, body }) => {
    if (parents.some((parent) => knowing.has(parent))) knowing.add(other)
    const isTaken = body.kind === 'member_removed' || body.kind === 'capabilities_set'
    return isTaken && body.account === account && !knowing.has(other)
  })
}
