// People and operations for tests: made without signatures, which governance does not look at.
import { encode as cborEncode } from '@ipld/dag-cbor'
import { type Bytes, utf8 } from '../../base/bytes.ts'
import { taggedHash } from '../../base/hash.ts'
import {
  type AccountId,
  type ApplicationId,
  type BlobId,
  type ContextId,
  type GroupId,
  type Id,
  idFromBytes,
  type KemKey,
  type NamespaceId,
  type OpId,
  type ProposalId,
  type PublicKey,
  type RootHash,
} from '../../base/ids.ts'
import { accountOf } from '../../base/keys.ts'
import {
  applicationIdOf,
  contextIdOf,
  groupIdOf,
  type Invitation,
  type MemberKeys,
  namespaceIdOf,
  type OpBody,
  type Operation,
  type Role,
} from '../../base/operations.ts'
import { Governance } from '../governance.ts'

export const bytesOf = (label: string): Bytes => taggedHash('test', utf8(label))
export const idOf = <T extends Id>(label: string): T => idFromBytes<T>(bytesOf(label))

export interface Person extends MemberKeys {
  readonly name: string
}

export function person(name: string): Person {
  const publicKey = idOf<PublicKey>(`key of ${name}`)
  return { name, publicKey, account: accountOf(publicKey), kemKey: idOf<KemKey>(`kem key of ${name}`) }
}

export const [alice, bob, carol, dave, eve] = ['alice', 'bob', 'carol', 'dave', 'eve'].map(person) as [
  Person,
  Person,
  Person,
  Person,
  Person,
]

const salt = bytesOf('namespace salt')
export const namespaceId: NamespaceId = namespaceIdOf(alice.publicKey, salt)
const codes = ['first', 'second', 'third'].map((label) => idOf<BlobId>(`${label} code`))
export const [applicationId, secondApplication, thirdApplication] = codes.map(applicationIdOf) as [
  ApplicationId,
  ApplicationId,
  ApplicationId,
]
export const keysOf = ({ account, publicKey, kemKey }: Person): MemberKeys => ({ account, publicKey, kemKey })

export interface Draft {
  readonly by: Person
  readonly on: readonly Operation[]
  /** One more than the latest parent's, unless given. */
  readonly hlc?: bigint
  readonly body: OpBody
}

export function operation({ by, on, hlc, body }: Draft): Operation {
  const parents = on.map(({ id }) => id).sort()
  const latest =
    on
      .map((op) => op.hlc)
      .sort((a, b) => Number(a - b))
      .at(-1) ?? 0n
  const facts = { namespaceId, author: by.publicKey, parents, hlc: hlc ?? latest + 1n, body }
  return { ...facts, id: idFromBytes<OpId>(taggedHash('test-op', cborEncode(facts))) }
}

export const created: OpBody = {
  kind: 'namespace_created',
  applicationId,
  name: 'team',
  admin: keysOf(alice),
  keyId: idOf('first key'),
  salt,
}
export const genesis: Operation = operation({ by: alice, on: [], body: created })

export interface InvitationOptions {
  readonly role?: Role
  readonly groupId?: GroupId
  readonly salt?: string
  readonly expiresAtSec?: bigint
}

export function invitation(inviter: Person, options: InvitationOptions = {}): Invitation {
  return {
    inviter: inviter.publicKey,
    namespaceId,
    groupId: options.groupId ?? namespaceId,
    expiresAtSec: options.expiresAtSec ?? 1_000_000n,
    salt: bytesOf(options.salt ?? 'invitation'),
    role: options.role ?? 'Member',
    signature: new Uint8Array(64),
  }
}

export const joined = (who: Person, inviter: Person, options?: InvitationOptions): OpBody => ({
  kind: 'member_joined',
  invitation: invitation(inviter, options),
  member: keysOf(who),
})

export const removed = (who: Person, groupId: GroupId = namespaceId): OpBody => ({
  kind: 'member_removed',
  groupId,
  account: who.account,
})

export const added = (who: Person, role: Role = 'Member', groupId: GroupId = namespaceId): OpBody => ({
  kind: 'member_added',
  groupId,
  account: who.account,
  role,
})

export const roled = (who: Person, role: Role, groupId: GroupId = namespaceId): OpBody => ({
  kind: 'role_set',
  groupId,
  account: who.account,
  role,
})

export const capable = (capabilities: number, who?: Person, groupId: GroupId = namespaceId): OpBody => ({
  kind: 'capabilities_set',
  groupId,
  capabilities,
  ...(who === undefined ? {} : { account: who.account }),
})

export const groupBy = (who: Person, label: string): GroupId => groupIdOf(namespaceId, who.publicKey, bytesOf(label))

export const grouped = (
  who: Person,
  label: string,
  visibility: 'open' | 'restricted',
  parentId: GroupId = namespaceId,
  covers: Bytes = new Uint8Array(32),
): OpBody => ({
  kind: 'group_created',
  groupId: groupBy(who, label),
  parentId,
  keyId: idOf(`first key of ${label}`),
  covers,
  salt: bytesOf(label),
  visibility,
})

export const contextBy = (who: Person, label: string): ContextId =>
  contextIdOf(namespaceId, who.publicKey, bytesOf(label))

export const contexted = (who: Person, label: string, groupId: GroupId = namespaceId): OpBody => ({
  kind: 'context_created',
  contextId: contextBy(who, label),
  groupId,
  salt: bytesOf(label),
  applicationId,
  baseRoot: idOf<RootHash>('root'),
  storage: 'host',
})

export const moved = (groupId: GroupId, parentId: GroupId = namespaceId): OpBody => ({
  kind: 'group_moved',
  groupId,
  parentId,
})

export const deleted = (groupId: GroupId): OpBody => ({ kind: 'group_deleted', groupId })

export const detached = (contextId: ContextId): OpBody => ({ kind: 'context_detached', contextId })

export interface About {
  readonly groupId?: GroupId
  readonly of?: Person
  readonly contextId?: ContextId
}

export const described = (name: string, { groupId = namespaceId, of, contextId }: About = {}): OpBody => ({
  kind: 'metadata_set',
  groupId,
  name,
  fields: [['topic', name]],
  ...(of === undefined ? {} : { account: of.account }),
  ...(contextId === undefined ? {} : { contextId }),
})

export const following = (
  who: Person,
  contexts: boolean,
  subgroups: boolean,
  groupId: GroupId = namespaceId,
): OpBody => ({
  kind: 'auto_follow_set',
  groupId,
  account: who.account,
  contexts,
  subgroups,
})

export const known = (id: ApplicationId = secondApplication): OpBody => ({
  kind: 'application_known',
  applicationId: id,
  blobId: codes.find((blobId) => applicationIdOf(blobId) === id) ?? idOf('no code'),
  size: 1,
})

export const upgraded = (groupId: GroupId = namespaceId, cascade = false, to = secondApplication): OpBody => ({
  kind: 'application_set',
  groupId,
  applicationId: to,
  cascade,
})

export const seen = (visibility: 'open' | 'restricted', groupId: GroupId): OpBody => ({
  kind: 'visibility_set',
  groupId,
  visibility,
})

/** `actions`: by default that one approval is enough from then on. */
export const proposed = (
  label: string,
  contextId: ContextId,
  actions: Bytes = Uint8Array.of(1, 0, 0, 0, 2, 1, 0, 0, 0),
): OpBody => ({ kind: 'proposal_made', contextId, proposalId: idOf<ProposalId>(label), actions })

/** `made`: the operation that has proposed. */
export const approved = (made: Pick<Operation, 'id'>, contextId: ContextId): OpBody => ({
  kind: 'proposal_approved',
  contextId,
  proposal: made.id,
})

export const nobody: AccountId = idOf<AccountId>('nobody')

export const hashOf = (governance: Governance) => governance.state().groupStateHash(namespaceId)

export function nodeWith(ops: Iterable<Operation>): Governance {
  const governance = new Governance(namespaceId)
  for (const op of ops) governance.receive(op)
  return governance
}

/** Alice (owner), bob and carol (admins), dave (member). */
export function team(): { ops: Operation[]; tip: Operation } {
  const ops = [genesis]
  let tip = genesis
  const next = (by: Person, body: OpBody) => {
    tip = operation({ by, on: [tip], body })
    ops.push(tip)
  }
  next(bob, joined(bob, alice, { role: 'Admin' }))
  next(carol, joined(carol, alice, { role: 'Admin' }))
  next(dave, joined(dave, alice))
  return { ops, tip }
}
