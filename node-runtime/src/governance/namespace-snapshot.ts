// The immutable state that the fold goes through: its parts, how they are read, and the few ways they change.
// Whether a change is allowed is not judged here.
import { encode as cborEncode } from '@ipld/dag-cbor'
import { type Bytes, toHex } from '../base/bytes.ts'
import { sha256 } from '../base/hash.ts'
import type { AccountId, ApplicationId, ContextId, GroupId, KeyId, NamespaceId, PublicKey } from '../base/ids.ts'
import { accountOf } from '../base/keys.ts'
import type { MemberRole } from '../base/operations.ts'
import { ALL_CAPABILITIES, CAPABILITY } from './capabilities.ts'
import { IdMap } from './id-map.ts'
import { GROUP_DEPTH_MAX } from './limits.ts'
import {
  type ApplicationRecord,
  type AutoFollow,
  type ContextRecord,
  type Member,
  type NamespaceState,
  NO_REMOVALS,
  type Removal,
  type Removed,
} from './namespace-state.ts'
import { Removals } from './removals.ts'
import {
  contextBytes,
  type GroupRecord,
  groupBytes,
  type MemberRecord,
  type SnapshotParts,
  wholeContent,
} from './snapshot-parts.ts'
import { endsWay } from './ways.ts'

const FOLLOWS_ALL: AutoFollow = { contexts: true, subgroups: true }

export class NamespaceSnapshot implements NamespaceState {
  readonly parts: SnapshotParts
  #hash: string | undefined
  readonly #fitting = new Map<GroupId, readonly KeyId[]>()

  constructor(parts: SnapshotParts) {
    this.parts = parts
  }

  static empty(namespaceId: NamespaceId): NamespaceSnapshot {
    return new NamespaceSnapshot({
      namespaceId,
      createdHlc: 0n,
      groups: IdMap.empty(groupBytes),
      members: IdMap.empty(cborEncode),
      former: IdMap.empty(cborEncode),
      contexts: IdMap.empty(contextBytes),
      applications: IdMap.empty(cborEncode),
      removals: Removals.empty(),
      gone: IdMap.empty(cborEncode),
    })
  }

  get namespaceId(): NamespaceId {
    return this.parts.namespaceId
  }

  get applicationId(): ApplicationId | undefined {
    return this.root?.applicationId
  }

  get name(): string | undefined {
    return this.root?.metadata?.name
  }

  get createdAtMs(): number {
    return Number(this.parts.createdHlc / 1_000_000n)
  }

  get groups(): IdMap<GroupId, GroupRecord> {
    return this.parts.groups
  }

  get members(): IdMap<AccountId, MemberRecord> {
    return this.parts.members
  }

  get contexts(): IdMap<ContextId, ContextRecord> {
    return this.parts.contexts
  }

  get applications(): IdMap<ApplicationId, ApplicationRecord> {
    return this.parts.applications
  }

  get gone(): IdMap<GroupId | ContextId, bigint> {
    return this.parts.gone
  }

  /** Before genesis there is no root group. */
  get root(): GroupRecord | undefined {
    return this.parts.groups.get(this.parts.namespaceId)
  }

  roleIn(groupId: GroupId, account: AccountId): MemberRole | undefined {
    return this.#standing(groupId, account)?.role
  }

  autoFollowIn(groupId: GroupId, account: AccountId): AutoFollow {
    const here = this.parts.groups.get(groupId)?.autoFollow.get(account)
    if (here !== undefined) return here
    const path = this.#standing(groupId, account)?.path ?? []
    const above = path.length < 2 ? undefined : this.parts.groups.get(path.at(-1) ?? groupId)?.autoFollow.get(account)
    return above === undefined ? FOLLOWS_ALL : { ...above, contexts: above.subgroups }
  }

  capabilitiesIn(groupId: GroupId, account: AccountId): number {
    const group = this.parts.groups.get(groupId)
    const role = this.roleIn(groupId, account)
    if (role === 'Admin') return ALL_CAPABILITIES
    if (group === undefined || role === 'ReadOnlyTee' || !group.members.has(account)) return 0
    return group.capabilities.get(account) ?? group.defaultCapabilities
  }

  memberOf(publicKey: PublicKey): MemberRecord | undefined {
    return this.parts.members.get(accountOf(publicKey))
  }

  canWrite(contextId: ContextId, publicKey: PublicKey): boolean {
    const context = this.parts.contexts.get(contextId)
    return context !== undefined && this.writesIn(context.groupId, accountOf(publicKey))
  }

  writesIn(groupId: GroupId, account: AccountId): boolean {
    const role = this.roleIn(groupId, account)
    return role === 'Admin' || role === 'Member'
  }

  /** True when the account has open groups beneath this one by its membership here. */
  passesDown(groupId: GroupId, account: AccountId): boolean {
    const path = this.#standing(groupId, account)?.path ?? []
    const group = this.parts.groups.get(groupId)
    return path.length > 1 || (group !== undefined && passesOn(group, account))
  }

  isMember(groupId: GroupId, publicKey: PublicKey): boolean {
    return this.roleIn(groupId, accountOf(publicKey)) !== undefined
  }

  removalsOf(who: Removed): readonly Removal[] {
    return this.parts.removals.of(who)
  }

  removalsUnseen(contextId: ContextId, publicKey: PublicKey, cut: NamespaceState): readonly Removal[] {
    const context = this.parts.contexts.get(contextId)
    if (this.parts.removals.size === 0 || context === undefined) return []
    const account = accountOf(publicKey)
    const then = cut instanceof NamespaceSnapshot ? cut : this
    const ungiven = this.removalsOf(account).filter(({ how }) => how === 'not given')
    const isUngiven = (groupId: GroupId) => ungiven.some((each) => then.#rests(groupId, account, each))
    const claimed = then.#standing(context.groupId, account)
    const standing = ungiven.length === 0 ? claimed : then.#standing(context.groupId, account, isUngiven)
    const isGiven = standing?.role === 'Admin' || standing?.role === 'Member'
    const path = (isGiven ? standing : claimed)?.path ?? [context.groupId]
    // Who is removed from the namespace is in no group of it any more.
    const isOut = ({ groupId, how }: Removal) => groupId === this.namespaceId && (how === 'removed' || how === 'left')
    return [account, ...path].flatMap((who) => {
      const all = this.removalsOf(who)
      const before = cut.removalsOf(who)
      if (all === before) return []
      const seen = new Set(before.map(({ op }) => op))
      const ends = (each: Removal) =>
        each.how === 'not given'
          ? !isGiven && path.some((groupId) => then.#rests(groupId, account, each))
          : isOut(each) || endsWay(each, path, account)
      return all.filter((each) => !seen.has(each.op) && ends(each))
    })
  }

  removalsIn(contextId: ContextId): readonly (readonly [Removed, Removal])[] {
    const context = this.parts.contexts.get(contextId)
    if (context === undefined) return []
    return this.parts.removals.in(contextId, this.pathUp(context.groupId))
  }

  judgement(contextId: ContextId): Bytes {
    const context = this.parts.contexts.get(contextId)
    if (this.parts.removals.size === 0 || context === undefined) return NO_REMOVALS
    return this.parts.removals.judgement(contextId, this.pathUp(context.groupId))
  }

  groupsWithin(groupId: GroupId): readonly GroupId[] {
    return [...this.parts.groups.keys()].filter((id) => this.pathUp(id).includes(groupId))
  }

  /** The groups beneath this one on the longest way down. */
  heightOf(groupId: GroupId): number {
    const depths = this.groupsWithin(groupId).map((id) => this.depthOf(id))
    return Math.max(0, ...depths) - this.depthOf(groupId)
  }

  removalsDigest(groupId: GroupId): Bytes {
    return this.parts.removals.digestOver(this.pathUp(groupId))
  }

  removalsDigestBeneath(parentId: GroupId): Bytes {
    // Whatever its id, no removal is from it.
    return this.parts.removals.digestOver(['' as GroupId, ...this.pathUp(parentId)])
  }

  fittingKeys(groupId: GroupId): readonly KeyId[] {
    const known = this.#fitting.get(groupId)
    if (known !== undefined) return known
    const digest = toHex(this.removalsDigest(groupId))
    const keys = this.parts.groups.get(groupId)?.keys ?? []
    const fitting = keys.flatMap(({ keyId, covers }) => (covers === digest ? [keyId] : [])).reverse()
    this.#fitting.set(groupId, fitting)
    return fitting
  }

  groupStateHash(groupId: GroupId): string {
    if (groupId === this.parts.namespaceId) {
      this.#hash ??= toHex(sha256(cborEncode(wholeContent(this.parts))))
      return this.#hash
    }
    const group = this.parts.groups.get(groupId)
    return toHex(sha256(group === undefined ? new Uint8Array(0) : groupBytes(group)))
  }

  /** How many groups lie above, the namespace included. */
  depthOf(groupId: GroupId): number {
    return this.pathUp(groupId).length - 1
  }

  with(changes: Partial<SnapshotParts>): NamespaceSnapshot {
    return new NamespaceSnapshot({ ...this.parts, ...changes })
  }

  withGroup(group: GroupRecord): NamespaceSnapshot {
    return this.with({ groups: this.parts.groups.set(group.id, group) })
  }

  /** Gives the account a row, or its row another role. Its keys are known, or come as `keys`. Lifts its departure. */
  withRow(groupId: GroupId, account: AccountId, role: MemberRole, keys?: Member): NamespaceSnapshot {
    const { groups, members, former } = this.parts
    const group = groups.get(groupId)
    const known = members.get(account) ?? former.get(account)
    if (group === undefined || (known === undefined && keys === undefined)) return this
    const isNew = !group.members.has(account)
    const base = keys === undefined ? known : { usedInvitations: [], ...known, rows: known?.rows ?? 0, ...keys }
    if (base === undefined) return this
    const stamped =
      isNew && role !== 'Admin' ? group.capabilities.set(account, group.defaultCapabilities) : group.capabilities
    return this.with({
      members: members.set(account, { ...base, rows: base.rows + (isNew ? 1 : 0) }),
      former: former.delete(account),
      groups: groups.set(groupId, {
        ...group,
        members: group.members.set(account, role),
        capabilities: stamped,
        departed: group.departed.delete(account),
      }),
    })
  }

  /** Without the group and those beneath it, their members and their contexts. */
  withoutGroups(groupId: GroupId, hlc: bigint): NamespaceSnapshot {
    let after: NamespaceSnapshot = this
    for (const id of this.groupsWithin(groupId)) {
      const group = this.parts.groups.get(id)
      for (const account of group?.members.keys() ?? []) after = after.withoutRow(id, account)
      for (const contextId of group?.contexts.keys() ?? []) after = after.withoutContext(contextId, hlc)
      after = after.with({ groups: after.parts.groups.delete(id), gone: after.parts.gone.set(id, hlc) })
    }
    return after
  }

  withContext(context: ContextRecord): NamespaceSnapshot {
    const group = this.parts.groups.get(context.groupId)
    if (group === undefined) return this
    return this.withGroup({ ...group, contexts: group.contexts.set(context.id, context) }).with({
      contexts: this.parts.contexts.set(context.id, context),
    })
  }

  withoutContext(contextId: ContextId, hlc: bigint): NamespaceSnapshot {
    const context = this.parts.contexts.get(contextId)
    const group = context && this.parts.groups.get(context.groupId)
    if (context === undefined || group === undefined) return this
    return this.withGroup({ ...group, contexts: group.contexts.delete(contextId) }).with({
      contexts: this.parts.contexts.delete(contextId),
      gone: this.parts.gone.set(contextId, hlc),
    })
  }

  withoutRow(groupId: GroupId, account: AccountId): NamespaceSnapshot {
    const { groups, members, former } = this.parts
    const group = groups.get(groupId)
    const member = members.get(account)
    if (group === undefined || member === undefined || !group.members.has(account)) return this
    // What it was let in with ends with the row.
    const { attested: _attested, ...plain } = member
    const rest = { ...(group.members.get(account) === 'ReadOnlyTee' ? plain : member), rows: member.rows - 1 }
    return this.with({
      groups: groups.set(groupId, {
        ...group,
        members: group.members.delete(account),
        foundations: group.foundations.delete(account),
        capabilities: group.capabilities.delete(account),
        memberMetadata: group.memberMetadata.delete(account),
        autoFollow: group.autoFollow.delete(account),
      }),
      members: rest.rows === 0 ? members.delete(account) : members.set(account, rest),
      former: rest.rows === 0 ? former.set(account, rest) : former,
    })
  }

  /** The group and all above it. */
  pathUp(groupId: GroupId): GroupId[] {
    const path = [groupId]
    let parentId = this.parts.groups.get(groupId)?.parentId
    while (parentId !== undefined) {
      path.push(parentId)
      parentId = this.parts.groups.get(parentId)?.parentId
    }
    return path
  }

  /** By what has turned out to be void, among others, the account writes in the group. */
  #rests(groupId: GroupId, account: AccountId, ungiven: Removal): boolean {
    if (ungiven.groupId !== groupId) return false
    return this.parts.groups.get(groupId)?.foundations.get(account)?.includes(ungiven.op) ?? false
  }

  /** It came by attestation. */
  isAttested(account: AccountId): boolean {
    return this.root?.members.get(account) === 'ReadOnlyTee'
  }

  /**
   * The role, and the groups it depends on: from `groupId` up to the one with the row. Climbs while groups are open;
   * the first row decides, and a member without the right to open subgroups inherits nothing. An attested member has
   * all groups, closed ones, too: but for those beneath one that it departed from. `without`: as if it had no rows in these.
   */
  #standing(
    groupId: GroupId,
    account: AccountId,
    without: (groupId: GroupId) => boolean = () => false,
  ): { role: MemberRole; path: readonly GroupId[] } | undefined {
    const path: GroupId[] = []
    const isAttested = this.isAttested(account)
    let group = this.parts.groups.get(groupId)
    while (group !== undefined && path.length <= GROUP_DEPTH_MAX) {
      path.push(group.id)
      const isWithout = without(group.id)
      const role = isWithout ? undefined : group.members.get(account)
      if (role !== undefined) {
        return path.length === 1 || passesOn(group, account) ? { role, path } : undefined
      }
      // With a row it had lifted its departure.
      const hadDeparted = isWithout && this.removalsOf(account).some((each) => isDeparture(each, path))
      if (hadDeparted || group.departed.has(account) || group.parentId === undefined) return undefined
      if (group.visibility !== 'open' && !isAttested) return undefined
      group = this.parts.groups.get(group.parentId)
    }
    return undefined
  }
}

/** From the last of these groups, by the end of the row itself. */
function isDeparture({ groupId, how }: Removal, path: readonly GroupId[]): boolean {
  return groupId === path.at(-1) && (how === 'left' || how === 'removed')
}

/** Whether a row in the group, if there is one, counts in open groups beneath. */
function passesOn(group: GroupRecord, account: AccountId): boolean {
  const role = group.members.get(account)
  if (role === undefined || role === 'Admin' || role === 'ReadOnlyTee') return role !== undefined
  const bits = group.capabilities.get(account) ?? group.defaultCapabilities
  return (bits & CAPABILITY.joinOpenSubgroups) !== 0
}
