// What clients hear of a group: those operations of which something has come.
import type { AccountId, GroupId, OpId } from '../../base/ids.ts'
import type { OpBody, Operation } from '../../base/operations.ts'
import type { GroupState, NamespaceState } from '../../governance/namespace-state.ts'
import type { GroupEvent } from '../ports.ts'
import type { Applications } from './code/applications.ts'
import { startOf } from './code/versions.ts'
import { executionOf } from './proposal-json.ts'

interface Around {
  readonly before: NamespaceState
  /** After all of `ops`: who was removed at once, or never stood, has not come. */
  readonly state: NamespaceState
  /** Whose node it is. */
  readonly account: AccountId
  readonly applications: Pick<Applications, 'get'>
}

export function groupEventsOf(ops: readonly Operation[], around: Around): GroupEvent[] {
  const { before, state } = around
  const lastPolicy = ops.findLast(({ body }) => body.kind === 'tee_policy_set')
  const changes = ops.flatMap((op) => {
    switch (op.body.kind) {
      case 'application_set':
        return upgradesBy(op, around)
      case 'tee_admitted':
        return memberEvent(state, { groupId: op.namespaceId, account: op.body.member.account, type: 'MemberJoined' })
      case 'tee_policy_set':
        // Of several that came at once the last one tells what has come of all.
        return op === lastPolicy ? attestedLost(op.namespaceId, before, state) : []
      default:
        return memberChange(op.body, state)
    }
  })
  return [...changes, ...executionsSince(around, new Set(ops.map(({ id }) => id)))]
}

/**
 * Whichever operation came last, and wherever it sorts. Told is what waited before, or came just now: not what comes into
 * sight again because something later was undone. What was before we were a member is no news either.
 */
function executionsSince({ before, state, account }: Around, arrived: ReadonlySet<OpId>): GroupEvent[] {
  return [...state.contexts.values()].flatMap((context): GroupEvent[] => {
    const { id, groupId, proposals } = context
    const then = before.contexts.get(id)?.proposals
    if (proposals === undefined || proposals === then || before.roleIn(groupId, account) === undefined) return []
    const known = new Set(then?.done.map(({ op }) => op))
    const waited = new Set([...(then?.active ?? []), ...(then?.deleted ?? [])].map(({ op }) => op))
    const fresh = proposals.done.filter(({ op }) => !known.has(op) && (waited.has(op) || arrived.has(op)))
    return fresh.map((done) => executionOf(context, done))
  })
}

/**
 * Of groups without contexts to upgrade, in the order of their ids: where there are some, the upgrade begins once its
 * code is here (`residence.ts`).
 */
function upgradesBy({ author, hlc }: Operation, { state, applications }: Around): GroupEvent[] {
  const isOf = ({ upgrade }: GroupState) => upgrade?.hlc === hlc && upgrade.by === author
  return [...state.groups.values()].filter(isOf).flatMap(({ id, upgrade, contexts }): GroupEvent[] => {
    if (upgrade === undefined) return []
    if ([...contexts.values()].some(({ applicationId }) => applicationId === upgrade.to)) return []
    return [{ groupId: id, type: 'MigrationStarted', data: startOf({ state, applications }, upgrade, 0) }]
  })
}

function memberChange(body: OpBody, state: NamespaceState): GroupEvent[] {
  const told = toldBy(body)
  return told === undefined ? [] : memberEvent(state, told)
}

/** Those that the policy names no more. */
function attestedLost(groupId: GroupId, before: NamespaceState, state: NamespaceState): GroupEvent[] {
  const rows = [...(before.groups.get(groupId)?.members ?? [])]
  return rows.flatMap(([account, role]) =>
    role === 'ReadOnlyTee' ? memberEvent(state, { groupId, account, type: 'MemberRemoved' }) : [],
  )
}

function memberEvent(state: NamespaceState, { groupId, account, type }: Told): GroupEvent[] {
  const role = state.groups.get(groupId)?.members.get(account)
  if (type === 'MemberRemoved') return role === undefined ? [{ groupId, type, data: { memberAccount: account } }] : []
  return role === undefined ? [] : [{ groupId, type, data: { memberAccount: account, role } }]
}

interface Told {
  readonly groupId: GroupId
  readonly account: AccountId
  readonly type: 'MemberJoined' | 'MemberAdded' | 'MemberRemoved'
}

function toldBy(body: OpBody): Told | undefined {
  switch (body.kind) {
    case 'member_joined':
      return { groupId: body.invitation.groupId, account: body.member.account, type: 'MemberJoined' }
    case 'member_added':
      return { groupId: body.groupId, account: body.account, type: 'MemberAdded' }
    case 'member_removed':
      return { groupId: body.groupId, account: body.account, type: 'MemberRemoved' }
    default:
      return undefined
  }
}
