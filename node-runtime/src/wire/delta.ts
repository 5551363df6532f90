// A delta: one signed, sealed change of a context. The header is readable by every peer; the payload by members only.
import { type Bytes, concat, equalBytes, u64be } from '../base/bytes.ts'
import { assert } from '../base/errors.ts'
import { taggedHash } from '../base/hash.ts'
import {
  type ContextId,
  type DeltaId,
  ID_LENGTH,
  idBytes,
  idFromBytes,
  type KeyId,
  type OpId,
  type PublicKey,
  stampOf,
} from '../base/ids.ts'
import { open, type SigningKey, seal, verify } from '../base/keys.ts'
import type { Random } from '../base/random.ts'
import { Recent } from '../base/recent.ts'
import { message } from './codec.ts'
import { isPath, rootOver, treeOf } from './delta-tree.ts'
import { WireError } from './errors.ts'
import {
  ARTIFACT_BYTES_MAX,
  DELTA_BYTES_MAX,
  DELTAS_REMEMBERED,
  EVENT_DATA_BYTES_MAX,
  EVENT_DEPTH_MAX,
  EVENT_HANDLER_BYTES_MAX,
  EVENT_KIND_BYTES_MAX,
  EVENTS_MAX,
  GOVERNANCE_HEADS_MAX,
  PARENTS_MAX,
  REWRITES_MAX,
  ROOTS_REMEMBERED,
  SEALED_BYTES_MAX,
  SIGNATURE_BYTES,
  TREE_DEPTH_MAX,
} from './limits.ts'
import { bytes, bytesWithin, id, idSet, list, oneOf, record, text, u64, uint } from './shape.ts'

export interface DeltaHeader {
  readonly contextId: ContextId
  readonly author: PublicKey
  /** Sorted, unique, each earlier than `hlc`. Empty: directly on the context's base. */
  readonly parents: readonly DeltaId[]
  /** Which of the parents, counted from 0, is the author's delta before this one. Absent: it is its first. */
  readonly previous?: number
  readonly hlc: bigint
  /** Governance heads the author acted under; sorted, unique. */
  readonly governance: readonly OpId[]
  readonly keyId: KeyId
  /** Those of the author that it stands for, the first one and the last: it counts where none of them does. */
  readonly rewrites?: readonly DeltaId[]
  /**
   * Governance heads under which its artifact was made; sorted, unique. Only of what is written again after an upgrade: absent,
   * they are `governance`. They say which code applies it, and nothing of what its author may.
   */
  readonly madeUnder?: readonly OpId[]
}

export interface Delta extends DeltaHeader {
  /** The stamp, then the tagged hash of the canonical body, `sealed` included. */
  readonly id: DeltaId
  readonly sealed: Bytes
  /** The author's, over the id, or over the root that `path` leads to. */
  readonly signature: Bytes
  /** Of what was signed together with others: from the id to the root of the tree above their ids. */
  readonly path?: Bytes
}

/** All but what makes it genuine. */
export type UnsignedDelta = Omit<Delta, 'signature' | 'path'>

export interface EventRecord {
  readonly kind: string
  readonly data: Bytes
  readonly handler?: string
}

export interface DeltaPayload {
  readonly artifact: { readonly kind: 'guest' | 'host'; readonly bytes: Bytes }
  readonly events: readonly EventRecord[]
  /** How many handlers led here: 0 for a client's call. */
  readonly depth: number
}

const header = {
  contextId: id<ContextId>(),
  author: id<PublicKey>(),
  parents: idSet<DeltaId>(PARENTS_MAX),
  hlc: u64(),
  governance: idSet<OpId>(GOVERNANCE_HEADS_MAX),
  keyId: id<KeyId>(),
}
const optional = {
  previous: uint(PARENTS_MAX - 1),
  rewrites: idSet<DeltaId>(REWRITES_MAX),
  madeUnder: idSet<OpId>(GOVERNANCE_HEADS_MAX),
}
// The header alone is what the sealed payload is bound to.
const headerMessage = message('delta-header/2', record(header, optional), DELTA_BYTES_MAX)
const ID_HASH_BYTES = 24
// What the id is the hash of.
const bodyMessage = message(
  'delta-body/2',
  record({ ...header, sealed: bytes(SEALED_BYTES_MAX) }, optional),
  DELTA_BYTES_MAX,
)
// The body travels as the bytes that were hashed.
const deltaMessage = message(
  'delta/2',
  record(
    { body: bytesWithin(DELTA_BYTES_MAX), signature: bytes(SIGNATURE_BYTES, SIGNATURE_BYTES) },
    { path: bytes(1 + TREE_DEPTH_MAX * ID_LENGTH, 1 + ID_LENGTH) },
  ),
  DELTA_BYTES_MAX,
)
const event = record(
  { kind: text(EVENT_KIND_BYTES_MAX), data: bytes(EVENT_DATA_BYTES_MAX) },
  { handler: text(EVENT_HANDLER_BYTES_MAX) },
)
const payloadMessage = message(
  'payload/1',
  record({
    artifact: record({ kind: oneOf(['guest', 'host']), bytes: bytes(ARTIFACT_BYTES_MAX) }),
    events: list(event, EVENTS_MAX),
    depth: uint(EVENT_DEPTH_MAX),
  }),
  SEALED_BYTES_MAX,
)

export interface SealDeltaInput {
  readonly header: DeltaHeader
  readonly payload: DeltaPayload
  readonly groupKey: Bytes
  readonly signingKey: SigningKey
  readonly random: Random
}

/** Throws WireError when header or payload break a bound, or a parent is not earlier. */
export function sealDelta({ signingKey, ...input }: SealDeltaInput): Delta {
  return signDelta(sealUnsigned(input), signingKey)
}

/** To be signed, alone or with others. Throws as `sealDelta` does. */
export function sealUnsigned({ header, payload, groupKey, random }: Omit<SealDeltaInput, 'signingKey'>): UnsignedDelta {
  const sealed = seal(groupKey, payloadMessage.encode(payload), headerMessage.encode(header), random)
  requireLater(header)
  const id = idOf(header.hlc, bodyMessage.encode({ ...header, sealed }))
  return { ...header, id, sealed }
}

/** All of one author, at most 2 ** TREE_DEPTH_MAX: one signature, and each is genuine without the others. */
export function signDeltas(deltas: readonly UnsignedDelta[], signingKey: SigningKey): Delta[] {
  const [first, second] = deltas
  if (first === undefined) return []
  if (second === undefined) return [signDelta(first, signingKey)]
  for (const { author } of deltas) assertAuthor(author, signingKey)
  const { root, paths } = treeOf(deltas.map(({ id }) => id))
  const signature = signingKey.sign(root)
  return deltas.map((delta, index): Delta => {
    const path = paths[index]
    assert(path !== undefined, 'a tree has a path for each of its ids')
    return { ...delta, signature, path }
  })
}

function signDelta(delta: UnsignedDelta, signingKey: SigningKey): Delta {
  assertAuthor(delta.author, signingKey)
  return { ...delta, signature: signingKey.sign(idBytes(delta.id)) }
}

function assertAuthor(author: PublicKey, signingKey: SigningKey): void {
  assert(signingKey.publicKey === author, 'a delta is signed by its author')
}

/** Of deltas that are remembered as decoded: who takes one back and applies it again opens it each time. */
const opened = new WeakMap<Delta, { readonly groupKey: Bytes; readonly payload: DeltaPayload }>()

/** Throws KeyError when `groupKey` is not the one, WireError when the payload is malformed. */
export function openDelta(delta: Delta, groupKey: Bytes): DeltaPayload {
  const known = opened.get(delta)
  if (known && equalBytes(known.groupKey, groupKey)) return known.payload
  const payload = payloadMessage.decode(open(groupKey, delta.sealed, headerMessage.encode(headerOf(delta))))
  if (delta.sealed.byteLength <= DELTAS_REMEMBERED.bytesMax) opened.set(delta, { groupKey, payload })
  return payload
}

/** Whether they say the same: one value has one byte form. */
export function isSamePayload(a: DeltaPayload, b: DeltaPayload): boolean {
  return a === b || equalBytes(payloadMessage.encode(a), payloadMessage.encode(b))
}

/** The author's delta before this one; undefined for its first. */
export function previousOf({ parents, previous }: Pick<DeltaHeader, 'parents' | 'previous'>): DeltaId | undefined {
  return previous === undefined ? undefined : parents[previous]
}

/** The cut whose code has made the artifact, and applies it. */
export function codeCutOf({ governance, madeUnder }: Pick<DeltaHeader, 'governance' | 'madeUnder'>): readonly OpId[] {
  return madeUnder ?? governance
}

/** Roots of trees that were looked at, with their authors and signatures: those of one batch come together. */
const roots = new Recent<boolean>(ROOTS_REMEMBERED)

/** Checks the signature; the id was computed by whoever made the value. */
export function verifyDelta({ id, author, signature, path }: Delta): boolean {
  if (path === undefined) return verify(author, idBytes(id), signature)
  if (!isPath(path)) return false
  const root = rootOver(id, path)
  return roots.of(concat([root, idBytes(author), signature]), () => verify(author, root, signature))
}

/** Of deltas that came as bytes or went: one value has one byte form, and most that come are stored or sent on. */
const encodings = new WeakMap<Delta, Bytes>()

export function encodeDelta(delta: Delta): Bytes {
  const known = encodings.get(delta)
  if (known !== undefined) return known
  const body = bodyMessage.encode({ ...headerOf(delta), sealed: delta.sealed })
  const { signature, path } = delta
  const bytes = deltaMessage.encode(path ? { body, signature, path } : { body, signature })
  encodings.set(delta, bytes)
  return bytes
}

/** A delta is met as gossip, as a row, for its acknowledgement, in pulls, and again by whoever takes it back. */
const recent = new Recent<Delta>(DELTAS_REMEMBERED)

/**
 * Throws WireError, also where a parent is not earlier. The id is computed; the signature is not checked. The bytes must not
 * change, nor may the value: whoever decodes the same bytes soon has the same one.
 */
export function decodeDelta(bytes: Bytes): Delta {
  return recent.of(bytes, read)
}

function read(bytes: Bytes): Delta {
  const { body, signature, path } = deltaMessage.decode(bytes)
  const facts = bodyMessage.decode(body)
  requireLater(facts)
  if (path && !isPath(path)) throw new WireError('WIRE_SHAPE', 'a delta with a path that no tree has', { data: {} })
  const delta: Delta = { ...facts, id: idOf(facts.hlc, body), signature, ...(path ? { path } : {}) }
  encodings.set(delta, bytes)
  return delta
}

/** So the canonical order is that of the ids, and a parent sorts before its children wherever it is. */
function idOf(hlc: bigint, body: Bytes): DeltaId {
  return idFromBytes<DeltaId>(concat([u64be(hlc), taggedHash('calbox/delta/2', body).subarray(0, ID_HASH_BYTES)]))
}

/** What a delta names is earlier than it is: it could not have known it. */
function requireLater({ parents, previous, rewrites, hlc }: DeltaHeader): void {
  if (previous !== undefined && previous >= parents.length) {
    const message = `a delta of ${parents.length} parents says that parent ${previous} is the author's one before it`
    throw new WireError('WIRE_SHAPE', message, { data: {} })
  }
  const late = [...parents, ...(rewrites ?? [])].find((id) => stampOf(id) >= hlc)
  if (late === undefined) return
  throw new WireError('WIRE_SHAPE', `a delta of stamp ${hlc} names ${late}, which is not earlier`, { data: {} })
}

function headerOf({
  contextId,
  author,
  parents,
  previous,
  hlc,
  governance,
  keyId,
  rewrites,
  madeUnder,
}: DeltaHeader): DeltaHeader {
  const optional = {
    ...(previous === undefined ? {} : { previous }),
    ...(rewrites ? { rewrites } : {}),
    ...(madeUnder ? { madeUnder } : {}),
  }
  return { contextId, author, parents, hlc, governance, keyId, ...optional }
}
