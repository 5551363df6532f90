// Frames on gossip topics. Gossip is a hint: everything in it can be had by pulling too.
import type { Bytes } from '../base/bytes.ts'
import { taggedHash } from '../base/hash.ts'
import type { ContextId, DeltaId, PublicKey, RootHash } from '../base/ids.ts'
import { type SigningKey, verify } from '../base/keys.ts'
import { Recent } from '../base/recent.ts'
import { message } from './codec.ts'
import {
  BEATS_REMEMBERED,
  FAILURE_BYTES_MAX,
  GOSSIP_BYTES_MAX,
  GOSSIP_ITEMS_MAX,
  HASH_BYTES,
  HEADS_MAX,
  OP_BYTES_MAX,
  PARENTS_MAX,
  SIGNATURE_BYTES,
  U32_MAX,
} from './limits.ts'
import { type Presence, presenceShape } from './presence.ts'
import { bytes, id, idSet, list, record, text, u64, uint, union } from './shape.ts'

export interface AnnouncedDelta {
  readonly id: DeltaId
  readonly parents: readonly DeltaId[]
}

export interface HeadsBeat {
  readonly contextId: ContextId
  /** Sorted, unique. */
  readonly heads: readonly DeltaId[]
  readonly root: RootHash
  /** Digest of the removals of members that the root was judged by; of a witness whose word is to come another one, of its own. */
  readonly removals: Bytes
  /** Hash of the checkpoint beneath it: equal heads, removals and checkpoints have equal roots. Absent: nothing is pruned. */
  readonly checkpoint?: Bytes
  /** For the next checkpoint. */
  readonly vouch?: HeadsVouch
  /** Of the state, where it is not the first version or could not be brought to a later one. */
  readonly state?: StateSaid
  /** The author's clock: of two beats of one author the later counts. */
  readonly hlc: bigint
  readonly author: PublicKey
  readonly signature: Bytes
}

export interface StateSaid {
  readonly version: number
  /** Why it has not the version that the log names. */
  readonly failed?: string
  /** Entries that only the author can convert. */
  readonly own?: number
}

export interface HeadsVouch {
  /** Hash of what is vouched for. */
  readonly checkpoint: Bytes
  readonly signature: Bytes
}

export type Gossip =
  | { readonly t: 'deltas'; readonly items: readonly Bytes[] }
  | { readonly t: 'announce'; readonly items: readonly AnnouncedDelta[] }
  | ({ readonly t: 'heads' } & HeadsBeat)
  | { readonly t: 'ops'; readonly items: readonly Bytes[] }
  | ({ readonly t: 'presence' } & Presence)

const announced = record({ id: id<DeltaId>(), parents: idSet<DeltaId>(PARENTS_MAX) })
const headsFacts = {
  contextId: id<ContextId>(),
  heads: idSet<DeltaId>(HEADS_MAX),
  root: id<RootHash>(),
  removals: bytes(HASH_BYTES, HASH_BYTES),
  hlc: u64(),
  author: id<PublicKey>(),
}
const hash = bytes(HASH_BYTES, HASH_BYTES)
const signature = bytes(SIGNATURE_BYTES, SIGNATURE_BYTES)
const state = record({ version: uint(U32_MAX) }, { failed: text(FAILURE_BYTES_MAX), own: uint(U32_MAX) })
const optional = { checkpoint: hash, vouch: record({ checkpoint: hash, signature }), state }
const headsMessage = message('heads/2', record(headsFacts, optional), GOSSIP_BYTES_MAX)
const beatFacts = { ...headsFacts, signature }
const beatMessage = message('heads-beat/2', record(beatFacts, optional), GOSSIP_BYTES_MAX)
const gossipMessage = message(
  'gossip/2',
  union<'t', Gossip>('t', {
    deltas: record({ items: list(bytes(GOSSIP_BYTES_MAX), GOSSIP_ITEMS_MAX, 1) }),
    announce: record({ items: list(announced, GOSSIP_ITEMS_MAX, 1) }),
    heads: record(beatFacts, optional),
    ops: record({ items: list(bytes(OP_BYTES_MAX), GOSSIP_ITEMS_MAX, 1) }),
    presence: presenceShape,
  }),
  GOSSIP_BYTES_MAX,
)

/** Throws WireError when the frame is larger than gossip carries: split the items. */
export function encodeGossip(gossip: Gossip): Bytes {
  return gossipMessage.encode(gossip)
}

/** Throws WireError. The items are decoded by their own decoders. */
export function decodeGossip(data: Bytes): Gossip {
  return gossipMessage.decode(data)
}

/** Of beats that were encoded: each is told to many. */
const encodings = new WeakMap<HeadsBeat, Bytes>()

/** A beat by itself, as rows and greetings carry it. Throws WireError. */
export function encodeHeads(beat: HeadsBeat): Bytes {
  const known = encodings.get(beat)
  if (known !== undefined) return known
  // It lives as long as the beat, of each member of each context: not in memory that is shared.
  const bytes = new Uint8Array(beatMessage.encode(beat))
  encodings.set(beat, bytes)
  return bytes
}

/** Every greeting carries the newest of every member: most were in the one before. */
const recent = new Recent<HeadsBeat>(BEATS_REMEMBERED)
const read = (bytes: Bytes): HeadsBeat => beatMessage.decode(bytes)

/** Throws WireError. The signature is not checked. The value must not change: it is that of the same bytes before. */
export function decodeHeads(bytes: Bytes): HeadsBeat {
  return recent.of(bytes, read)
}

export function signHeads(beat: Omit<HeadsBeat, 'author' | 'signature'>, signingKey: SigningKey): HeadsBeat {
  const unsigned = { ...beat, author: signingKey.publicKey }
  return { ...unsigned, signature: signingKey.sign(signedHash(unsigned)) }
}

/** Beats that were checked: whoever hands one on checks it, and so does who takes it. */
const genuine = new WeakSet<HeadsBeat>()

export function verifyHeads(beat: HeadsBeat): boolean {
  if (genuine.has(beat)) return true
  if (!verify(beat.author, signedHash(beat), beat.signature)) return false
  genuine.add(beat)
  return true
}

function signedHash(beat: Omit<HeadsBeat, 'signature'>): Bytes {
  const { contextId, heads, root, removals, hlc, author, checkpoint, vouch, state } = beat
  const more = { ...(checkpoint ? { checkpoint } : {}), ...(vouch ? { vouch } : {}), ...(state ? { state } : {}) }
  const facts = { contextId, heads, root, removals, hlc, author, ...more }
  return taggedHash('calbox/heads/2', headsMessage.encode(facts))
}
