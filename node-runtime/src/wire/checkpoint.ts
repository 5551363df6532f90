// A checkpoint: how far the history of a context is behind all, what it contained, and the root of the state there. It takes
// effect where most writers have vouched for it; whoever has it certified can check the state itself against it.
import { type Bytes, equalBytes } from '../base/bytes.ts'
import { taggedHash } from '../base/hash.ts'
import type { ContextId, DeltaId, OpId, PublicKey, RootHash } from '../base/ids.ts'
import { type SigningKey, verify } from '../base/keys.ts'
import { message } from './codec.ts'
import {
  CERTIFIED_BYTES_MAX,
  CHECKPOINT_AUTHORS_MAX,
  CHECKPOINT_BYTES_MAX,
  GOVERNANCE_HEADS_MAX,
  HASH_BYTES,
  PARENTS_MAX,
  RECENT_MAX,
  SIGNATURE_BYTES,
} from './limits.ts'
import { bytes, id, idSet, idTable, list, record, uint } from './shape.ts'

/** Its position in the canonical order is `last`: each id up to there that it does not contain counts nowhere. */
export interface Checkpoint {
  readonly contextId: ContextId
  /** The last delta in canonical order that it contains. */
  readonly last: DeltaId
  /** How many deltas it contains, those without effect included. */
  readonly count: number
  /** Hash over all of them, oldest first, each with what it counts for. */
  readonly chain: Bytes
  readonly root: RootHash
  /** Of what stands in it, what nothing else that stands in it names: parents of what is written on it. */
  readonly heads: readonly DeltaId[]
  /** The newest delta of each author that stands in it: what the author wrote before it contains, too. */
  readonly authors: Readonly<Record<PublicKey, DeltaId>>
  /** The last of what it contains. */
  readonly recent: Recent
  /** The cut of the governance log that it was judged at, and at which its vouchers are counted. */
  readonly governance: readonly OpId[]
}

export interface Recent {
  readonly counting: readonly DeltaId[]
  /** Without effect, because its author was removed, or what it stands for counts. */
  readonly voids: readonly DeltaId[]
  /** Built on what an earlier checkpoint did not contain. */
  readonly lost: readonly DeltaId[]
}

/** Says that its author holds just what a checkpoint contains. */
export interface Vouch {
  readonly author: PublicKey
  readonly signature: Bytes
}

export interface CertifiedCheckpoint {
  readonly checkpoint: Checkpoint
  readonly vouches: readonly Vouch[]
}

const recentIds = idSet<DeltaId>(RECENT_MAX)
const bodyMessage = message(
  'checkpoint-body/2',
  record({
    contextId: id<ContextId>(),
    last: id<DeltaId>(),
    count: uint(Number.MAX_SAFE_INTEGER),
    chain: bytes(HASH_BYTES, HASH_BYTES),
    root: id<RootHash>(),
    heads: idSet<DeltaId>(PARENTS_MAX),
    authors: idTable<PublicKey, DeltaId>(id<DeltaId>(), CHECKPOINT_AUTHORS_MAX),
    recent: record({ counting: recentIds, voids: recentIds, lost: recentIds }),
    governance: idSet<OpId>(GOVERNANCE_HEADS_MAX),
  }),
  CHECKPOINT_BYTES_MAX,
)
const certifiedMessage = message(
  'checkpoint/2',
  record({
    body: bytes(CHECKPOINT_BYTES_MAX),
    vouches: list(
      record({ author: id<PublicKey>(), signature: bytes(SIGNATURE_BYTES, SIGNATURE_BYTES) }),
      CHECKPOINT_AUTHORS_MAX,
    ),
  }),
  CERTIFIED_BYTES_MAX,
)

/** Throws WireError. */
export function encodeCheckpoint(checkpoint: Checkpoint): Bytes {
  return bodyMessage.encode(checkpoint)
}

/** A checkpoint is large, and its hash is asked for with every beat. */
const hashes = new WeakMap<Checkpoint, Bytes>()

/** Names the checkpoint. */
export function checkpointHash(checkpoint: Checkpoint): Bytes {
  const known = hashes.get(checkpoint)
  if (known !== undefined) return known
  const hash = new Uint8Array(taggedHash('calbox/checkpoint/2', encodeCheckpoint(checkpoint)))
  hashes.set(checkpoint, hash)
  return hash
}

/** `checkpoint`: its hash. */
export function vouchFor(checkpoint: Bytes, signingKey: SigningKey): Vouch {
  return { author: signingKey.publicKey, signature: signingKey.sign(vouchedHash(checkpoint)) }
}

/** By signature, as it was read: whose it is, and over which hash. The vouches that are here are counted with every beat that comes. */
const genuine = new WeakMap<Bytes, { readonly author: PublicKey; readonly checkpoint: Bytes }>()

export function verifyVouch(checkpoint: Bytes, { author, signature }: Vouch): boolean {
  const known = genuine.get(signature)
  if (known?.author === author && equalBytes(known.checkpoint, checkpoint)) return true
  if (!verify(author, vouchedHash(checkpoint), signature)) return false
  genuine.set(signature, { author, checkpoint })
  return true
}

/** Throws WireError. */
export function encodeCertified({ checkpoint, vouches }: CertifiedCheckpoint): Bytes {
  return certifiedMessage.encode({ body: encodeCheckpoint(checkpoint), vouches })
}

/** Throws WireError. Whether the vouches suffice is not checked. */
export function decodeCertified(data: Bytes): CertifiedCheckpoint {
  const { body, vouches } = certifiedMessage.decode(data)
  return { checkpoint: bodyMessage.decode(body), vouches }
}

function vouchedHash(checkpoint: Bytes): Bytes {
  return taggedHash('calbox/vouch/1', checkpoint)
}
