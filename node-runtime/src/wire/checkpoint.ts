// A checkpoint: how far a node has pruned a context's history, and the root of the state there. Signed by the node that
// serves the state.
import type { Bytes } from '../base/bytes.ts'
import { taggedHash } from '../base/hash.ts'
import type { ContextId, DeltaId, PublicKey, RootHash } from '../base/ids.ts'
import { type SigningKey, verify } from '../base/keys.ts'
import { message } from './codec.ts'
import {
  BENEATH_MAX,
  CHECKPOINT_AUTHORS_MAX,
  CHECKPOINT_BYTES_MAX,
  HASH_BYTES,
  SIGNATURE_BYTES,
  VOIDS_NAMED_MAX,
} from './limits.ts'
import { bytes, id, list, record, u64, uint } from './shape.ts'

export interface Checkpoint {
  readonly contextId: ContextId
  /** The last delta in canonical order that it contains: it contains all up to there. */
  readonly last: { readonly id: DeltaId; readonly hlc: bigint }
  readonly root: RootHash
  /** How many deltas it contains, void ones included. */
  readonly count: number
  /** Of these, heads and parents of later ones, in canonical order. */
  readonly beneath: readonly { readonly id: DeltaId; readonly hlc: bigint }[]
  /** The newest stamp of each author in it: what an author wrote up to there it contains, and nothing later. */
  readonly authors: readonly { readonly author: PublicKey; readonly hlc: bigint }[]
  /** Of what it contains, what counts nowhere; absent where all counts. */
  readonly voids?: CheckpointVoids
}

export interface CheckpointVoids {
  /** All of them: their ids, one bitwise over the other. */
  readonly digest: Bytes
  /** The last ones in canonical order, as far as they are named. */
  readonly latest: readonly DeltaId[]
}

export interface SignedCheckpoint {
  readonly checkpoint: Checkpoint
  readonly author: PublicKey
  readonly signature: Bytes
}

const bodyMessage = message(
  'checkpoint-body/1',
  record(
    {
      contextId: id<ContextId>(),
      last: record({ id: id<DeltaId>(), hlc: u64() }),
      root: id<RootHash>(),
      count: uint(Number.MAX_SAFE_INTEGER),
      beneath: list(record({ id: id<DeltaId>(), hlc: u64() }), BENEATH_MAX),
      authors: list(record({ author: id<PublicKey>(), hlc: u64() }), CHECKPOINT_AUTHORS_MAX),
    },
    { voids: record({ digest: bytes(HASH_BYTES, HASH_BYTES), latest: list(id<DeltaId>(), VOIDS_NAMED_MAX) }) },
  ),
  CHECKPOINT_BYTES_MAX,
)
const signedMessage = message(
  'checkpoint/1',
  record({
    body: bytes(CHECKPOINT_BYTES_MAX),
    author: id<PublicKey>(),
    signature: bytes(SIGNATURE_BYTES, SIGNATURE_BYTES),
  }),
  CHECKPOINT_BYTES_MAX,
)

/** Throws WireError. */
export function encodeCheckpoint(checkpoint: Checkpoint): Bytes {
  return bodyMessage.encode(checkpoint)
}

/** Throws WireError. */
export function decodeCheckpoint(body: Bytes): Checkpoint {
  return bodyMessage.decode(body)
}

/** Names the checkpoint, whoever signs it. */
export function checkpointHash(checkpoint: Checkpoint): Bytes {
  return taggedHash('calbox/checkpoint/1', encodeCheckpoint(checkpoint))
}

export function signCheckpoint(checkpoint: Checkpoint, signingKey: SigningKey): SignedCheckpoint {
  return { checkpoint, author: signingKey.publicKey, signature: signingKey.sign(checkpointHash(checkpoint)) }
}

export function verifyCheckpoint({ checkpoint, author, signature }: SignedCheckpoint): boolean {
  return verify(author, checkpointHash(checkpoint), signature)
}

/** Throws WireError. */
export function encodeSignedCheckpoint({ checkpoint, author, signature }: SignedCheckpoint): Bytes {
  return signedMessage.encode({ body: encodeCheckpoint(checkpoint), author, signature })
}

/** Throws WireError. The signature is not checked. */
export function decodeSignedCheckpoint(data: Bytes): SignedCheckpoint {
  const { body, author, signature } = signedMessage.decode(data)
  return { checkpoint: decodeCheckpoint(body), author, signature }
}
