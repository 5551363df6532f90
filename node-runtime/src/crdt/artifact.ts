// The artifact of a call on host CRDTs: a set of fragments, each merged into the state on its own.
import type { Bytes } from '../base/bytes.ts'
import type { PublicKey } from '../base/ids.ts'
import type { CrdtState } from './crdt-state.ts'
import { CrdtError } from './errors.ts'

export interface ArtifactMeta {
  /** Whose writes these are: the replica of every fragment, so that nobody writes in another's name. */
  readonly author: PublicKey
  /** Of the delta that carries the artifact: bounds the stamps inside. */
  readonly hlc: bigint
}

/** Commutative, associative, idempotent. Throws CrdtError before it changes anything when the bytes are not valid. */
export function mergeArtifact(_state: CrdtState, _artifact: Bytes, _meta: ArtifactMeta): void {
  throw new CrdtError('CRDT_UNSUPPORTED', 'host CRDTs are not implemented')
}
