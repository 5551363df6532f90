// One value of every message kind, made from fixed keys: what the golden bytes under fixtures/ are the encoding of.
import { type Bytes, concat, utf8 } from '../base/bytes.ts'
import { taggedHash } from '../base/hash.ts'
import {
  type AccountId,
  type ApplicationId,
  type BlobId,
  type ContextId,
  type DeltaId,
  type Id,
  idFromBytes,
  type OpId,
  type ProposalId,
  type RootHash,
} from '../base/ids.ts'
import { accountOf, kemKeyFromSecret, keyIdOf, type SigningKey, signingKeyFromSeed } from '../base/keys.ts'
import { contextIdOf, groupIdOf, type MemberKeys, namespaceIdOf, type OpBody } from '../base/operations.ts'
import type { Random } from '../base/random.ts'
import { mockAttestation } from './attestation.ts'
import { type Delta, type DeltaPayload, encodeDelta, sealDelta, sealUnsigned, signDeltas } from './delta.ts'
import { type Gossip, signHeads } from './gossip.ts'
import { signInvitation } from './invitation.ts'
import { MEASUREMENT_BYTES } from './limits.ts'
import { encodeOp, type SignedOp, signOp } from './op.ts'
import { sealPresence } from './presence.ts'
import { type Seeking, signHere } from './seeking.ts'

export const bytesOf = (label: string): Bytes => new Uint8Array(taggedHash('test', utf8(label)))
/** Of a delta that is earlier than all here. */
export const earlyId = (label: string): DeltaId => idFromBytes(concat([new Uint8Array(8), bytesOf(label).subarray(8)]))
export const idOf = <T extends Id>(label: string): T => idFromBytes<T>(bytesOf(label))

export const alice: SigningKey = signingKeyFromSeed(bytesOf('alice'))
export const bob: SigningKey = signingKeyFromSeed(bytesOf('bob'))
export const groupKey: Bytes = bytesOf('group key')

const fixedRandom: Random = { bytes: (length) => new Uint8Array(length).fill(7), float: () => 0.5 }

export const memberKeys = (key: SigningKey): MemberKeys => ({
  account: accountOf(key.publicKey),
  publicKey: key.publicKey,
  kemKey: kemKeyFromSecret(taggedHash('test-kem', key.seed)).publicKey,
})

const salt = bytesOf('salt')
const applicationId = idOf<ApplicationId>('application')
const namespaceId = namespaceIdOf(alice.publicKey, salt)
const groupId = groupIdOf(namespaceId, alice.publicKey, salt)
const contextId = contextIdOf(namespaceId, alice.publicKey, salt)
const account: AccountId = accountOf(bob.publicKey)

const [zeros, ones] = [new Uint8Array(MEASUREMENT_BYTES), new Uint8Array(MEASUREMENT_BYTES).fill(1)]
export const attested = {
  namespaceId,
  verifier: alice.publicKey,
  member: memberKeys(bob),
  provider: 'mock' as const,
  mrtd: zeros,
  rtmrs: [zeros, ones, zeros, ones],
  nonce: salt,
}

export const payload: DeltaPayload = {
  artifact: { kind: 'host', bytes: utf8('an artifact') },
  events: [
    { kind: 'Set', data: utf8('{"key":"a"}'), handler: 'on_set' },
    { kind: 'Note', data: new Uint8Array(0) },
  ],
  depth: 1,
}

const header = {
  contextId,
  author: alice.publicKey,
  parents: [earlyId('p1'), earlyId('p2')].sort(),
  hlc: 1_755_000_000_123_456_789n,
  governance: [idOf<OpId>('op')],
  keyId: keyIdOf(groupKey),
}
const sealing = { header, groupKey, signingKey: alice, random: fixedRandom }

export const delta: Delta = sealDelta({ ...sealing, payload })
export const rewritten: Delta = sealDelta({
  ...sealing,
  header: { ...header, rewrites: [earlyId('first'), earlyId('last')].sort() },
  payload,
})
export const followsOn: Delta = sealDelta({ ...sealing, header: { ...header, previous: 1 }, payload })
export const madeEarlier: Delta = sealDelta({
  ...sealing,
  header: { ...header, rewrites: [earlyId('first')], madeUnder: [idOf<OpId>('earlier'), idOf<OpId>('op')].sort() },
  payload,
})
/** Of one batch. */
export const together: readonly Delta[] = signDeltas(
  [0n, 1n, 2n].map((later) => {
    return sealUnsigned({ ...sealing, header: { ...header, hlc: header.hlc + later }, payload })
  }),
  alice,
)

const bodies: readonly OpBody[] = [
  { kind: 'namespace_created', applicationId, name: 'team', admin: memberKeys(alice), keyId: keyIdOf(groupKey), salt },
  {
    kind: 'member_joined',
    invitation: signInvitation(
      { namespaceId, groupId: namespaceId, expiresAtSec: 1_786_000_000n, salt, role: 'Member' },
      alice,
    ),
    member: memberKeys(bob),
  },
  { kind: 'member_added', groupId, account, role: 'ReadOnly' },
  { kind: 'member_removed', groupId, account },
  {
    kind: 'member_removed',
    groupId: namespaceId,
    account,
    pinned: { [contextId]: [idOf<DeltaId>('p1'), idOf<DeltaId>('p2')].sort(), [idOf<ContextId>('other')]: [] },
  },
  { kind: 'role_set', groupId, account, role: 'Admin' },
  { kind: 'capabilities_set', groupId, capabilities: 5 },
  { kind: 'capabilities_set', groupId, account, capabilities: 0xffff_ffff },
  {
    kind: 'group_created',
    groupId,
    parentId: namespaceId,
    keyId: keyIdOf(groupKey),
    covers: salt,
    salt,
    name: 'rödel',
    visibility: 'open',
  },
  { kind: 'visibility_set', groupId, visibility: 'restricted' },
  {
    kind: 'context_created',
    contextId,
    groupId,
    salt,
    applicationId,
    baseRoot: idOf<RootHash>('root'),
    storage: 'guest',
    name: 'notes',
    serviceName: 'main',
  },
  { kind: 'application_known', applicationId, blobId: idOf<BlobId>('blob'), size: 2 ** 33, source: 'file:///app.wasm' },
  { kind: 'key_rotated', groupId, keyId: keyIdOf(groupKey), covers: salt },
  {
    kind: 'removal_pinned',
    account,
    removal: idOf<OpId>('removal'),
    pinned: { [contextId]: [idOf<DeltaId>('p1'), idOf<DeltaId>('p2')].sort() },
  },
  { kind: 'group_moved', groupId, parentId: namespaceId },
  { kind: 'group_deleted', groupId },
  { kind: 'context_detached', contextId },
  {
    kind: 'metadata_set',
    groupId,
    name: 'general',
    fields: [
      ['__proto__', 'a key like any other'],
      ['topic', 'everything'],
    ],
  },
  { kind: 'metadata_set', groupId, account, fields: [] },
  { kind: 'metadata_set', groupId, contextId, name: 'main', fields: [['kind', '']] },
  { kind: 'auto_follow_set', groupId, account, contexts: false, subgroups: true },
  { kind: 'application_set', groupId, applicationId, cascade: true },
  { kind: 'role_set', groupId, account, role: 'ReadOnly', pinned: { [contextId]: [idOf<DeltaId>('p1')] } },
  {
    kind: 'proposal_made',
    contextId,
    proposalId: idOf<ProposalId>('proposal'),
    actions: Uint8Array.of(1, 0, 0, 0, 2, 3, 0, 0, 0),
  },
  { kind: 'proposal_approved', contextId, proposal: idOf<OpId>('proposal made') },
  { kind: 'tee_policy_set' },
  {
    kind: 'tee_policy_set',
    policy: {
      acceptMock: true,
      mrtds: [zeros, ones],
      rtmrs: [[], [ones], [], [zeros, ones]],
      tcbStatuses: ['OutOfDate', 'UpToDate'],
    },
  },
  { kind: 'tee_admitted', member: memberKeys(bob), attestation: mockAttestation(attested, bob) },
]

export const ops: readonly SignedOp[] = bodies.map((body, index) =>
  signOp({
    namespaceId,
    parents: index === 0 ? [] : [idOf<OpId>('op')],
    hlc: index === 0 ? 0n : (1n << 64n) - BigInt(index),
    body,
    signingKey: body.kind === 'member_joined' ? bob : alice,
  }),
)

export const gossips: readonly Gossip[] = [
  { t: 'deltas', items: [encodeDelta(delta)] },
  { t: 'announce', items: [{ id: delta.id, parents: delta.parents }] },
  {
    t: 'heads',
    ...signHeads(
      { contextId, heads: [delta.id], root: idOf<RootHash>('root'), removals: new Uint8Array(32), hlc: delta.hlc },
      alice,
    ),
  },
  { t: 'ops', items: ops.slice(0, 2).map((op) => encodeOp(op)) },
  {
    t: 'presence',
    ...sealPresence({
      head: { contextId, author: alice.publicKey, seq: 1_700_000_000_000n, keyId: delta.keyId },
      state: utf8('here'),
      groupKey,
      signingKey: alice,
      random: fixedRandom,
    }),
  },
]

export const seekings: readonly Seeking[] = [
  { t: 'seek', sought: [alice.publicKey, bob.publicKey].sort(), nonce: new Uint8Array(8).fill(7) },
  {
    t: 'here',
    ...signHere(
      {
        addresses: ['/ip4/127.0.0.1/tcp/2428/p2p/alice', '/dns4/alice/tcp/2428/p2p/alice'],
        atMs: 1_700_000_000_000n,
      },
      alice,
    ),
  },
]

/** Of a state that is not the first, and could not be brought further. */
export const headsOfState: Gossip = {
  t: 'heads',
  ...signHeads(
    {
      contextId,
      heads: [delta.id],
      root: idOf<RootHash>('root'),
      removals: new Uint8Array(32),
      state: { version: 2, failed: 'migrate_v2_to_v3: it trapped', own: 7 },
      hlc: delta.hlc,
    },
    alice,
  ),
}

/** The same value with every byte string a plain Uint8Array, for comparison. */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return new Uint8Array(value)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, plain(entry)]))
}
