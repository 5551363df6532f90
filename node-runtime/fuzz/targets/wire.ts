// Messages of peers: what travels by gossip and on streams.
import { toHex, utf8 } from '../../src/base/bytes.ts'
import {
  type ContextId,
  type DeltaId,
  type GroupId,
  idFromBytes,
  type KeyId,
  type NamespaceId,
  type OpId,
  type PublicKey,
  type RootHash,
} from '../../src/base/ids.ts'
import { kemKeyFromSecret, openSealed, sealTo } from '../../src/base/keys.ts'
import type { Random } from '../../src/base/random.ts'
import { type Answer, answerProbes, type Probe } from '../../src/reconcile/answer.ts'
import { END, isAscending, START } from '../../src/reconcile/item-key.ts'
import { keyNumber, RowSet } from '../../src/reconcile/item-set.fixture.ts'
import { Reconciliation } from '../../src/reconcile/reconciliation.ts'
import { mockAttestation, verifyAttestation } from '../../src/wire/attestation.ts'
import { checkpointHash, decodeCertified, encodeCertified, verifyVouch, vouchFor } from '../../src/wire/checkpoint.ts'
import { encodeDelta } from '../../src/wire/delta.ts'
import {
  decodeGossip,
  decodeHeads,
  encodeGossip,
  encodeHeads,
  type Gossip,
  signHeads,
  verifyHeads,
} from '../../src/wire/gossip.ts'
import { encodeInvitationBody, verifyInvitation } from '../../src/wire/invitation.ts'
import {
  alice,
  attested,
  bob,
  bytesOf,
  delta,
  gossips,
  groupKey,
  headsOfState,
  idOf,
  ops,
  seekings,
} from '../../src/wire/messages.fixture.ts'
import { decodeOp, encodeOp, verifyOp } from '../../src/wire/op.ts'
import { openPresence, sealPresence, verifyPresence } from '../../src/wire/presence.ts'
import { decodeSeeking, encodeSeeking, verifyHere } from '../../src/wire/seeking.ts'
import {
  helloMessage,
  type SyncFrame,
  type SyncRequest,
  syncFrameMessage,
  syncRequestMessage,
} from '../../src/wire/sync-messages.ts'
import { Rejected, type Target } from '../target.ts'
import { blobTargets } from './blob-frames.ts'
import { cborTarget } from './cbor.ts'
import { codecTarget, WIRE } from './codec-target.ts'
import { deltaTargets } from './deltas.ts'
import { lookTwice } from './look-twice.ts'
import { treeDiffTarget } from './tree-diff.ts'
import { wantsTarget } from './wants.ts'

const fixedRandom: Random = { bytes: (length) => new Uint8Array(length).fill(7), float: () => 0.5 }
const contextId = idOf<ContextId>('context')

const presence = sealPresence({
  head: { contextId, author: alice.publicKey, seq: 1_700_000_000_000n, keyId: delta.keyId },
  state: utf8('here'),
  groupKey,
  signingKey: alice,
  random: fixedRandom,
})

const presenceTarget: Target = {
  name: 'presence-sealed',
  decoders: ['wire/presence.ts#openPresence'],
  codes: ['KEY_CANNOT_OPEN'],
  format: 'binary',
  seeds: [presence.sealed],
  run(input) {
    openPresence({ ...presence, sealed: input }, groupKey)
    return presence.sealed
  },
}

const kem = kemKeyFromSecret(bytesOf('kem'))
const sealedKey = sealTo(kem.publicKey, groupKey, utf8('group'), {
  ...fixedRandom,
  bytes: (length) => bytesOf('e').subarray(0, length),
})

const sealedKeyTarget: Target = {
  name: 'sealed-key',
  decoders: ['base/keys.ts#openSealed'],
  codes: ['KEY_CANNOT_OPEN'],
  format: 'binary',
  seeds: [sealedKey],
  run(input) {
    openSealed(kem, input, utf8('group'))
    return sealedKey
  },
}

const opTarget: Target = {
  name: 'op',
  decoders: ['wire/op.ts#decodeOp'],
  codes: WIRE,
  format: 'cbor',
  seeds: ops.map(encodeOp),
  run(input) {
    const op = decodeOp(input)
    lookTwice(() => verifyOp(op))
    if (op.body.kind === 'member_joined') {
      verifyInvitation(op.body.invitation)
      encodeInvitationBody(op.body.invitation)
    }
    return encodeOp(op)
  },
}

const checkpointed: Gossip = {
  t: 'heads',
  ...signHeads(
    {
      contextId,
      heads: [delta.id],
      root: idOf<RootHash>('root'),
      removals: bytesOf('removals'),
      checkpoint: bytesOf('checkpoint'),
      vouch: { checkpoint: bytesOf('next'), signature: vouchFor(bytesOf('next'), alice).signature },
      hlc: delta.hlc,
    },
    alice,
  ),
}
const allGossips = [...gossips, headsOfState, checkpointed]
const beats = allGossips.flatMap((gossip) => (gossip.t === 'heads' ? [gossip] : []))

const gossipTarget: Target = {
  name: 'gossip',
  decoders: ['wire/gossip.ts#decodeGossip'],
  codes: WIRE,
  format: 'cbor',
  seeds: allGossips.map(encodeGossip),
  run(input) {
    const gossip: Gossip = decodeGossip(input)
    if (gossip.t === 'heads') lookTwice(() => verifyHeads(gossip))
    if (gossip.t === 'presence') verifyPresence(gossip)
    return encodeGossip(gossip)
  },
}

const seekingTarget: Target = {
  name: 'seeking',
  decoders: ['wire/seeking.ts#decodeSeeking'],
  codes: WIRE,
  format: 'cbor',
  seeds: seekings.map(encodeSeeking),
  run(input) {
    const seeking = decodeSeeking(input)
    if (seeking.t === 'here') verifyHere(seeking)
    return encodeSeeking(seeking)
  },
}

const headsTarget: Target = {
  name: 'heads-beat',
  decoders: ['wire/gossip.ts#decodeHeads'],
  codes: WIRE,
  format: 'cbor',
  seeds: beats.map(({ t: ____, ...beat }) => encodeHeads(beat)),
  run: (input) => encodeHeads(decodeHeads(input)),
}

const checkpoint = {
  contextId,
  last: idOf<DeltaId>('last'),
  root: idOf<RootHash>('root'),
  count: 2,
  chain: bytesOf('chain'),
  heads: [idOf<DeltaId>('last')],
  authors: { [idOf<PublicKey>('author')]: idOf<DeltaId>('last'), [bob.publicKey]: idOf<DeltaId>('p1') },
  recent: { counting: [idOf<DeltaId>('last')], voids: [idOf<DeltaId>('p1')], lost: [] },
  governance: [idOf<OpId>('op')],
}

const certified = { checkpoint, vouches: [alice, bob].map((key) => vouchFor(checkpointHash(checkpoint), key)) }

const checkpointTarget: Target = {
  name: 'checkpoint',
  decoders: ['wire/checkpoint.ts#decodeCertified'],
  codes: WIRE,
  format: 'cbor',
  seeds: [encodeCertified(certified)],
  run(input) {
    const read = decodeCertified(input)
    for (const vouch of read.vouches) lookTwice(() => verifyVouch(checkpointHash(read.checkpoint), vouch))
    return encodeCertified(read)
  },
}

const hash = bytesOf('hash')
const joined = ops.find((op) => op.body.kind === 'member_joined')
const invitation = joined?.body.kind === 'member_joined' ? { invitation: joined.body.invitation } : {}
const groupId = idOf<GroupId>('group')
const namespaceId = idOf<NamespaceId>('namespace')

const here = new RowSet(Array.from({ length: 300 }, (_____, index) => keyNumber(index, BigInt(index))))
const there = new RowSet(
  Array.from({ length: 300 }, (_____, index) => keyNumber(index + (index % 7 === 0 ? 1000 : 0), BigInt(index))),
)
const probes = [...new Reconciliation(here.read).probes()]
const answers = answerProbes(there.view(), probes)
const [firstKey] = here.view().keys({ from: START, to: END }, 1)
const pruned = (firstKey ?? '').slice(0, 16)

const requests: readonly SyncRequest[] = [
  { t: 'ops', namespaceId, have: [], ...invitation },
  {
    t: 'ops',
    namespaceId,
    have: ops
      .slice(0, 2)
      .map((op) => op.id)
      .sort(),
  },
  { t: 'greet', contextId },
  { t: 'greet', contextId, other: hash },
  { t: 'greet', contextId, beat: beats.map(({ t: ____, ...beat }) => encodeHeads(beat))[0] ?? hash },
  { t: 'compare', contextId, probes },
  { t: 'compare', contextId, probes: [{ from: START, to: END }] },
  {
    t: 'fetch',
    contextId,
    wants: [
      { t: 'item', key: firstKey ?? '' },
      { t: 'range', from: 'aa', to: 'g' },
    ],
  },
  { t: 'lacking', contextId, keys: [firstKey ?? ''], more: true },
  { t: 'snapshot', contextId, checkpoint: hash, after: utf8('key') },
  { t: 'snapshot', contextId, checkpoint: hash },
  { t: 'base', contextId },
  { t: 'tree', contextId, root: idOf<RootHash>('root'), paths: ['', '0af'] },
  { t: 'names', contextId, root: idOf<RootHash>('root'), hashes: [hash] },
  { t: 'keys', namespaceId, groupId, ops: ops.slice(0, 2).map(encodeOp) },
  { t: 'keys', namespaceId, groupId, ops: [], wanted: [idFromBytes<KeyId>(new Uint8Array(32))] },
  { t: 'attest', groupId },
  { t: 'admit', namespaceId, member: attested.member, attestation: mockAttestation(attested, bob) },
]

const frames: readonly SyncFrame[] = [
  { t: 'items', items: [encodeDelta(delta), hash] },
  { t: 'part', bytes: hash, last: true },
  { t: 'greeting', beats: [hash], checkpoint: encodeCertified(certified) },
  { t: 'greeting', beats: [] },
  { t: 'greeting', beats: [hash], other: encodeCertified(certified) },
  { t: 'answers', floor: START, answers },
  {
    t: 'answers',
    floor: 'g',
    answers: [{ t: 'same' }, { t: 'all' }, { t: 'later' }, { t: 'items', keys: Buffer.from(firstKey ?? '', 'hex') }],
  },
  { t: 'entries', entries: [{ key: utf8('key'), value: utf8('value') }] },
  { t: 'challenge', namespaceId, nonce: hash },
  { t: 'end', more: false },
  { t: 'refused', code: 'busy', message: 'later' },
]

const requestTarget: Target = {
  ...codecTarget(
    'sync-request',
    syncRequestMessage,
    'wire/sync-messages.ts#syncRequestMessage',
    requests.map((request) => syncRequestMessage.encode(request)),
  ),
  run(input, work) {
    const request = syncRequestMessage.decode(input)
    if (request.t === 'compare') {
      const view = here.view()
      answerProbes(view, request.probes)
      // Where some was pruned, and little is looked at for one frame.
      answerProbes(here.view(), request.probes, { floor: pruned, visitsMax: 40 })
      // Work for one frame is capped; a probe that was begun is finished.
      if (view.visits > VISITS_MAX) for (let left = view.visits; left > 0; left -= 1) work.step()
    }
    if (request.t === 'admit') verifyAttestation({ ...request, verifier: bob.publicKey }, request.attestation)
    return syncRequestMessage.encode(request)
  },
}

/** `ANSWER_VISITS_MAX` and what 256 probes may begin after it. */
const VISITS_MAX = 40_000

const frameTarget: Target = codecTarget(
  'sync-frame',
  syncFrameMessage,
  'wire/sync-messages.ts#syncFrameMessage',
  frames.map((frame) => syncFrameMessage.encode(frame)),
)

/** One answer in the place of another: each kind where it is not expected. */
const answersInstead = (
  [{ t: 'all' }, { t: 'later' }, { t: 'same' }, answers.find(({ t }) => t === 'parts')] as const
).map((instead) => answers.map((answer, index) => (index === 1 && instead !== undefined ? instead : answer)))

/** Two parts that differ from what is here, whatever that is. */
function parted({ from, to }: Probe, count: number): Answer {
  const [middle] = here.view().keys({ from: `${from}0`, to }, 1)
  const parts = [middle ?? 'ff', to].map((end) => ({ to: end, count, fingerprint: bytesOf('nothing here') }))
  return { t: 'parts', parts }
}

/** Those that fit what was asked, and that nobody gives who holds to the protocol. */
const answersOfLiars: readonly (readonly Answer[])[] = [
  answers.slice(1),
  answers.map(() => ({ t: 'later' })),
  probes.map((probe) => parted(probe, 1)),
  probes.map((probe) => parted(probe, 1000)),
  probes.map(() => ({ t: 'items', keys: Buffer.from(firstKey ?? '', 'hex') })),
]

/** A peer's answers, taken by the side that asked; honest ones follow. */
const answersTarget: Target = {
  name: 'reconcile-answers',
  decoders: ['reconcile/reconciliation.ts#Reconciliation'],
  codes: [...WIRE, 'ANSWER_INVALID', 'another frame'],
  format: 'cbor',
  seeds: [
    ...[answers, ...answersInstead, ...answersOfLiars].map((each) =>
      syncFrameMessage.encode({ t: 'answers', floor: START, answers: each }),
    ),
    syncFrameMessage.encode({ t: 'answers', floor: pruned, answers }),
  ],
  allocation: { perByte: 4000, base: 4 * 1024 * 1024 },
  blocksPerByte: 1000,
  share: 0.2,
  run(input, work) {
    const frame = syncFrameMessage.decode(input)
    if (frame.t !== 'answers') throw new Rejected('another frame')
    const asking = new Reconciliation(here.read)
    asking.probes()
    asking.take(frame.answers, frame.floor)
    for (let asked = asking.probes(); asked.length > 0; asked = asking.probes()) {
      work.step()
      for (const { from, to } of asked)
        if (from >= to) throw new Error(`an empty range is asked about: ${from} to ${to}`)
      asking.take(answerProbes(there.view(), asked, { floor: frame.floor }), frame.floor)
    }
    const { wants, lacks } = asking.differences()
    const starts = wants.map((want) => (want.t === 'item' ? want.key : want.from))
    if (!isAscending(starts) || !isAscending(lacks)) throw new Error('differences out of order')
    return syncFrameMessage.encode(frame)
  },
}

export const wireTargets: readonly Target[] = [
  cborTarget,
  ...deltaTargets,
  presenceTarget,
  sealedKeyTarget,
  opTarget,
  gossipTarget,
  seekingTarget,
  headsTarget,
  checkpointTarget,
  codecTarget('hello', helloMessage, 'wire/sync-messages.ts#helloMessage', [
    helloMessage.encode({ topics: [] }),
    helloMessage.encode({ topics: [{ topic: hash, digest: bytesOf(toHex(hash)) }] }),
  ]),
  requestTarget,
  frameTarget,
  answersTarget,
  wantsTarget,
  treeDiffTarget,
  ...blobTargets(contextId, namespaceId),
]
