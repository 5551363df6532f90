// Attested members: which environments a namespace lets in, and how their nodes come. They read all of it and write nothing.
import { type Bytes, equalBytes } from '../../base/bytes.ts'
import { accountOf } from '../../base/keys.ts'
import type { Measurements, TeePolicy } from '../../base/operations.ts'
import { CAPABILITY } from '../capabilities.ts'
import type { NamespaceSnapshot } from '../namespace-snapshot.ts'
import type { Member } from '../namespace-state.ts'
import { withRemoval } from './losses.ts'
import { hasBit, isAdmin, wasRemoved } from './members.ts'
import type { Rule } from './rule.ts'

export const teePolicySet: Rule<'tee_policy_set'> = {
  refusal(state, _op, author) {
    return isAdmin(state, state.namespaceId, author) ? undefined : 'only an admin of the namespace sets its TEE policy'
  },
  effect(state, op) {
    const { root } = state
    if (root === undefined) return state
    const { policy } = op.body
    const { teePolicy: before, ...rest } = root
    const after = state.withGroup(policy === undefined ? rest : { ...rest, teePolicy: policy })
    if (before === undefined || includes(policy, before)) return after
    // A new key is due even where nobody is in: one that was let in elsewhere at the same time has the present one.
    const removal = { op: op.id, hlc: op.hlc, groupId: root.id, how: 'not attested' as const }
    return attestedIn(state)
      .filter(({ attested }) => attested === undefined || refusalBy(policy, attested) !== undefined)
      .reduce((left, { account }) => left.withoutRow(root.id, account), withRemoval(after, root.id, removal))
  },
}

export const teeAdmitted: Rule<'tee_admitted'> = {
  refusal(state, { body: { member, attestation } }, author) {
    if (member.account !== accountOf(member.publicKey)) return 'the account is not that of the key'
    if (!hasBit(state, state.namespaceId, author, CAPABILITY.manageMembers)) return 'the author may not manage members'
    if (state.members.has(member.account)) return 'already a member of the namespace'
    if (wasRemoved(state.root, member.account)) return 'removed: only an addition lifts that'
    return refusalBy(state.root?.teePolicy, attestation)
  },
  effect(state, { hlc, body: { member, attestation } }) {
    const { account } = member
    if (state.members.has(account) || wasRemoved(state.root, account)) return state
    if (refusalBy(state.root?.teePolicy, attestation) !== undefined) return state
    const { provider, mrtd, rtmrs } = attestation
    const joinedHlc = state.parts.former.get(account)?.joinedHlc ?? hlc
    const keys = { ...member, joinedHlc, attested: { provider, mrtd, rtmrs } }
    return state.withRow(state.namespaceId, account, 'ReadOnlyTee', keys)
  },
}

/** Why the policy does not let it in. */
export function refusalBy(policy: TeePolicy | undefined, { provider, mrtd, rtmrs }: Measurements): string | undefined {
  if (policy === undefined) return 'the namespace lets no attested nodes in'
  if (provider === 'mock' && !policy.acceptMock) return 'the namespace does not accept mock attestations'
  if (!names(policy.mrtds, mrtd)) return 'the policy does not name this MRTD'
  const wrong = rtmrs.findIndex((rtmr, i) => !names(policy.rtmrs[i] ?? [], rtmr))
  return wrong < 0 ? undefined : `the policy does not name this RTMR${wrong}`
}

/** None named: any. */
function names(allowed: readonly Bytes[], measured: Bytes): boolean {
  return allowed.length === 0 || allowed.some((each) => equalBytes(each, measured))
}

/** True when it lets in whatever `other` does. */
function includes(policy: TeePolicy | undefined, other: TeePolicy): boolean {
  if (policy === undefined || (other.acceptMock && !policy.acceptMock)) return false
  const covers = (list: readonly Bytes[], least: readonly Bytes[]) =>
    list.length === 0 || (least.length > 0 && least.every((each) => names(list, each)))
  return covers(policy.mrtds, other.mrtds) && other.rtmrs.every((least, i) => covers(policy.rtmrs[i] ?? [], least))
}

function attestedIn(state: NamespaceSnapshot): Member[] {
  const accounts = [...(state.root?.members ?? [])].flatMap(([account, role]) =>
    role === 'ReadOnlyTee' ? account : [],
  )
  return accounts.flatMap((account) => state.members.get(account) ?? [])
}
